// @ts-check
/** What the mock server answers, route by route: enough of the real rules that every page and message can be seen. */
import { randomBytes } from 'node:crypto';
import { REPORTS } from './reports.mjs';
import { ADMINISTRATION } from './administration.mjs';
import { VAULT } from './vault.mjs';
import { addSignIn, addSite, addTeam, addUser, nextId, note } from './state.mjs';

/** @typedef {import('./state.mjs').State} State @typedef {import('./state.mjs').User} User @typedef {import('./state.mjs').SignIn} SignIn */
/** @typedef {{ status?: number, json?: unknown, cookie?: string }} Answer */
/**
 * @typedef {{ state: State, user: User, signIn: SignIn, path: Record<string, string>, query: URLSearchParams,
 *   body: Record<string, any> }} Asked
 */

export class Failure extends Error {
  /** @param {number} status @param {string} code @param {string} message @param {{ hint?: string, field?: string }} [more] */
  constructor(status, code, message, more = {}) {
    super(message);
    this.status = status;
    this.document = { code, message, ...more };
  }
}

const VIEW = ['team:read', 'site:read'];
const MEMBER = [...VIEW, 'site:create', 'site:change'];
const MANAGER = [...MEMBER, 'team:change', 'member:manage', 'site:delete', 'site:retention', 'site:erase', 'site:quarantine', 'site:privacy', 'vault:read', 'vault:write'];
const OWNER = [...MANAGER, 'team:delete', 'owner:manage', 'audit:read', 'vault:reveal', 'vault:erase', 'vault:audit', 'vault:rotate'];
const OWN = ['self:read', 'self:change', 'key:manage'];
const IN_TEAM = /** @type {Record<string, string[]>} */ ({ owner: OWNER, manager: MANAGER, member: MEMBER, viewer: VIEW });
const BY_ROLE = /** @type {Record<string, string[]>} */ ({
  admin: [...OWN, 'user:manage', 'team:create', 'job:read', 'job:run', 'privacy:read', 'privacy:manage', 'cloud:read', 'cloud:report', ...OWNER],
  member: [...OWN, ...VIEW, 'team:create', 'site:create'],
  viewer: [...OWN, ...VIEW],
});

const DONE = { status: 204 };
const missing = (/** @type {string} */ what) => new Failure(404, 'not_found', `there is no such ${what}, or you may not see it`);

/** @template T @param {T | undefined} found @param {string} what @returns {T} */
function there(found, what) {
  if (!found) throw missing(what);
  return found;
}

/** @param {State} state @param {User} user @param {string} teamId */
function inTeam(state, user, teamId) {
  const role = state.members.find((member) => member.team_id === teamId && member.user_id === user.id)?.role;
  if (user.role === 'admin') return OWNER;
  const allowed = role ? (IN_TEAM[role] ?? []) : [];
  return user.role === 'viewer' ? allowed.filter((permission) => VIEW.includes(permission)) : allowed;
}

/** @param {Asked} asked @param {string} teamId @param {string} permission */
function need({ state, user }, teamId, permission) {
  const allowed = inTeam(state, user, teamId);
  if (!allowed.length) throw missing('team');
  if (!allowed.includes(permission)) throw new Failure(403, 'not_allowed', 'Your role does not allow this.');
}

/** @param {Asked} asked */
function admin({ user }) {
  if (user.role !== 'admin') throw new Failure(403, 'not_allowed', 'Your role does not allow this.');
}

/** @param {State} state @param {User} user @param {SignIn} signIn */
function me(state, user, signIn) {
  const { password: _, disabled: __, ...own } = user;
  const teams = state.members
    .filter((member) => member.user_id === user.id)
    .map(({ team_id, role }) => ({ ...state.teams.find((team) => team.id === team_id), role, permissions: inTeam(state, user, team_id) }));
  return { user: own, teams, permissions: BY_ROLE[user.role], csrf_token: signIn.csrf };
}

/** @param {any[]} items @param {URLSearchParams} query */
function page(items, query) {
  const from = Number(query.get('cursor') ?? 0);
  const end = from + Number(query.get('limit') ?? 50);
  return { json: { items: items.slice(from, end), next: end < items.length ? String(end) : null } };
}

/** @param {string} password @param {string} [field] */
function goodPassword(password, field = 'password') {
  if (password.length < 10)
    throw new Failure(422, 'invalid_value', `the password has ${password.length} characters`, { field, hint: 'Take at least 10 characters.' });
}

