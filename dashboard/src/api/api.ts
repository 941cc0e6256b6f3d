/** Every call that the dashboard makes, by name. */

import { call, send } from './request.ts';
import type {
  FirstAdmin,
  NewAnnotation,
  NewKey,
  Newcomer,
  NewSegment,
  NewShareOfReport,
  NewSite,
  Opening,
  OwnChange,
  RetentionChange,
  SiteChange,
  UserChange,
} from './schema.ts';
import type { NewInvitation, Ready, TeamRole } from './types.ts';

const PAGE = 100;

interface Page<T> {
  items: T[];
  next: string | null;
}

/** All pages of a list that is short by nature: a team's members, one's sites. */
async function all<T>(read: (query: { limit: number; cursor: string | null }) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await read({ limit: PAGE, cursor });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return items;
}

/** The address that an invitation is sent as; what is behind # stays in the browser. */
const invitationLink = (token: string): string => `${window.location.origin}/invitation#token=${token}`;

export const api = {
  setup: {
    state: () => call('GET /api/v1/setup'),
    finish: (body: FirstAdmin) => call('POST /api/v1/setup', { body }),
  },
  invitation: {
    look: (token: string) => call('POST /api/v1/invitations/look', { body: { token } }),
    join: (token: string) => call('POST /api/v1/invitations/accept', { body: { token } }),
    register: (body: Newcomer) => call('POST /api/v1/invitations/register', { body }),
  },
  signIn: (login: string, password: string) => call('POST /api/v1/sign-in', { body: { login, password } }),
  signOut: () => call('POST /api/v1/sign-out'),
  me: {
    get: () => call('GET /api/v1/me'),
    change: (body: OwnChange) => call('PATCH /api/v1/me', { body }),
    password: (old_password: string, new_password: string) =>
      call('PUT /api/v1/me/password', { body: { old_password, new_password } }),
    signIns: () => all((query) => call('GET /api/v1/me/sign-ins', { query })),
    endSignIn: (sign_in: string) => call('DELETE /api/v1/me/sign-ins/{sign_in}', { path: { sign_in } }),
    leave: (team: string) => call('DELETE /api/v1/me/teams/{team}', { path: { team } }),
  },
  sites: {
    list: () => all((query) => call('GET /api/v1/sites', { query })),
    add: (body: NewSite) => call('POST /api/v1/sites', { body }),
    change: (site: string, body: SiteChange) => call('PATCH /api/v1/sites/{site}', { path: { site }, body }),
    retain: (site: string, body: RetentionChange) =>
      call('PUT /api/v1/sites/{site}/retention', { path: { site }, body }),
    snippet: (site: string) => call('GET /api/v1/sites/{site}/snippet', { path: { site } }),
    remove: (site: string) => call('DELETE /api/v1/sites/{site}', { path: { site } }),
  },
  annotations: {
    list: async (site: string) => (await call('GET /api/v1/sites/{site}/annotations', { path: { site } })).items,
    add: (site: string, body: NewAnnotation) => call('POST /api/v1/sites/{site}/annotations', { path: { site }, body }),
    remove: (site: string, annotation: string) =>
      call('DELETE /api/v1/sites/{site}/annotations/{annotation}', { path: { site, annotation } }),
  },
  /** The latest of them: a chart of more would be nothing but marks. */
  releases: async (site: string) => (await call('GET /api/v1/sites/{site}/releases', { path: { site }, query: { limit: 100 } })).items,
  shares: {
    list: (site: string) => all((query) => call('GET /api/v1/sites/{site}/report-shares', { path: { site }, query })),
    add: (site: string, body: NewShareOfReport) => call('POST /api/v1/sites/{site}/report-shares', { path: { site }, body }),
    remove: (site: string, share: string) =>
      call('DELETE /api/v1/sites/{site}/report-shares/{share}', { path: { site, share } }),
    open: (body: Opening) => call('POST /api/v1/shared/open', { body }),
  },
  segments: {
    list: (site: string) => all((query) => call('GET /api/v1/sites/{site}/segments', { path: { site }, query })),
    add: (site: string, body: NewSegment) => call('POST /api/v1/sites/{site}/segments', { path: { site }, body }),
    remove: (site: string, segment: string) =>
      call('DELETE /api/v1/sites/{site}/segments/{segment}', { path: { site, segment } }),
  },
  /** A few figures of the last week, for the list of sites. */
  glance: (site: string) => call('GET /api/v1/sites/{site}/reports/overview', { path: { site }, query: { range: '7d', compare: 'none' } }),
  teams: {
    list: () => all((query) => call('GET /api/v1/teams', { query })),
    add: (name: string) => call('POST /api/v1/teams', { body: { name } }),
    rename: (team: string, name: string) => call('PATCH /api/v1/teams/{team}', { path: { team }, body: { name } }),
    members: (team: string) => all((query) => call('GET /api/v1/teams/{team}/members', { path: { team }, query })),
    changeMember: (team: string, user: string, role: TeamRole) =>
      call('PATCH /api/v1/teams/{team}/members/{user}', { path: { team, user }, body: { role } }),
    removeMember: (team: string, user: string) =>
      call('DELETE /api/v1/teams/{team}/members/{user}', { path: { team, user } }),
    invitations: (team: string) =>
      all((query) => call('GET /api/v1/teams/{team}/invitations', { path: { team }, query })),
    invite: async (team: string, role: TeamRole): Promise<NewInvitation> => {
      const made = await call('POST /api/v1/teams/{team}/invitations', { path: { team }, body: { role } });
      return { ...made, link: invitationLink(made.token) };
    },
    withdraw: (team: string, invitation: string) =>
      call('DELETE /api/v1/teams/{team}/invitations/{invitation}', { path: { team, invitation } }),
  },
  users: {
    list: () => all((query) => call('GET /api/v1/users', { query })),
    change: (user: string, body: UserChange) => call('PATCH /api/v1/users/{user}', { path: { user }, body }),
  },
  keys: {
    list: () => all((query) => call('GET /api/v1/api-keys', { query })),
    add: (body: NewKey) => call('POST /api/v1/api-keys', { body }),
    revoke: (key: string) => call('DELETE /api/v1/api-keys/{key}', { path: { key } }),
  },
  audit: (cursor: string | null) => call('GET /api/v1/audit', { query: { limit: 50, cursor } }),
  ready: async (): Promise<Ready> => (await send('/readyz', { method: 'GET' })).json() as Promise<Ready>,
};
