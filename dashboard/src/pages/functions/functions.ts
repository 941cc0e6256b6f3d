/** Rows of the reports on functions, as they are typed where they are used. */

export interface FunctionRow {
  service: string;
  function: string;
  invocations: number;
  errors: number;
  timeouts: number;
  throttles: number | null;
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
  cold_starts: number;
  init_ms: number | null;
  used_mb: number;
  memory_mb: number;
  visits: number;
  concurrency: number;
  cost: number;
}

export interface PageRow {
  hostname: string;
  path: string;
  service: string;
  function: string;
  invocations: number;
  visits: number;
  errors: number;
  p95_ms: number;
}

export const TABS = ['slowest', 'failed', 'cold', 'latest'] as const;
export type TabName = (typeof TABS)[number];

/** Which invocations a tab asks for. */
export const wanted = (tab: TabName): { order: 'latest' | 'slowest'; failed: boolean; cold: boolean } => ({
  order: tab === 'slowest' ? 'slowest' : 'latest',
  failed: tab === 'failed',
  cold: tab === 'cold',
});
