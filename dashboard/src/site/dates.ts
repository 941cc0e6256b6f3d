/** Days and moments of a report as one reads them, in the site's time zone and the reader's locale. */

import { locales } from '../format.ts';
import type { UnitName } from './state.svelte.ts';

const days = new Intl.DateTimeFormat(locales, { dateStyle: 'medium', timeZone: 'UTC' });

/** From a day to a day: "3 – 9 May 2026". */
export const span = (start: string, end: string): string => days.formatRange(new Date(`${start}T00:00:00Z`), new Date(`${end}T00:00:00Z`));

export const day = (text: string): string => days.format(new Date(`${text}T00:00:00Z`));

type Options = Intl.DateTimeFormatOptions;

const SHORT: Record<UnitName, Options> = {
  minute: { hour: '2-digit', minute: '2-digit' },
  hour: { hour: '2-digit', minute: '2-digit' },
  day: { day: 'numeric', month: 'short' },
  week: { day: 'numeric', month: 'short' },
  month: { month: 'short', year: 'numeric' },
  quarter: { month: 'short', year: 'numeric' },
  year: { year: 'numeric' },
};

const LONG: Record<UnitName, Options> = {
  minute: { dateStyle: 'medium', timeStyle: 'short' },
  hour: { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  day: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  week: { day: 'numeric', month: 'short', year: 'numeric' },
  month: { month: 'long', year: 'numeric' },
  quarter: { month: 'long', year: 'numeric' },
  year: { year: 'numeric' },
};

const known = new Map<string, Intl.DateTimeFormat>();

function format(options: Options, zone: string): Intl.DateTimeFormat {
  const key = `${zone} ${JSON.stringify(options)}`;
  const found = known.get(key) ?? new Intl.DateTimeFormat(locales, { ...options, timeZone: zone });
  known.set(key, found);
  return found;
}

/** The beginning of an interval, short for an axis or in full. */
export const tick = (ms: number, unit: UnitName, zone: string): string => format(SHORT[unit], zone).format(ms);
export const interval = (ms: number, unit: UnitName, zone: string): string => format(LONG[unit], zone).format(ms);

/** A moment of a visit or event, to the second. */
export const moment = (ms: number, zone: string): string => format({ dateStyle: 'medium', timeStyle: 'medium' }, zone).format(ms);
export const time = (ms: number, zone: string): string => format({ timeStyle: 'medium' }, zone).format(ms);

/** A period from a moment to a moment, the end not included: as days where it is whole ones. */
export function moments(fromMs: number, toMs: number, zone: string): string {
  return format({ dateStyle: 'medium' }, zone).formatRange(fromMs, toMs - 1);
}
