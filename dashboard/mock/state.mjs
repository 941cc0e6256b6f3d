// @ts-check
/** What the mock server knows: a fresh instance, or one with two teams, people of every role, sites and a history. */
import { randomBytes, randomUUID } from 'node:crypto';

export const PASSWORD = 'password of mock';

const DAY = 86_400_000;
const ago = (/** @type {number} */ ms) => new Date(Date.now() - ms).toISOString();
const ahead = (/** @type {number} */ ms) => new Date(Date.now() + ms).toISOString();

/**
 * @typedef {{ id: string, uuid: string, name: string, email: string | null, username: string | null, role: string,
 *   locale: string, time_zone: string, created_at: string, disabled: boolean, password: string }} User
 * @typedef {{ id: string, user_id: string, token: string, csrf: string, agent: string, created_at: string,
 *   last_used_at: string, expires_at: string }} SignIn
 */

export function fresh() {
  return {
    setupToken: randomBytes(16).toString('hex'),
    last: 100,
    /** @type {User[]} */ users: [],
    /** @type {SignIn[]} */ signIns: [],
    /** @type {any[]} */ teams: [],
    /** @type {{ team_id: string, user_id: string, role: string, created_at: string }[]} */ members: [],
    /** @type {any[]} */ invitations: [],
    /** @type {any[]} */ sites: [],
    /** @type {any[]} */ keys: [],
    /** @type {any[]} */ audit: [],
    parts: [
      { name: 'database', state: 'up', detail: 'PostgreSQL 16.4, 3 of 10 connections' },
      { name: 'objects', state: 'up', detail: 'a folder, 12.4 GB free' },
      { name: 'jobs', state: 'up', detail: 'this process leads; the last run was 40 s ago' },
    ],
  };
}

/** @typedef {ReturnType<typeof fresh>} State */

export const nextId = (/** @type {State} */ state) => String(++state.last);

/** @param {State} state @param {Partial<User>} fields @returns {User} */
export function addUser(state, fields) {
  const user = {
    id: nextId(state), uuid: randomUUID(), name: '', email: null, username: null, role: 'member', locale: '', time_zone: '',
    created_at: ago(0), disabled: false, password: PASSWORD, ...fields,
  };
  state.users.push(user);
  return user;
}

/** @param {State} state @param {string} name @param {string} owner @param {boolean} [personal] */
export function addTeam(state, name, owner, personal = false) {
  const slug = name.toLowerCase().replaceAll(' ', '-');
  const team = { id: nextId(state), uuid: randomUUID(), name, slug, personal, created_at: ago(90 * DAY) };
  state.teams.push(team);
  state.members.push({ team_id: team.id, user_id: owner, role: 'owner', created_at: team.created_at });
  return team;
}

/** @param {State} state @param {Record<string, unknown>} fields */
export function addSite(state, fields) {
  const site = {
    id: nextId(state), uuid: randomUUID(), domains: [], time_zone: 'UTC', public_key: `sp_${randomBytes(9).toString('base64url')}`,
    retention: { analytics: 365, vitals: 365, recordings: 30, logs: 90, errors: 90 }, created_by: null, created_at: ago(0),
    reset_at: null, is_demo: false, privacy_answered_at: fields.privacy_later ? null : ago(0),
    privacy: { consent_mode: fields.privacy_later ? 'analytics' : 'replay', consent_asked: false, honour_signals: true, salt_period: 'day' }, ...fields,
  };
  state.sites.push(site);
  return site;
}

/** @param {State} state @param {Record<string, unknown>} fields */
export function note(state, fields) {
  state.audit.unshift({
    id: nextId(state), at: ago(0), actor_kind: 'user', actor_id: null, team_id: null, object_kind: null, object_id: null,
    result: 'ok', request_id: randomBytes(8).toString('hex'), details: {}, ...fields,
  });
}