/** @param {State} state @param {User} user @param {number} [status] */
function signedIn(state, user, status = 200) {
  const signIn = addSignIn(state, user.id);
  note(state, { actor_id: user.id, action: 'sign_in' });
  return { status, json: me(state, user, signIn), cookie: signIn.token };
}

const shown = (/** @type {User} */ { password: _, ...user }) => user;
const team = (/** @type {State} */ state, /** @type {any} */ found) => ({
  ...found,
  members: state.members.filter((member) => member.team_id === found.id).length,
  sites: state.sites.filter((site) => site.team_id === found.id).length,
});
const given = (/** @type {Record<string, unknown>} */ body) => Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));

/** @type {Record<string, (asked: Asked) => Answer>} */
const OPEN = {
  'GET /readyz': ({ state }) => {
    const down = state.parts.filter((part) => part.state === 'down').map((part) => part.name);
    return { status: down.length ? 503 : 200, json: { status: down.length ? 'not ready' : 'ready', down, version: '0.1.0', parts: state.parts } };
  },
  'GET /api/v1/setup': ({ state }) => ({ json: { needed: !state.users.some((user) => user.role === 'admin') } }),
  'POST /api/v1/setup': ({ state, body }) => {
    if (state.users.length) throw new Failure(409, 'conflict', 'Sightline has been set up already', { hint: 'Sign in.' });
    if (body.token !== state.setupToken)
      throw new Failure(403, 'setup_link', 'This setup link is wrong, used or expired.', { hint: 'Start Sightline again: it prints a new one.' });
    goodPassword(body.password);
    const user = addUser(state, { name: body.name, email: body.email.toLowerCase(), password: body.password, role: 'admin' });
    addTeam(state, body.team ?? body.name, user.id, !body.team);
    return signedIn(state, user, 201);
  },
  'POST /api/v1/sign-in': ({ state, body }) => {
    const user = state.users.find((each) => [each.email, each.username].includes(String(body.login).toLowerCase()));
    if (!user || user.disabled || user.password !== body.password)
      throw new Failure(401, 'not_signed_in', 'the name or the password is wrong', { hint: 'Check both and try again.' });
    return signedIn(state, user);
  },
  'POST /api/v1/invitations/look': ({ state, body }) => {
    const found = there(state.invitations.find((each) => each.token === body.token), 'invitation');
    return { json: { team: state.teams.find((each) => each.id === found.team_id).name, role: found.role, expires_at: found.expires_at } };
  },
  'POST /api/v1/invitations/register': ({ state, body }) => {
    const found = there(state.invitations.find((each) => each.token === body.token), 'invitation');
    goodPassword(body.password);
    if (state.users.some((user) => user.email === body.email)) throw new Failure(409, 'conflict', 'there is a user of this address already', { field: 'email' });
    const user = addUser(state, { name: body.name, email: body.email, password: body.password });
    state.invitations.splice(state.invitations.indexOf(found), 1);
    state.members.push({ team_id: found.team_id, user_id: user.id, role: found.role, created_at: user.created_at });
    return signedIn(state, user, 201);
  },
};

