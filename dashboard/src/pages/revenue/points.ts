/** Revenue over time with the intervals in which nobody bought: the report leaves them out. */

import type { Revenue, Unit } from '../../api/schema.ts';

const MOST = 2000;

/** The beginning of each interval of the period, in the zone's own days, and the revenue in it. */
export function points({ period, rows }: Revenue, unit: Unit, currency: string): { times: number[]; values: number[] } {
  const known = new Map(
    rows.flatMap((row): [string, number][] => (row.currency === currency && row.begins ? [[clock(row.begins), row.revenue]] : [])),
  );
  const first = [...known.keys()].sort()[0];
  if (!first) return { times: [], values: [] };
  const texts = steps(first, Math.min(period.to_ms, Date.now()), unit, period.zone);
  return { times: texts.map((text) => instant(text, period.zone)), values: texts.map((text) => known.get(text) ?? 0) };
}

/** The reading of a clock, to the minute: `2026-11-02T00:00`, however much of it a report writes. */
const clock = (text: string): string => `${text.slice(0, 10)}T${text.slice(11, 16) || '00:00'}`;

/** From the first interval with revenue to the end of the period. */
function steps(first: string, until: number, unit: Unit, zone: string): string[] {
  const found: string[] = [];
  for (let at = new Date(`${first}Z`); found.length < MOST; at = next(at, unit)) {
    const text = at.toISOString().slice(0, 16);
    if (instant(text, zone) >= until) break;
    found.push(text);
  }
  return found;
}

function next(at: Date, unit: Unit): Date {
  const found = new Date(at);
  if (unit === 'minute') found.setUTCMinutes(found.getUTCMinutes() + 1);
  else if (unit === 'hour') found.setUTCHours(found.getUTCHours() + 1);
  else if (unit === 'day') found.setUTCDate(found.getUTCDate() + 1);
  else if (unit === 'week') found.setUTCDate(found.getUTCDate() + 7);
  else if (unit === 'month') found.setUTCMonth(found.getUTCMonth() + 1);
  else if (unit === 'quarter') found.setUTCMonth(found.getUTCMonth() + 3);
  else found.setUTCFullYear(found.getUTCFullYear() + 1);
  return found;
}

/** The moment of a clock's reading in a zone: tried as UTC, then moved by what the zone's clock is off there. */
function instant(text: string, zone: string): number {
  const wanted = Date.parse(`${text}Z`);
  const off = (ms: number): number => {
    const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(ms);
    return Date.parse(`${parts.replace(' ', 'T')}Z`) - ms;
  };
  return wanted - off(wanted - off(wanted));
}
