/** Sizes and shares as people read them. */

const locales = navigator.languages.length ? [...navigator.languages] : undefined;
const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
const written = UNITS.map(
  (unit, power) =>
    new Intl.NumberFormat(locales, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: power ? 1 : 0 }),
);
const percents = new Intl.NumberFormat(locales, { style: 'percent', maximumFractionDigits: 1 });

/** 1,500,000 as 1.5 MB. */
export function bytes(value: number): string {
  const power = Math.min(UNITS.length - 1, value < 1000 ? 0 : Math.floor(Math.log10(value) / 3));
  return written[power]?.format(value / 1000 ** power) ?? String(value);
}

export const percent = (part: number): string => percents.format(part);