/** @type {Record<string, (asked: Asked) => Answer>} */
const ROUTES = {
  'POST /api/v1/sign-out': ({ state, signIn }) => (state.signIns.splice(state.signIns.indexOf(signIn), 1), { ...DONE, cookie: '' }),
  'GET /api/v1/me': ({ state, user, signIn }) => ({ json: me(state, user, signIn) }),
  'PATCH /api/v1/me': ({ user, body }) => ({ json: shown(Object.assign(user, given(body))) }),
  'PUT /api/v1/me/password': ({ state, user, signIn, body }) => {
    if (user.password !== body.old_password) throw new Failure(422, 'invalid_value', 'the old password is wrong', { field: 'old_password' });
    goodPassword(body.new_password, 'new_password');
    user.password = body.new_password;
    state.signIns = state.signIns.filter((each) => each.user_id !== user.id || each === signIn);
    return DONE;
  },
  'GET /api/v1/me/sign-ins': ({ state, user, signIn, query }) =>
    page(state.signIns.filter((each) => each.user_id === user.id).reverse().map(({ token: _, csrf: __, ...each }) => ({ ...each, current: each.id === signIn.id })), query),
  'DELETE /api/v1/me/sign-ins/{id}': ({ state, user, path }) => {
    state.signIns = state.signIns.filter((each) => each.id !== path.id || each.user_id !== user.id);
    return DONE;
  },
  'DELETE /api/v1/me/teams/{team}': ({ state, user, path }) => dropMember(state, path.team ?? '', user.id),
  'POST /api/v1/invitations/accept': ({ state, user, body }) => {
    const found = there(state.invitations.find((each) => each.token === body.token), 'invitation');
    state.members.push({ team_id: found.team_id, user_id: user.id, role: found.role, created_at: new Date().toISOString() });
    return { json: { team_id: found.team_id } };
  },
  'GET /api/v1/teams': ({ state, user, query }) =>
    page(state.teams.filter((each) => inTeam(state, user, each.id).length).map((each) => team(state, each)), query),
  'POST /api/v1/teams': ({ state, user, body }) => ({ status: 201, json: team(state, addTeam(state, body.name, user.id)) }),
  'PATCH /api/v1/teams/{team}': (asked) => {
    need(asked, asked.path.team ?? '', 'team:change');
    return { json: team(asked.state, Object.assign(there(asked.state.teams.find((each) => each.id === asked.path.team), 'team'), asked.body)) };
  },
  'GET /api/v1/teams/{team}/members': (asked) => {
    const { state, path, query } = asked;
    need(asked, path.team ?? '', 'team:read');
    return page(
      state.members.filter((each) => each.team_id === path.team).map(({ user_id, role, created_at }) => {
        const user = there(state.users.find((each) => each.id === user_id), 'user');
        return { user_id, user_uuid: user.uuid, login: user.email ?? user.username, name: user.name, role, created_at };
      }),
      query,
    );
  },
  'PATCH /api/v1/teams/{team}/members/{user}': (asked) => {
    const { state, path, body } = asked;
    need(asked, path.team ?? '', 'member:manage');
    const member = there(state.members.find((each) => each.team_id === path.team && each.user_id === path.user), 'member');
    if (member.role === 'owner' && body.role !== 'owner') keepOwner(state, path.team ?? '');
    member.role = body.role;
    return DONE;
  },
  'DELETE /api/v1/teams/{team}/members/{user}': (asked) => {
    need(asked, asked.path.team ?? '', 'member:manage');
    return dropMember(asked.state, asked.path.team ?? '', asked.path.user ?? '');
  },
  'GET /api/v1/teams/{team}/invitations': (asked) => {
    need(asked, asked.path.team ?? '', 'member:manage');
    return page(asked.state.invitations.filter((each) => each.team_id === asked.path.team).map(({ token: _, team_id: __, ...each }) => each), asked.query);
  },
  'POST /api/v1/teams/{team}/invitations': (asked) => {
    const { state, path, body } = asked;
    need(asked, path.team ?? '', 'member:manage');
    const created_at = new Date().toISOString();
    const expires_at = new Date(Date.now() + 7 * 86_400_000).toISOString();
    const made = { id: nextId(state), team_id: path.team, role: body.role, created_at, expires_at, token: randomBytes(16).toString('hex') };
    state.invitations.unshift(made);
    return { status: 201, json: made };
  },
  'DELETE /api/v1/teams/{team}/invitations/{id}': (asked) => {
    need(asked, asked.path.team ?? '', 'member:manage');
    asked.state.invitations = asked.state.invitations.filter((each) => each.id !== asked.path.id);
    return DONE;
  },
  'GET /api/v1/users': (asked) => (admin(asked), page(asked.state.users.map(shown), asked.query)),
  'PATCH /api/v1/users/{user}': (asked) => {
    admin(asked);
    return { json: shown(Object.assign(there(asked.state.users.find((each) => each.id === asked.path.user), 'user'), given(asked.body))) };
  },
  'GET /api/v1/sites': ({ state, user, query }) => page(state.sites.filter((site) => inTeam(state, user, site.team_id).includes('site:read')), query),
  'POST /api/v1/sites': (asked) => {
    const { state, user, body } = asked;
    const own = state.members.filter((member) => member.user_id === user.id);
    const team_id = body.team ?? own[0]?.team_id ?? addTeam(state, user.name, user.id, true).id;
    need(asked, team_id, 'site:create');
    for (const domain of body.domains ?? [])
      if (!/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(domain))
        throw new Failure(422, 'invalid_value', `'${domain}' is no domain`, { field: 'domains', hint: 'Write a host name without scheme, port and path.' });
    const { team: _, ...fields } = body;
    const site = addSite(state, { ...fields, team_id, created_by: user.id });
    note(state, { actor_id: user.id, action: 'site.create', team_id, object_kind: 'site', object_id: site.id });
    return { status: 201, json: site };
  },
  'PATCH /api/v1/sites/{site}': (asked) => ({ json: Object.assign(site(asked, 'site:change'), given(asked.body)) }),
  'PUT /api/v1/sites/{site}/retention': (asked) => {
    const found = site(asked, 'site:retention');
    Object.assign(found.retention, given(asked.body));
    return { json: found };
  },
  'GET /api/v1/sites/{site}/snippet': (asked) => {
    const path = '/9f3ab2c41d07';
    return { json: { path, html: `<script async src="${path}/s.js" data-site="${site(asked, 'site:read').public_key}"></script>` } };
  },
  'GET /api/v1/sites/{site}/reports/{name}': (asked) => {
    site(asked, 'site:read');
    return { json: there(REPORTS[asked.path.name ?? ''], 'report')(asked.query) };
  },
  'GET /api/v1/sites/{site}/segments': (asked) => (site(asked, 'site:read'), page([], asked.query)),
  'GET /api/v1/sites/{site}/annotations': (asked) => (site(asked, 'site:read'), page([], asked.query)),
  'GET /api/v1/sites/{site}/releases': (asked) => (site(asked, 'site:read'), page([], asked.query)),
  'GET /api/v1/sites/{site}/report-shares': (asked) => (site(asked, 'site:change'), page([], asked.query)),
  'DELETE /api/v1/sites/{site}': (asked) => {
    const found = site(asked, 'site:delete');
    asked.state.sites.splice(asked.state.sites.indexOf(found), 1);
    return DONE;
  },
  'GET /api/v1/api-keys': ({ state, user, query }) => page(state.keys.filter((key) => key.user_id === user.id).map(({ user_id: _, ...key }) => key), query),
  'POST /api/v1/api-keys': ({ state, user, body }) => {
    const token = `sl_${randomBytes(32).toString('base64url')}`;
    const expires_at = new Date(Date.now() + (body.expires_in_days ?? 365) * 86_400_000).toISOString();
    const key = {
      id: nextId(state), user_id: user.id, prefix: token.slice(0, 9), name: body.name, team_id: body.team ?? null, site_ids: null,
      permissions: body.permissions, created_at: new Date().toISOString(), expires_at, last_used_at: null,
    };
    state.keys.unshift(key);
    return { status: 201, json: { key, token } };
  },
  'DELETE /api/v1/api-keys/{id}': ({ state, path }) => ((state.keys = state.keys.filter((key) => key.id !== path.id)), DONE),
  'GET /api/v1/audit': ({ state, query }) => page(state.audit, query),
};

