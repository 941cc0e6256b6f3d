/** Days in a site's time zone: which days a range covers, what it is called, and the range beside it. */

/** What the server knows by name, and the key that chooses it. */
export const PRESETS = [
  { name: 'today', key: 'd' },
  { name: 'yesterday', key: 'e' },
  { name: '7d', key: 'w' },
  { name: '28d', key: 'f' },
  { name: '30d', key: 't' },
  { name: 'this_month', key: 'm' },
  { name: 'this_year', key: 'y' },
  { name: 'all', key: 'a' },
] as const;
export type PresetName = (typeof PRESETS)[number]['name'];
export const DEFAULT_RANGE: PresetName = '28d';

/** A range by its name, or from a day to a day, both included. */
export type Range = { name: string } | { start: string; end: string };

const DAY_MS = 86_400_000;
const IS_DAY = /^\d{4}-\d{2}-\d{2}$/;

export const isDay = (text: string | null): text is string => text !== null && IS_DAY.test(text) && !Number.isNaN(at(text).getTime());

/** Days are counted as if all of the world were in UTC; only `today` asks the zone. */
const at = (day: string): Date => new Date(`${day}T00:00:00Z`);
const written = (date: Date): string => date.toISOString().slice(0, 10);

export const plus = (day: string, days: number): string => written(new Date(at(day).getTime() + days * DAY_MS));

export function today(zone: string, now: number = Date.now()): string {
  // The Swedish way of writing a date is the one of ISO 8601.
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' }).format(now);
}

export const length = (start: string, end: string): number => Math.round((at(end).getTime() - at(start).getTime()) / DAY_MS) + 1;

const monthBegins = (day: string, months = 0): string => {
  const date = at(day);
  return written(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)));
};

/** The first and the last day of a range; null for all time and for spans that end now, which have no days. */
export function days(range: Range, zone: string, now: number = Date.now()): { start: string; end: string } | null {
  if (!('name' in range)) return range;
  const day = today(zone, now);
  switch (range.name) {
    case 'today':
      return { start: day, end: day };
    case 'yesterday':
      return { start: plus(day, -1), end: plus(day, -1) };
    case 'this_month':
      return { start: monthBegins(day), end: plus(monthBegins(day, 1), -1) };
    case 'last_month':
      return { start: monthBegins(day, -1), end: plus(monthBegins(day), -1) };
    case 'this_year':
      return { start: `${day.slice(0, 4)}-01-01`, end: `${day.slice(0, 4)}-12-31` };
  }
  const span = /^([1-9]\d{0,3})([dw])$/.exec(range.name);
  if (!span) return null;
  return { start: plus(day, 1 - Number(span[1]) * (span[2] === 'w' ? 7 : 1)), end: day };
}

/**
 * The same stretch before (-1) or after (+1): a month beside a month, a year beside a year, else as many days. Null where
 * there is none, since nothing was measured in the future.
 */
export function beside(range: Range, direction: -1 | 1, zone: string, now: number = Date.now()): Range | null {
  const found = days(range, zone, now);
  if (!found) return null;
  const day = today(zone, now);
  const { start, end } = found;
  const months = wholeMonths(start, end);
  const count = length(start, end);
  const moved = months
    ? { start: monthBegins(start, direction * months), end: plus(monthBegins(start, direction * months + months), -1) }
    : { start: plus(start, direction * count), end: plus(end, direction * count) };
  if (moved.start > day) return null;
  return named(moved, zone, now);
}

/** How many whole calendar months these days are; 0 if they are not. */
function wholeMonths(start: string, end: string): number {
  if (!start.endsWith('-01') || !plus(end, 1).endsWith('-01')) return 0;
  const [from, to] = [at(start), at(plus(end, 1))];
  return (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
}

/** By its name where these days have one today, so that an address stays true tomorrow. */
function named(range: { start: string; end: string }, zone: string, now: number): Range {
  const preset = PRESETS.find(({ name }) => {
    const known = days({ name }, zone, now);
    return known?.start === range.start && known.end === range.end;
  });
  return preset ? { name: preset.name } : range;
}

/** When a day begins in the zone, in milliseconds: found by what its clock says around that moment. */
export function instant(day: string, zone: string): number {
  const wanted = at(day).getTime();
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const shown = (ms: number): number => Date.parse(`${clock.format(ms).replace(' ', 'T')}Z`);
  const first = wanted - (shown(wanted) - wanted);
  return first - (shown(first) - wanted); // once more, where the clock is changed in between
}
