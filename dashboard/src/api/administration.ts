/** The calls of Settings, Privacy, Health and the first run. */

import { call } from './request.ts';
import type { NewRules, PrivacyChange, Reason, TrackingChange, Wanted } from './schema.ts';

const ONE = { limit: 100, cursor: null };

/** What the first page of a list holds: for what is short, or of which only the latest matter. */
const items = async <T>(page: Promise<{ items: T[] }>): Promise<T[]> => (await page).items;

export const administration = {
  site: (site: string) => call('GET /api/v1/sites/{site}', { path: { site } }),
  storage: (site: string) => items(call('GET /api/v1/sites/{site}/storage', { path: { site } })),
  protect: (site: string, body: PrivacyChange) => call('PUT /api/v1/sites/{site}/privacy', { path: { site }, body }),
  tracking: (site: string) => call('GET /api/v1/sites/{site}/tracking', { path: { site } }),
  track: (site: string, body: TrackingChange) => call('PUT /api/v1/sites/{site}/tracking', { path: { site }, body }),
  snippet: (site: string) => call('GET /api/v1/sites/{site}/snippet', { path: { site } }),
  reset: (site: string) => call('POST /api/v1/sites/{site}/reset', { path: { site } }),
  erasures: (site: string) => items(call('GET /api/v1/sites/{site}/erasures', { path: { site }, query: ONE })),
  erase: (site: string, body: Wanted) => call('POST /api/v1/sites/{site}/erasures', { path: { site }, body }),
  rules: (site: string | null) => items(call('GET /api/v1/privacy/rules', { query: { site } })),
  rulesVersion: (number: number) => call('GET /api/v1/privacy/rules/{number}', { path: { number: String(number) } }),
  rulesChanges: (number: number, since: number) =>
    items(call('GET /api/v1/privacy/rules/{number}/changes', { path: { number: String(number) }, query: { since } })),
  testRules: (text: string, site: string | null) => call('POST /api/v1/privacy/rules/test', { body: { text, site } }),
  audits: () => items(call('GET /api/v1/privacy/audits')),
  audit: (site: string | null, sample: number | null) => call('POST /api/v1/privacy/audits', { body: { site, sample } }),
  remasks: () => items(call('GET /api/v1/privacy/remasks')),
  remask: (site: string | null, dry_run: boolean) => call('POST /api/v1/privacy/remasks', { body: { site, dry_run } }),
  activate: (body: NewRules) => call('POST /api/v1/privacy/rules/activate', { body }),
  salts: () => items(call('GET /api/v1/privacy/salts')),
  jobs: () => items(call('GET /api/v1/jobs')),
  runJob: (name: string) => call('POST /api/v1/jobs/{name}/run', { path: { name } }),
  warehouse: () => call('GET /api/v1/warehouse'),
  rebuild: () => call('POST /api/v1/warehouse/rebuild'),
  quarantine: (site: string) => items(call('GET /api/v1/sites/{site}/quarantine/summary', { path: { site } })),
  release: (site: string, reason: Reason, detail: string) =>
    call('POST /api/v1/sites/{site}/quarantine/release', { path: { site }, body: { reason, detail } }),
  check: (site: string, url: string) =>
    call('POST /api/v1/sites/{site}/check', { path: { site }, body: { url, origin: window.location.origin } }),
  latest: (site: string) =>
    call('GET /api/v1/sites/{site}/reports/activity', { path: { site }, query: { range: '24h', limit: 1 } }),
  cloud: () => call('GET /api/v1/cloud'),
  demo: () => call('GET /api/v1/demo'),
  makeDemo: () => call('POST /api/v1/demo', { body: {} }),
};
