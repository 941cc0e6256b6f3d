/** The calls of saved reports, boards, links and pixels. */

import { call } from './request.ts';
import type { NewBoard, NewLink, NewReport } from './schema.ts';

const path = (site: string) => ({ path: { site } });

export const saved = {
  list: async (site: string, report?: string) =>
    (await call('GET /api/v1/sites/{site}/saved-reports', { ...path(site), query: { report: report ?? null } })).items,
  add: (site: string, body: NewReport) => call('POST /api/v1/sites/{site}/saved-reports', { ...path(site), body }),
  change: (site: string, saved: string, body: NewReport) =>
    call('PUT /api/v1/sites/{site}/saved-reports/{saved}', { path: { site, saved }, body }),
  remove: (site: string, saved: string) =>
    call('DELETE /api/v1/sites/{site}/saved-reports/{saved}', { path: { site, saved } }),
  boards: async (site: string) => (await call('GET /api/v1/sites/{site}/boards', path(site))).items,
  addBoard: (site: string, body: NewBoard) => call('POST /api/v1/sites/{site}/boards', { ...path(site), body }),
  changeBoard: (site: string, board: string, body: NewBoard) =>
    call('PUT /api/v1/sites/{site}/boards/{board}', { path: { site, board }, body }),
  removeBoard: (site: string, board: string) =>
    call('DELETE /api/v1/sites/{site}/boards/{board}', { path: { site, board } }),
  links: async (site: string) =>
    (await call('GET /api/v1/sites/{site}/links', { ...path(site), query: { limit: 200, cursor: null } })).items,
  addLink: (site: string, body: NewLink) => call('POST /api/v1/sites/{site}/links', { ...path(site), body }),
  removeLink: (site: string, link: string) => call('DELETE /api/v1/sites/{site}/links/{link}', { path: { site, link } }),
};
