/** Numbers, dates and times as the reader's own locale writes them. */

export const locales = navigator.languages.length ? [...navigator.languages] : undefined;

const numbers = new Intl.NumberFormat(locales);
const dates = new Intl.DateTimeFormat(locales, { dateStyle: 'medium' });
const moments = new Intl.DateTimeFormat(locales, { dateStyle: 'medium', timeStyle: 'short' });
const seconds = new Intl.DateTimeFormat(locales, { dateStyle: 'medium', timeStyle: 'medium' });
const distances = new Intl.RelativeTimeFormat(locales, { numeric: 'auto' });
const plurals = new Intl.PluralRules('en');
const lists = new Intl.ListFormat('en', { type: 'conjunction' });

export const number = (value: number): string => numbers.format(value);
export const date = (value: string): string => dates.format(new Date(value));
export const moment = (value: string): string => moments.format(new Date(value));
export const exactly = (value: string): string => seconds.format(new Date(value));
export const list = (values: readonly string[]): string => lists.format(values);

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** "3 hours ago", "tomorrow"; within a minute: the words for now. */
export function ago(value: string, now: number = Date.now()): string {
  const away = (new Date(value).getTime() - now) / 1000;
  for (const [unit, length] of STEPS)
    if (Math.abs(away) >= length) return distances.format(Math.round(away / length), unit);
  return distances.format(0, 'second');
}

/** The text for one or for many; the messages are English, so English decides which. */
export const plural = (count: number, one: string, other: string): string =>
  `${number(count)} ${plurals.select(count) === 'one' ? one : other}`;
