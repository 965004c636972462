// The map: graticule, routes and stops, drawn on a canvas. Tiles are asked for only if the page names where.

import { color, onTheme, routeColor, routeDash } from "./charts.js";
import { number } from "./text.js";

const TILE = 256;
const ZOOM_MAX = 19;
/** Steps of the graticule in degrees. */
const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
/** Least distance between two lines of the graticule. */
const GRATICULE_PX = 90;
/** Width of a numbered stop; where they would cover each other, stops are dots. */
const STOP_PX = 9;
const DOT_PX = 4;

// Web Mercator: the world is a square from 0 to 1.
const toX = (lon) => lon / 360 + 0.5;
const toY = (lat) => {
  const bounded = Math.max(-85, Math.min(85, lat));
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360)) / (2 * Math.PI);
};
const toLat = (y) => (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90;
const toLon = (x) => (x - 0.5) * 360;
const project = (place) => ({ x: toX(place.lon), y: toY(place.lat) });

export class RouteMap {
  /** Draws on `canvas`; `pick` is called with the id of an order, or null, that was clicked. */
  constructor(canvas, { tiles = "", pick }) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.tiles = tiles;
    this.images = new Map();
    this.pick = pick;
    this.center = { x: 0.5, y: 0.5 };
    this.zoom = 2;
    this.stops = [];
    this.routes = [];
    this.depots = [];
    this.unserved = [];
    this.couriers = [];
    this.selected = { route: null, order: null };
    this.pointers = new Map();
    this.listen();
    new ResizeObserver(() => this.resize()).observe(canvas);
    onTheme(() => this.draw());
  }

  /** Whether anything of the day has a place. */
  get isEmpty() {
    return this.stops.length + this.unserved.length + this.depots.length === 0;
  }

  show(day) {
    this.take(day);
    this.fit();
  }

  /** Shows the same day with news, from where it is looked at. */
  update(day) {
    this.take(day);
    this.draw();
  }

  take(day) {
    this.routes = day.routes.map((route) => ({ route, points: linePoints(route) }));
    this.stops = day.routes.flatMap((route) => route.stops.filter((stop) => stop.order.place).map((stop) => ({ stop, ...project(stop.order.place) })));
    this.depots = day.depots.filter((depot) => depot.place).map((depot) => ({ depot, ...project(depot.place) }));
    this.unserved = day.unserved.filter((order) => order.place).map((order) => ({ order, ...project(order.place) }));
    this.couriers = day.routes.filter(({ live }) => live?.at && !["FINISHED", "AT_START"].includes(live.where)).map((route) => ({ route, isSeen: route.live.at.isSeen, ...project(route.live.at.place) }));
  }

  /** Marks a route, and an order on it or by itself. */
  select(route, order) {
    this.selected = { route, order };
    this.draw();
  }

  /** Brings an order into view if it is not. */
  reveal(order) {
    const at = order.place && project(order.place);
    if (!at) return;
    const { px, py } = this.onScreen(at);
    const isIn = px > 30 && py > 30 && px < this.width - 30 && py < this.height - 30;
    if (!isIn) this.center = at;
    this.draw();
  }

  /** Shows everything, or the stops of one route. */
  fit(route = null) {
    const own = route ? (this.routes.find((line) => line.route === route)?.points ?? []) : [];
    const all = own.length ? own : [...this.stops, ...this.depots, ...this.unserved];
    if (all.length === 0) return this.draw();
    const xs = all.map(({ x }) => x);
    const ys = all.map(({ y }) => y);
    const least = (values) => values.reduce((a, b) => Math.min(a, b));
    const most = (values) => values.reduce((a, b) => Math.max(a, b));
    const [left, right, top, bottom] = [least(xs), most(xs), least(ys), most(ys)];
    this.center = { x: (left + right) / 2, y: (top + bottom) / 2 };
    const room = (px, edge) => Math.max(px - edge, 60);
    const scale = Math.min(room(this.width, 110) / Math.max(right - left, 1e-7), room(this.height, 110) / Math.max(bottom - top, 1e-7));
    this.zoom = Math.max(1, Math.min(16, Math.log2(scale / TILE)));
    // The legend lies over the upper edge.
    this.center.y -= 12 / this.scale;
    this.draw();
  }

  get width() { return this.canvas.clientWidth; }
  get height() { return this.canvas.clientHeight; }
  get scale() { return TILE * 2 ** this.zoom; }

  onScreen({ x, y }) {
    return { px: (x - this.center.x) * this.scale + this.width / 2, py: (y - this.center.y) * this.scale + this.height / 2 };
  }

  zoomBy(steps, px = this.width / 2, py = this.height / 2) {
    const before = { x: this.center.x + (px - this.width / 2) / this.scale, y: this.center.y + (py - this.height / 2) / this.scale };
    this.zoom = Math.max(1, Math.min(ZOOM_MAX, this.zoom + steps));
    this.center = { x: before.x - (px - this.width / 2) / this.scale, y: before.y - (py - this.height / 2) / this.scale };
    this.draw();
  }

  panBy(dx, dy) {
    this.center = { x: this.center.x - dx / this.scale, y: Math.max(0, Math.min(1, this.center.y - dy / this.scale)) };
    this.draw();
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    const isFirst = this.canvas.width === 0 || !this.hasSize;
    this.hasSize = this.width > 0;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    if (isFirst) this.fit();
    else this.paint();
  }

  /** Draws before the browser shows its next picture. */
  draw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.paint();
    });
  }

  paint() {
    const { context } = this;
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = color("map");
    context.fillRect(0, 0, this.width, this.height);
    if (this.tiles) this.paintTiles();
    this.paintGraticule();
    const isMarked = ({ route }) => route === this.selected.route;
    for (const line of this.routes) if (!isMarked(line)) this.paintRoute(line, false);
    for (const line of this.routes) if (isMarked(line)) this.paintRoute(line, true);
    for (const placed of this.unserved) if (placed.order !== this.selected.order) this.paintUnserved(placed);
    this.paintStops();
    for (const placed of this.unserved) if (placed.order === this.selected.order) this.paintUnserved(placed);
    this.paintDepots();
    for (const placed of this.couriers) this.paintCourier(placed);
  }

  /** A courier under way: a ring in the color of the route, filled where the courier was seen. */
  paintCourier(placed) {
    const { context } = this;
    const { px, py } = this.onScreen(placed);
    context.save();
    context.globalAlpha = this.isFaded(placed.route) ? 0.3 : 1;
    context.beginPath();
    context.arc(px, py, 13, 0, 2 * Math.PI);
    context.strokeStyle = color("map");
    context.lineWidth = 7;
    context.stroke();
    context.strokeStyle = routeColor(placed.route.index);
    context.lineWidth = 4;
    if (!placed.isSeen) context.setLineDash([4, 4]);
    context.stroke();
    context.restore();
  }

  paintTiles() {
    const level = Math.max(0, Math.min(ZOOM_MAX, Math.round(this.zoom)));
    const n = 2 ** level;
    const size = this.scale / n;
    const first = (center, px) => Math.floor((center - px / 2 / this.scale) * n);
    const last = (center, px) => Math.floor((center + px / 2 / this.scale) * n);
    for (let x = first(this.center.x, this.width); x <= last(this.center.x, this.width); x += 1) {
      for (let y = Math.max(0, first(this.center.y, this.height)); y <= Math.min(n - 1, last(this.center.y, this.height)); y += 1) {
        const image = this.tile(level, ((x % n) + n) % n, y);
        if (!image.complete || image.naturalWidth === 0) continue;
        const { px, py } = this.onScreen({ x: x / n, y: y / n });
        this.context.drawImage(image, px, py, size + 0.5, size + 0.5);
      }
    }
  }

  tile(z, x, y) {
    const address = this.tiles.replace("{z}", z).replace("{x}", x).replace("{y}", y).replace("{s}", "abc"[(x + y) % 3]);
    let image = this.images.get(address);
    if (!image) {
      if (this.images.size > 400) this.images.clear();
      image = new Image();
      image.referrerPolicy = "no-referrer";
      image.addEventListener("load", () => this.draw());
      image.src = address;
      this.images.set(address, image);
    }
    return image;
  }

  paintGraticule() {
    const { context } = this;
    const degrees = 360 / this.scale;
    const step = STEPS.findLast((candidate) => candidate / degrees >= GRATICULE_PX) ?? STEPS[0];
    const digits = Math.max(0, Math.ceil(-Math.log10(step)));
    context.lineWidth = 1;
    context.strokeStyle = color("graticule");
    context.fillStyle = color("map-text");
    context.font = "11px system-ui, sans-serif";
    const west = toLon(this.center.x - this.width / 2 / this.scale);
    const east = toLon(this.center.x + this.width / 2 / this.scale);
    const north = toLat(this.center.y - this.height / 2 / this.scale);
    const south = toLat(this.center.y + this.height / 2 / this.scale);
    context.beginPath();
    context.textAlign = "center";
    for (let lon = Math.ceil(west / step) * step; lon <= east; lon += step) {
      const px = Math.round(this.onScreen({ x: toX(lon), y: 0 }).px) + 0.5;
      context.moveTo(px, 0);
      context.lineTo(px, this.height);
      if (px > 60 && px < this.width - 60) context.fillText(`${number(lon, digits)}°`, px, this.height - 6);
    }
    context.textAlign = "left";
    for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) {
      const py = Math.round(this.onScreen({ x: 0, y: toY(lat) }).py) + 0.5;
      context.moveTo(0, py);
      context.lineTo(this.width, py);
      if (py > 20 && py < this.height - 30) context.fillText(`${number(lat, digits)}°`, 6, py - 4);
    }
    context.stroke();
  }

  isFaded(route) {
    return this.selected.route !== null && this.selected.route !== route;
  }

  paintRoute({ route, points }, isMarked) {
    if (points.length < 2) return;
    const { context } = this;
    context.save();
    context.globalAlpha = this.isFaded(route) ? 0.22 : 1;
    context.lineJoin = "round";
    context.beginPath();
    points.forEach((point, at) => {
      const { px, py } = this.onScreen(point);
      if (at === 0) context.moveTo(px, py);
      else context.lineTo(px, py);
    });
    if (isMarked) {
      context.strokeStyle = color("map");
      context.lineWidth = 7;
      context.stroke();
    }
    context.strokeStyle = routeColor(route.index);
    context.setLineDash(routeDash(route.index));
    context.lineWidth = isMarked ? 3.5 : 2;
    context.stroke();
    context.restore();
  }

  /** Whether numbers have room: about as many stops as are in view, side by side, cover a tenth of it. */
  hasRoomForNumbers() {
    const isIn = ({ px, py }) => px >= 0 && py >= 0 && px <= this.width && py <= this.height;
    const n = this.stops.filter((stop) => isIn(this.onScreen(stop))).length;
    return n * (2 * STOP_PX) ** 2 < 0.1 * this.width * this.height;
  }

  paintStops() {
    const isNumbered = this.hasRoomForNumbers();
    const rank = ({ stop }) => (stop.order === this.selected.order ? 2 : stop.route === this.selected.route ? 1 : 0);
    // The riskiest on top, and what is marked above all.
    const sorted = this.stops.toSorted((a, b) => rank(a) - rank(b) || (b.stop.chance ?? 100) - (a.stop.chance ?? 100));
    for (const placed of sorted) {
      const { px, py } = this.onScreen(placed);
      if (px < -20 || py < -20 || px > this.width + 20 || py > this.height + 20) continue;
      this.paintStop(placed.stop, px, py, isNumbered || rank(placed) > 0);
    }
  }

  paintStop(stop, px, py, isNumbered) {
    const { context } = this;
    const isChosen = stop.order === this.selected.order;
    const size = isChosen ? STOP_PX + 3 : isNumbered ? STOP_PX : DOT_PX;
    context.save();
    context.globalAlpha = this.isFaded(stop.route) && !isChosen ? 0.3 : 1;
    const { isHeld } = stop.order;
    // What is only held is hollow.
    context.fillStyle = color(isHeld ? "map" : `${stop.risk}-fill`);
    context.strokeStyle = color(isChosen ? "focus" : isHeld ? `${stop.risk}-line` : "map");
    context.lineWidth = isChosen ? 3 : isHeld ? 2.5 : 1.5;
    if (isHeld) context.setLineDash([3, 2]);
    shape(context, stop.risk, px, py, size);
    context.fill();
    context.stroke();
    if (isNumbered) {
      context.fillStyle = color(isHeld ? "ink" : `${stop.risk}-ink`);
      context.font = `600 ${isChosen ? 13 : 10}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(stop.risk === "done" ? "✓" : String(stop.number), px, py + 0.5);
    }
    context.restore();
  }

  paintUnserved(placed) {
    const { context } = this;
    const { px, py } = this.onScreen(placed);
    const isChosen = placed.order === this.selected.order;
    const size = isChosen ? 9 : 6;
    context.lineWidth = isChosen ? 4 : 2.5;
    context.strokeStyle = isChosen ? color("focus") : color("ink");
    context.beginPath();
    context.moveTo(px - size, py - size);
    context.lineTo(px + size, py + size);
    context.moveTo(px + size, py - size);
    context.lineTo(px - size, py + size);
    context.stroke();
  }

  paintDepots() {
    const { context } = this;
    for (const placed of this.depots) {
      const { px, py } = this.onScreen(placed);
      context.fillStyle = color("ink");
      context.strokeStyle = color("map");
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(px - 9, py + 8);
      context.lineTo(px - 9, py - 2);
      context.lineTo(px, py - 10);
      context.lineTo(px + 9, py - 2);
      context.lineTo(px + 9, py + 8);
      context.closePath();
      context.fill();
      context.stroke();
    }
  }

  /** The order nearest to a point of the screen, if one is near. */
  orderAt(px, py) {
    const near = (placed) => {
      const at = this.onScreen(placed);
      return Math.hypot(at.px - px, at.py - py);
    };
    const candidates = [
      ...this.stops.map((placed) => ({ order: placed.stop.order, far: near(placed) - (placed.stop.route === this.selected.route ? 3 : 0) })),
      ...this.unserved.map((placed) => ({ order: placed.order, far: near(placed) })),
    ];
    const best = candidates.reduce((a, b) => (b.far < a.far ? b : a), { order: null, far: Infinity });
    return best.far <= 16 ? best.order : null;
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 24 : 1;
      this.zoomBy(-event.deltaY * lines * 0.004, event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      this.moved = this.pointers.size > 1 ? Infinity : 0;
    });
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    const end = (event) => {
      if (!this.pointers.delete(event.pointerId)) return;
      if (event.type === "pointerup" && this.moved < 5) this.pick(this.orderAt(event.offsetX, event.offsetY)?.id ?? null);
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  drag(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) {
      this.canvas.classList.toggle("over", this.orderAt(event.offsetX, event.offsetY) !== null);
      return;
    }
    const now = { x: event.offsetX, y: event.offsetY };
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const apart = (point) => Math.max(Math.hypot(point.x - other.x, point.y - other.y), 1);
      this.zoomBy(Math.log2(apart(now) / apart(last)), other.x, other.y);
    } else {
      this.moved += Math.hypot(now.x - last.x, now.y - last.y);
      this.panBy(now.x - last.x, now.y - last.y);
    }
    this.pointers.set(event.pointerId, now);
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = 60;
    const actions = {
      ArrowLeft: () => this.panBy(step, 0),
      ArrowRight: () => this.panBy(-step, 0),
      ArrowUp: () => this.panBy(0, step),
      ArrowDown: () => this.panBy(0, -step),
      "+": () => this.zoomBy(0.5),
      "=": () => this.zoomBy(0.5),
      "-": () => this.zoomBy(-0.5),
      0: () => this.fit(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}

/** From the start over stops and reloads to the end, as far as places are known. */
function linePoints(route) {
  const places = [route.from?.place];
  route.stops.forEach((stop, at) => {
    for (const reload of route.reloads) if (reload.after === at) places.push(reload.depot.place);
    places.push(stop.order.place);
  });
  places.push(route.to?.place);
  return places.filter(Boolean).map(project);
}

/** Round if it is safe, a diamond at risk, a square if it is bad: not by color alone. */
function shape(context, risk, px, py, size) {
  context.beginPath();
  if (risk === "bad") context.rect(px - size * 0.9, py - size * 0.9, size * 1.8, size * 1.8);
  else if (risk === "risk") {
    context.moveTo(px, py - size * 1.25);
    context.lineTo(px + size * 1.25, py);
    context.lineTo(px, py + size * 1.25);
    context.lineTo(px - size * 1.25, py);
    context.closePath();
  } else context.arc(px, py, size, 0, 2 * Math.PI);
}
