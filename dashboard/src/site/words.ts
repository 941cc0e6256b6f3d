/** Values, changes and filters of reports as one reads them. */

import type { Metric } from '../api/schema.ts';
import { locales, number } from '../format.ts';
import { t } from '../messages/site.ts';
import type { Filter } from './filters.ts';

const percents = new Intl.NumberFormat(locales, { style: 'percent', maximumFractionDigits: 1 });
const wholePercents = new Intl.NumberFormat(locales, { style: 'percent', maximumFractionDigits: 0 });
const decimals = new Intl.NumberFormat(locales, { maximumFractionDigits: 2 });
const compacts = new Intl.NumberFormat(locales, { notation: 'compact', maximumFractionDigits: 1 });
const countries = new Intl.DisplayNames(locales ?? ['en'], { type: 'region', fallback: 'code' });
const languages = new Intl.DisplayNames(locales ?? ['en'], { type: 'language', fallback: 'code' });

const NOTHING = '–';

/** `1m 04s` and the like: short, and the same width in a column. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (hours) return `${hours}h ${String(minutes).padStart(2, '0')}m`;
  if (minutes) return `${minutes}m ${String(rest).padStart(2, '0')}s`;
  return `${whole}s`;
}

/** A number that has to fit: 12.3K. */
export const compact = (value: number): string => (Math.abs(value) < 10_000 ? number(value) : compacts.format(value));

export const percent = (part: number): string => percents.format(part);

/** A metric's value; where there were no visits there is none. */
export function value(metric: Metric, amount: number | null | undefined, { short = false } = {}): string {
  if (amount === null || amount === undefined) return NOTHING;
  switch (metric) {
    case 'bounce_rate':
      return percents.format(amount);
    case 'duration_s':
    case 'engagement_s':
      return duration(amount);
    case 'total_duration_ms':
    case 'engagement_ms':
      return duration(amount / 1000);
    case 'views_per_visit':
      return decimals.format(amount);
    default:
      return short ? compact(amount) : number(amount);
  }
}

/** By how much it grew, without its sign: an arrow or word says that. */
export const growth = (change: number): string => (Math.abs(change) < 0.1 ? percents : wholePercents).format(Math.abs(change));

/** A bounce fewer is good; of everything else, more. */
export const isGood = (metric: Metric, change: number): boolean =>
  metric === 'bounce_rate' || metric === 'bounces' ? change < 0 : change > 0;

/** A dimension's value as one reads it: a country by its name, what is absent in brackets. */
export function named(field: string, text: string): string {
  if (!text) return field === 'referrer' ? t.direct : t.filters.nothing;
  try {
    if (field === 'country') return countries.of(text) ?? text;
    if (field === 'language') return languages.of(text) ?? text;
  } catch {
    return text; // Not a code: shown as it came.
  }
  return text;
}

export const fieldName = (field: string): string =>
  field.startsWith('property:') ? field.slice('property:'.length) : (t.fields[field as keyof typeof t.fields] ?? field);

/** A filter in words, as its chip says it. */
export function said({ field, operator, values }: Filter): string {
  const texts = values.map((text) => named(field, text));
  return [fieldName(field), t.filters.operators[operator], texts.join(` ${t.filters.or} `)].filter(Boolean).join(' ');
}
