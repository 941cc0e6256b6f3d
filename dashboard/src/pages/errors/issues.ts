/** What the pages of errors ask and decide. */

import { api } from '../../api/api.ts';
import { call } from '../../api/request.ts';
import type { Decision } from '../../api/schema.ts';

export const VIEWS = ['open', 'regressed', 'mine', 'ignored', 'resolved', 'all'] as const;
export type ViewName = (typeof VIEWS)[number];
export const ORDERS = ['last', 'first', 'events'] as const;
export type OrderName = (typeof ORDERS)[number];

export interface Wanted {
  view: ViewName;
  order: OrderName;
  search: string;
  release: string;
  me: string;
}

type Query = Record<string, string | number | boolean>;

export function queryOf({ view, order, search, release, me }: Wanted): Query {
  const views: Record<ViewName, Query> = {
    open: { status: 'open' },
    regressed: { regressed: true, status: 'open' },
    mine: { assignee: me, status: 'open' },
    ignored: { status: 'ignored' },
    resolved: { status: 'resolved' },
    all: {},
  };
  return { ...views[view], order, limit: 50, ...(search ? { search } : {}), ...(release ? { release } : {}) };
}

export const issues = {
  list: (site: string, query: Query & { cursor?: string }) => call('GET /api/v1/sites/{site}/issues', { path: { site }, query: query as never }),
  show: (site: string, issue: string) => call('GET /api/v1/sites/{site}/issues/{issue}', { path: { site, issue } }),
  occurrences: (site: string, issue: string, cursor: string | null) =>
    call('GET /api/v1/sites/{site}/issues/{issue}/occurrences', { path: { site, issue }, query: { limit: 1, ...(cursor ? { cursor } : {}) } as never }),
  decide: (site: string, body: Decision) => call('POST /api/v1/sites/{site}/issues', { path: { site }, body }),
  merge: (site: string, some: string[], into: string) => call('POST /api/v1/sites/{site}/issues/merge', { path: { site }, body: { issues: some, into } }),
  split: (site: string, issue: string, fingerprint: string) =>
    call('POST /api/v1/sites/{site}/issues/{issue}/split', { path: { site, issue }, body: { fingerprints: [fingerprint] } }),
  releases: async (site: string) => (await call('GET /api/v1/sites/{site}/releases', { path: { site }, query: { limit: 50 } as never })).items,
  noise: async (site: string) => (await call('GET /api/v1/sites/{site}/noise', { path: { site } })).items,
  changeNoise: (site: string, off: string[], rules: { pattern: string; over: 'message' | 'file' }[]) =>
    call('PUT /api/v1/sites/{site}/noise', { path: { site }, body: { off, rules } }),
  /** Who can look after an issue. */
  people: async (team: string): Promise<{ id: string; name: string }[]> => (await api.teams.members(team)).map(({ user_id, name }) => ({ id: user_id, name })),
};
