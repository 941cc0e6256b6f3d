/** What reports say of Web Vitals, and what follows from it. */

export const METRICS = ['LCP', 'INP', 'CLS', 'FCP', 'TTFB'] as const;
export type MetricName = (typeof METRICS)[number];
export const PERCENTILES = ['p50', 'p75', 'p95'] as const;
export type Percentile = (typeof PERCENTILES)[number];
export type Rating = 'good' | 'needs-improvement' | 'poor';

export interface Measured {
  metric: string;
  count: number;
  p50: number | null;
  p75: number | null;
  p95: number | null;
  good: number;
  needs_improvement: number;
  poor: number;
  good_up_to: number;
  poor_beyond: number;
  [by: string]: string | number | null;
}

export function rated(row: Measured, percentile: Percentile): Rating | null {
  const value = row[percentile];
  if (value === null) return null;
  return value <= row.good_up_to ? 'good' : value <= row.poor_beyond ? 'needs-improvement' : 'poor';
}

/** How many had it how much worse than good: what is worth mending first. */
export const impact = (row: Measured, percentile: Percentile): number =>
  Math.round(row.count * Math.max(0, ((row[percentile] ?? 0) - row.good_up_to) / row.good_up_to) * 10) / 10;
