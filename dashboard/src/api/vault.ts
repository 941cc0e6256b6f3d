/** The calls of the vault's pages. */

import { call } from './request.ts';
import type { Denial, NewRequest, NewRotation } from './schema.ts';

type Jurisdiction = NewRequest['jurisdiction'];
type KeyType = NewRotation['key_type'];
type Basis = Denial['basis'];

export const vault = {
  fields: (team: string) => call('GET /api/v1/vault/{team}/fields', { path: { team } }),
  list: (team: string, after: string | null) =>
    call('GET /api/v1/vault/{team}/subjects', { path: { team }, query: { after, limit: 50 } }),
  search: async (team: string, field: string, value: string) =>
    (await call('POST /api/v1/vault/{team}/search', { path: { team }, body: { field, value } })).items,
  show: (team: string, subject: string) =>
    call('GET /api/v1/vault/{team}/subjects/{subject}', { path: { team, subject } }),
  add: async (team: string, values: Record<string, string>) =>
    (await call('POST /api/v1/vault/{team}/subjects', { path: { team }, body: { subjects: [{ values }] } })).ids[0],
  change: (team: string, subject: string, values: Record<string, string | null>) =>
    call('PATCH /api/v1/vault/{team}/subjects/{subject}', { path: { team, subject }, body: { values } }),
  link: (team: string, subject: string, name: string) =>
    call('POST /api/v1/vault/{team}/subjects/{subject}/persons', { path: { team, subject }, body: { name } }),
  restrict: (team: string, subject: string, restricted: boolean) =>
    call('PUT /api/v1/vault/{team}/subjects/{subject}/restriction', { path: { team, subject }, body: { restricted } }),
  read: async (team: string, subject: string, fields: string[], purpose: string) =>
    (await call('POST /api/v1/vault/{team}/subjects/{subject}/read', { path: { team, subject }, body: { fields, purpose } })).values,
  copy: (team: string, subject: string, jurisdiction: Jurisdiction) =>
    call('POST /api/v1/vault/{team}/subjects/{subject}/export', { path: { team, subject }, body: { jurisdiction } }),
  erase: (team: string, subject: string, jurisdiction: Jurisdiction) =>
    call('POST /api/v1/vault/{team}/subjects/{subject}/erase', { path: { team, subject }, body: { jurisdiction } }),
  requests: async (team: string) => (await call('GET /api/v1/vault/{team}/requests', { path: { team } })).items,
  receive: (team: string, subject: string, body: NewRequest) =>
    call('POST /api/v1/vault/{team}/subjects/{subject}/requests', { path: { team, subject }, body }),
  deny: (team: string, number: string, basis: Basis) =>
    call('POST /api/v1/vault/{team}/requests/{number}/deny', { path: { team, number }, body: { basis } }),
  extend: (team: string, number: string) =>
    call('POST /api/v1/vault/{team}/requests/{number}/extend', { path: { team, number } }),
  receipts: (team: string, before: string | null) =>
    call('GET /api/v1/vault/{team}/receipts', { path: { team }, query: { before } }),
  audit: (team: string, before: string | null, wanted: { operation: string; failed: boolean }) =>
    call('GET /api/v1/vault/{team}/audit', {
      path: { team },
      query: { before: before === null ? null : Number(before), operation: wanted.operation || null, success: wanted.failed ? false : null },
    }),
  verify: (team: string, after: number) => call('POST /api/v1/vault/{team}/audit/verify', { path: { team }, body: { after } }),
  rotations: async (team: string) => (await call('GET /api/v1/vault/{team}/rotations', { path: { team } })).items,
  rotate: (team: string, body: NewRotation) => call('POST /api/v1/vault/{team}/rotations', { path: { team }, body }),
  rollBack: (team: string, key_type: KeyType) =>
    call('POST /api/v1/vault/{team}/rotations/{key_type}/roll-back', { path: { team, key_type } }),
};

export type { Basis, Jurisdiction, KeyType };
