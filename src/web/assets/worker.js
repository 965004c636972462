// Keeps couriers' routes on their phones: the network first, what was kept if there is none.

const CACHE = "punctual-routes";
const GIVEN = "x-punctual-kept";
/** How long the network may take before what was kept is shown. */
const PATIENCE_MS = 4_000;
/** Routes kept; older ones are forgotten. */
const ROUTES_MAX = 20;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** A copy that says when it was made. */
async function stamped(answer) {
  const headers = new Headers(answer.headers);
  headers.set(GIVEN, String(Math.floor(Date.now() / 1000)));
  return new Response(await answer.blob(), { status: answer.status, headers });
}

async function keep(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  const cache = await caches.open(CACHE);
  await cache.put(path, await stamped(answer));
}

async function forgetOld() {
  const cache = await caches.open(CACHE);
  const routes = (await cache.keys()).filter(({ url }) => url.endsWith("/route"));
  for (const request of routes.slice(0, Math.max(0, routes.length - ROUTES_MAX))) {
    await cache.delete(request);
    await cache.delete(request.url.replace(/\/route$/, ""));
  }
}

self.addEventListener("message", (event) => {
  const work = Promise.all(event.data.keep.map(keep)).then(forgetOld);
  const tell = work.then(() => "kept", () => "not kept").then((word) => event.ports[0].postMessage(word));
  event.waitUntil(tell);
});

async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (!kept) return fetch(request);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE_MS);
  try {
    const fresh = await fetch(request.url, { cache: "no-store", signal: limit.signal });
    // A server that is not well is no better than none; one that knows no such route is believed.
    if (fresh.status >= 500) return kept;
    if (fresh.ok) await cache.put(request.url, await stamped(fresh.clone()));
    return fresh;
  } catch {
    return kept;
  } finally {
    clearTimeout(timer);
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const isOwn = new URL(request.url).origin === self.location.origin;
  if (request.method === "GET" && isOwn) event.respondWith(answer(request));
});