/** @param {Asked} asked @param {string} permission */
function site(asked, permission) {
  const found = there(asked.state.sites.find((each) => each.id === asked.path.site), 'site');
  need(asked, found.team_id, permission);
  return found;
}

/** @param {State} state @param {string} teamId */
function keepOwner(state, teamId) {
  if (state.members.filter((each) => each.team_id === teamId && each.role === 'owner').length < 2)
    throw new Failure(409, 'conflict', 'this is the last owner of the team', { hint: 'Make somebody else an owner first.' });
}

/** @param {State} state @param {string} teamId @param {string} userId */
function dropMember(state, teamId, userId) {
  const member = there(state.members.find((each) => each.team_id === teamId && each.user_id === userId), 'member');
  if (member.role === 'owner') keepOwner(state, teamId);
  state.members.splice(state.members.indexOf(member), 1);
  return DONE;
}

const compiled = (/** @type {typeof ROUTES} */ table, /** @type {boolean} */ open) =>
  Object.entries(table).map(([name, run]) => {
    const [method, path = ''] = name.split(' ');
    return { method, pattern: new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`), run: /** @type {(asked: any) => Answer} */ (run), open };
  });

export const routes = [...compiled(OPEN, true), ...compiled({ ...ROUTES, ...ADMINISTRATION, ...VAULT }, false)];
