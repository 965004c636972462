// What a dispatcher wants to see first: today's day, or else the next one, or else the last one.

const DATE = /\d{4}-\d{2}-\d{2}/;

/** The date of a moment, as the clock of this browser has it: 2026-11-26. */
function dateOf(now) {
  const two = (value) => String(value).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** The first of those that are not over, or else the last of all. `key` says when one begins, `isOver` whether it has ended. */
function soonest(days, key, isOver) {
  const sorted = days.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  return sorted.find((day) => !isOver(day)) ?? sorted.at(-1) ?? null;
}

/** The id to show first among ids that have dates in them; null if some have none. */
export function byDate(ids, now = new Date()) {
  const dated = ids.map((id) => ({ id, date: DATE.exec(id)?.[0] }));
  if (dated.some(({ date }) => date === undefined)) return null;
  const today = dateOf(now);
  return soonest(dated, ({ date }) => date, ({ date }) => date < today)?.id ?? null;
}

/** The id to show first of summaries of days, by when couriers work; null if none says it. */
export function byWork(summaries, now = Date.now()) {
  const known = summaries.filter(({ workWindow }) => workWindow !== undefined);
  const start = ({ workWindow }) => Date.parse(workWindow.startTime);
  return soonest(known, start, ({ workWindow }) => Date.parse(workWindow.endTime) < now)?.dayId ?? null;
}
