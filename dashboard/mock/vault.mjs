// @ts-check
/** The mock's vault: a few subjects in memory, masked as the server would. Nothing here is encrypted. */
import { randomUUID } from 'node:crypto';

/** @typedef {import('./routes.mjs').Asked} Asked @typedef {import('./routes.mjs').Answer} Answer */

const DAY = 86_400_000;
const ago = (/** @type {number} */ ms) => new Date(Date.now() - ms).toISOString();
const CLEAR = ['email', 'first_name', 'last_name', 'phone'];
const TIERS = /** @type {Record<string, number>} */ ({ email: 1, first_name: 1, last_name: 1, phone: 1, address: 2, date_of_birth: 2, ip_address: 2, ssn: 3, bank_account: 3, credit_card: 3, passport: 3 });
const SEARCHED = ['email', 'phone', 'ssn', 'bank_account', 'credit_card', 'passport'];
const PURPOSES = { billing: ['address', 'credit_card'], support: ['email', 'phone', 'ssn'] };

/** @typedef {{ id: string, values: Record<string, string>, restricted: boolean, created_at: string, updated_at: string }} Subject */
/** @type {Subject[]} */
let subjects = [
  { email: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace', phone: '+44 20 7946 0958', address: '12 St James’s Square', ssn: '219-09-9999' },
  { email: 'grace@example.com', first_name: 'Grace', last_name: 'Hopper', credit_card: '4111 1111 1111 1111' },
  { email: 'alan@example.com', phone: '+44 20 7946 0991' },
].map((values, place) => ({ id: randomUUID(), values, restricted: place === 2, created_at: ago((place + 1) * 9 * DAY), updated_at: ago(DAY) }));
/** @type {any[]} */
let requests = [];
/** @type {any[]} */
const receipts = [];
/** @type {any[]} */
const runs = [];
/** @type {any[]} */
const audit = [];

const star = (/** @type {string} */ text) => text.replace(/[^\s@.+-]+/g, (word) => word.slice(0, 1) + '***');
/** @param {Subject} one */
const masked = (one) => ({ ...one, values: Object.fromEntries(Object.entries(one.values).map(([name, value]) => [name, CLEAR.includes(name) ? star(value) : '********'])) });
/** @param {Asked} asked */
const of = ({ path }) => /** @type {Subject} */ (subjects.find(({ id }) => id === path.subject));
const missing = { status: 404, json: { error: { code: 'not_found', message: 'there is no such subject, or you may not see it' } } };
/** @param {Asked} asked @param {string} operation @param {object} [more] */
function note({ user }, operation, more = {}) {
  audit.unshift({
    id: String(audit.length + 1), accessed_at: ago(0), user_id: randomUUID(), operation, success: true, field_name: null, level: null, key_version: null, row_count: 1,
    purpose: 'overview', actor_kind: 'user', actor_id: user.id, origin: '192.0.2.1', request_id: null, duration_us: 900, error: null, db_role: 'vault_service', ...more,
  }); // prettier-ignore
}
/** @param {string} subject @param {any} body */
function asked(subject, body) {
  const days = body.jurisdiction === 'ccpa' ? 45 : 30;
  const one = {
    id: String(requests.length + 1), kind: body.kind, jurisdiction: body.jurisdiction, manner: body.manner ?? 'unknown', pseudonym: randomUUID(), subject, received_at: ago(0),
    due_at: ago(-days * DAY), extended_at: null, answered_at: null, outcome: null, basis: null, late: false,
  }; // prettier-ignore
  requests = [one, ...requests];
  return one;
}
/** @param {string | undefined} id */
const numbered = (id) => requests.find((one) => one.id === id);
function advance() {
  for (const run of runs.filter(({ status }) => status === 'running')) {
    run.done = Math.min(run.total, run.done + 1);
    if (run.done === run.total) Object.assign(run, { status: 'completed', completed_at: ago(0) });
  }
}

/** @type {Record<string, (asked: Asked) => Answer>} */
export const VAULT = {
  'GET /api/v1/vault/{team}/fields': () => ({
    json: { fields: Object.entries(TIERS).map(([name, tier], place) => ({ name, number: place + 1, tier, searchable: SEARCHED.includes(name) })), purposes: PURPOSES },
  }),
  'GET /api/v1/vault/{team}/subjects': () => ({ json: { items: subjects.map(masked), next: null } }),
  'POST /api/v1/vault/{team}/subjects': (at) => {
    const made = at.body.subjects.map((/** @type {any} */ { values }) => ({ id: randomUUID(), values, restricted: false, created_at: ago(0), updated_at: ago(0) }));
    subjects = [...made, ...subjects];
    note(at, 'insert');
    return { status: 201, json: { ids: made.map((/** @type {Subject} */ { id }) => id) } };
  },
  'POST /api/v1/vault/{team}/search': (at) => {
    const plain = (/** @type {string} */ text) => text.replace(/[\s-]/g, '').toLowerCase();
    const found = subjects.filter(({ values }) => plain(values[at.body.field] ?? '') === plain(at.body.value));
    note(at, 'search', { field_name: at.body.field });
    return { json: { ids: found.map(({ id }) => id), items: found.map(masked) } };
  },
  'GET /api/v1/vault/{team}/subjects/{subject}': (at) => (of(at) ? { json: masked(of(at)) } : missing),
  'PATCH /api/v1/vault/{team}/subjects/{subject}': (at) => {
    for (const [name, value] of Object.entries(at.body.values)) value === null ? delete of(at).values[name] : (of(at).values[name] = String(value));
    return { status: 204 };
  },
  'POST /api/v1/vault/{team}/subjects/{subject}/persons': () => ({ status: 204 }),
  'PUT /api/v1/vault/{team}/subjects/{subject}/restriction': (at) => {
    of(at).restricted = at.body.restricted;
    return { status: 204 };
  },
  'POST /api/v1/vault/{team}/subjects/{subject}/read': (at) => {
    for (const name of at.body.fields) note(at, 'read', { field_name: name, level: TIERS[name], purpose: at.body.purpose });
    return { json: { values: Object.fromEntries(at.body.fields.map((/** @type {string} */ name) => [name, of(at).values[name]])) } };
  },
  'POST /api/v1/vault/{team}/subjects/{subject}/export': (at) => ({ json: { subject: of(at).id, jurisdiction: at.body.jurisdiction, values: of(at).values, withheld: {} } }),
  'POST /api/v1/vault/{team}/subjects/{subject}/erase': (at) => {
    const document = { receipt: 1, subject: of(at).id, erased_at: ago(0), erased: ['clear values', 'encrypted values'], signature: 'bW9jaw==' };
    receipts.unshift({ subject: of(at).id, erased_at: ago(0), document, holds: true });
    subjects = subjects.filter((one) => one !== of(at));
    return { json: document };
  },
  'POST /api/v1/vault/{team}/subjects/{subject}/requests': (at) => ({ status: 201, json: asked(at.path.subject ?? '', at.body) }),
  'GET /api/v1/vault/{team}/requests': () => ({ json: { items: requests } }),
  'POST /api/v1/vault/{team}/requests/{number}/deny': (at) => ({ json: Object.assign(numbered(at.path.number), { outcome: 'denied', basis: at.body.basis, answered_at: ago(0) }) }),
  'POST /api/v1/vault/{team}/requests/{number}/extend': (at) => ({ json: Object.assign(numbered(at.path.number), { extended_at: ago(0), due_at: ago(-90 * DAY) }) }),
  'GET /api/v1/vault/{team}/receipts': () => ({ json: { items: receipts, next: null } }),
  'GET /api/v1/vault/{team}/audit': ({ query }) => ({
    json: { items: audit.filter((one) => !query.get('operation') || one.operation === query.get('operation')), next: null },
  }),
  'POST /api/v1/vault/{team}/audit/verify': () => ({ json: { seals: 12, rows: audit.length, unsealed: 0, total: 12, wrong: [], next: null } }),
  'GET /api/v1/vault/{team}/rotations': () => {
    advance();
    return { json: { items: runs } };
  },
  'POST /api/v1/vault/{team}/rotations': ({ body }) => {
    if (body.dry_run) return { status: 202, json: { subjects: subjects.length, rotation: null } };
    const run = {
      id: String(runs.length + 1), key_type: body.key_type, direction: 'forward', old_version: 1, new_version: 2, status: 'running', total: subjects.length, done: 0, failed: 0,
      pause_ms: 0, started_at: ago(0), completed_at: null,
    }; // prettier-ignore
    runs.unshift(run);
    return { status: 202, json: { subjects: subjects.length, rotation: run } };
  },
  'POST /api/v1/vault/{team}/rotations/{key_type}/roll-back': ({ path }) => {
    const last = runs.find((run) => run.key_type === path.key_type && run.status !== 'rolled_back');
    const back = { ...last, id: String(runs.length + 1), direction: 'back', old_version: 2, new_version: 1, status: 'running', done: 0, started_at: ago(0), completed_at: null };
    last.status = 'rolled_back';
    runs.unshift(back);
    return { status: 202, json: back };
  },
};