/** @param {State} state @param {string} userId @param {Partial<SignIn>} [fields] */
export function addSignIn(state, userId, fields = {}) {
  const signIn = {
    id: nextId(state), user_id: userId, token: randomBytes(16).toString('hex'), csrf: randomBytes(16).toString('hex'),
    agent: 'Chrome on Linux', created_at: ago(0), last_used_at: ago(0), expires_at: ahead(7 * DAY), ...fields,
  };
  state.signIns.push(signIn);
  return signIn;
}

export function filled() {
  const state = fresh();
  const ada = addUser(state, { name: 'Ada Lovelace', email: 'ada@example.com', role: 'admin', created_at: ago(90 * DAY) });
  const grace = addUser(state, { name: 'Grace Hopper', email: 'grace@example.com', created_at: ago(60 * DAY) });
  const alan = addUser(state, { name: 'Alan Turing', email: 'alan@example.com', created_at: ago(41 * DAY) });
  const edsger = addUser(state, { name: 'Edsger Dijkstra', username: 'ewd', role: 'viewer', created_at: ago(12 * DAY) });
  addUser(state, { name: 'Charles Babbage', email: 'charles@example.com', disabled: true, created_at: ago(80 * DAY) });
  const engine = addTeam(state, 'Engine', ada.id);
  const lab = addTeam(state, 'Lab', grace.id);
  for (const [team, user, role] of /** @type {const} */ ([[engine, grace, 'manager'], [engine, alan, 'member'], [engine, edsger, 'viewer'], [lab, ada, 'viewer']]))
    state.members.push({ team_id: team.id, user_id: user.id, role, created_at: ago(40 * DAY) });
  const shop = addSite(state, { team_id: engine.id, name: 'Shop', domains: ['shop.example.com', '*.shop.example.com'], time_zone: 'Europe/Zurich', created_at: ago(60 * DAY) });
  addSite(state, { team_id: engine.id, name: 'Documentation', domains: ['docs.example.com'], created_at: ago(9 * DAY) });
  addSite(state, { team_id: lab.id, name: 'Lab notebook', time_zone: 'America/New_York', created_at: ago(2 * DAY) });
  state.keys.push(
    { id: nextId(state), user_id: ada.id, prefix: 'sl_Zk81xQ', name: 'Nightly export', team_id: engine.id, site_ids: null, permissions: ['site:read', 'team:read'], created_at: ago(30 * DAY), expires_at: ahead(60 * DAY), last_used_at: ago(5 * 3_600_000) },
    { id: nextId(state), user_id: ada.id, prefix: 'sl_b93mTe', name: 'Old CI', team_id: null, site_ids: null, permissions: ['site:create'], created_at: ago(100 * DAY), expires_at: ago(10 * DAY), last_used_at: null },
  );
  state.invitations.push({ id: nextId(state), team_id: engine.id, role: 'member', created_at: ago(DAY), expires_at: ahead(6 * DAY), token: 'mock-invitation' });
  addSignIn(state, ada.id, { agent: 'Firefox on Android', created_at: ago(3 * DAY), last_used_at: ago(7 * 3_600_000) });
  note(state, { at: ago(90 * DAY), actor_id: ada.id, action: 'setup', object_kind: 'user', object_id: ada.id });
  for (let turn = 64; turn > 0; turn -= 1) {
    const who = [ada, grace, alan][turn % 3] ?? ada;
    if (turn % 9 === 0) note(state, { at: ago(turn * 3_500_000), actor_id: who.id, action: 'site.retention', object_kind: 'site', object_id: shop.id, details: { kinds: ['recordings'], before: '30', after: '60' } });
    else if (turn % 7 === 0) note(state, { at: ago(turn * 3_500_000), actor_kind: 'nobody', action: 'sign_in', result: 'refused', details: { reason: 'unknown' } });
    else if (turn % 5 === 0) note(state, { at: ago(turn * 3_500_000), actor_id: who.id, action: 'member.role', object_kind: 'user', object_id: alan.id, details: { before: 'viewer', after: 'member' } });
    else note(state, { at: ago(turn * 3_500_000), actor_id: who.id, action: 'sign_in' });
  }
  return state;
}
