// @ts-check
/** The mock's answers to Settings, Privacy, Health, the first run, saved reports and boards. */
import { randomUUID } from 'node:crypto';

/** @typedef {import('./routes.mjs').Asked} Asked @typedef {import('./routes.mjs').Answer} Answer */

const DAY = 86_400_000;
const ago = (/** @type {number} */ ms) => new Date(Date.now() - ms).toISOString();
const page = (/** @type {unknown[]} */ items) => ({ json: { items, next: null } });

/** What is only of these pages, by site. @type {Map<string, any>} */
const kept = new Map();
const of = (/** @type {Asked} */ { path }) => {
  const site = path.site ?? '';
  if (!kept.has(site))
    kept.set(site, { tracking: { replay_percent: 100, payment_pages: [], endpoints: [] }, erasures: [], saved: [], boards: [], links: [] });
  return kept.get(site);
};
/** @type {any[]} */
const audits = [];
/** @type {any[]} */
const remasks = [];
const versions = [
  { number: 2, site_id: null, hash: '5b1f0c9e1a7d', name: 'shop', base: null, note: 'staff cards', activated_at: ago(3 * DAY), activated_by: null, is_active: true },
  { number: 1, site_id: null, hash: '0a92cc51e003', name: 'default', base: null, note: '', activated_at: ago(60 * DAY), activated_by: null, is_active: false },
];
const FIELDS = [
  { number: 1, name: 'email', tier: 2, title: 'E-mail address', detectors: ['email'] },
  { number: 2, name: 'card', tier: 3, title: 'Number of a payment card', detectors: ['card'] },
];
const STORED = [
  { kind: 'event', days: 365, rows: 1_840_000, bytes: 71_000_000, rows_per_day: 31_000, bytes_per_day: 1_190_000, bytes_in_30_days: 106_000_000, bytes_at_most: 434_000_000 },
  { kind: 'vital', days: 365, rows: 420_000, bytes: 9_400_000, rows_per_day: 7000, bytes_per_day: 158_000, bytes_in_30_days: 14_000_000, bytes_at_most: 58_000_000 },
  { kind: 'recording', days: 30, rows: 9100, bytes: 2_300_000_000, rows_per_day: 300, bytes_per_day: 77_000_000, bytes_in_30_days: 2_300_000_000, bytes_at_most: 2_310_000_000 },
];
const JOBS = ['accounts.tidy', 'errors.group', 'privacy.audits', 'privacy.salts', 'recordings.seal', 'signals.upkeep'];

/** Addresses are found; a real server finds much more. @param {string} text */
function tested(text) {
  const findings = text.split('\n').flatMap((line, number) =>
    [...line.matchAll(/[\w.]+@[\w.]+/g)].map((found) => ({ line: number + 1, column: found.index + 1, length: found[0].length, field: 'email', tier: 2 })),
  );
  return { number: 2, findings, masked: text.replace(/[\w.]+@[\w.]+/g, '[email]') };
}

/** @param {any[]} list @param {string} key @param {string | undefined} id */
const without = (list, key, id) => list.splice(list.findIndex((one) => one[key] === id), 1);

/** @type {Record<string, (asked: Asked) => Answer>} */
export const ADMINISTRATION = {
  'GET /api/v1/sites/{site}': ({ state, path }) => ({ json: state.sites.find((each) => each.id === path.site) }),
  'PUT /api/v1/sites/{site}/privacy': ({ state, path, body }) => {
    const site = /** @type {any} */ (state.sites.find((each) => each.id === path.site));
    Object.assign(site.privacy, body);
    site.privacy_answered_at ??= new Date().toISOString();
    return { json: site };
  },
  'GET /api/v1/sites/{site}/tracking': (asked) => ({ json: of(asked).tracking }),
  'PUT /api/v1/sites/{site}/tracking': (asked) => ({ json: Object.assign(of(asked).tracking, asked.body) }),
  'GET /api/v1/sites/{site}/storage': () => page(STORED),
  'POST /api/v1/sites/{site}/reset': (asked) => ({ status: 202, json: erased(asked, 'reset') }),
  'GET /api/v1/sites/{site}/erasures': (asked) => page(of(asked).erasures),
  'POST /api/v1/sites/{site}/erasures': (asked) =>
    asked.body.dry_run ? { json: { erasure: null, signals: { event: 42, vital: 9, error: 1 } } } : { status: 202, json: { erasure: erased(asked, 'asked'), signals: {} } },
  'POST /api/v1/sites/{site}/check': ({ body }) => ({ json: { url: body.url, faults: [{ code: 'absent', detail: '' }] } }),
  'GET /api/v1/sites/{site}/quarantine/summary': () =>
    page([{ reason: 'bot', detail: 'Googlebot', hits: 310, visitors: 4, first_ms: Date.now() - 6 * DAY, last_ms: Date.now() - 3_600_000 }]),
  'POST /api/v1/sites/{site}/quarantine/release': () => ({ json: { events: 310 } }),
  'GET /api/v1/privacy/rules': () => page(versions),
  'GET /api/v1/privacy/rules/{number}': ({ path }) => ({ json: { number: Number(path.number), hash: '5b1f0c9e1a7d', document: { field: FIELDS } } }),
  'GET /api/v1/privacy/rules/{number}/changes': () => page([{ entry: 'field staff_number: tier', removed: null, added: 2 }]),
  'POST /api/v1/privacy/rules/test': ({ body }) => ({ json: tested(body.text) }),
  'POST /api/v1/privacy/rules/activate': ({ body }) => {
    const said = { hash: '77d0aa31c2e4', before: 2, is_new: body.source !== '', loosened: [], sites: [], changes: [{ entry: 'field staff_number: tier', removed: null, added: 2 }] };
    return { json: { ...said, number: body.dry_run ? null : 3 } };
  },
  'GET /api/v1/privacy/salts': () =>
    page([
      { period: 'day', starts_at: ago(DAY / 2), ends_at: ago(-DAY / 2), exists: true, created_at: ago(DAY), destroyed_at: null },
      { period: 'day', starts_at: ago(1.5 * DAY), ends_at: ago(DAY / 2), exists: false, created_at: ago(2 * DAY), destroyed_at: ago(DAY / 2) },
    ]),
  'GET /api/v1/privacy/audits': () => page(audits),
  'POST /api/v1/privacy/audits': ({ body }) => {
    const report = { walked: [{ kind: 'event', signals: 1000, texts: 5000, distinct: 300 }], findings: [], found: 0, seconds: 0.4 };
    audits.unshift({ id: String(audits.length + 1), site_id: body.site, since_ms: 0, sample: body.sample, asked_by: null, asked_at: ago(0), progress: 1, finished_at: ago(0), report });
    return { status: 202, json: audits[0] };
  },
  'GET /api/v1/privacy/remasks': () => page(remasks),
  'POST /api/v1/privacy/remasks': ({ body }) => {
    if (body.dry_run) return { json: { job: null, would: [{ kind: 'event', version: 2, signals: 1200, texts: 3 }] } };
    remasks.unshift({ id: String(remasks.length + 1), sites: [], kinds: [], since_ms: 0, progress: 1, changed: 3, started_at: ago(0), finished_at: ago(0) });
    return { status: 202, json: { job: remasks[0], would: [] } };
  },
  'GET /api/v1/jobs': () =>
    page(
      JOBS.map((name, place) => ({
        name, requested_at: null, last_started_at: ago((place + 1) * 60_000), last_finished_at: ago((place + 1) * 59_000), last_result: place === 3 ? 'failed' : 'ok',
        last_message: 'nothing was to be done', last_duration_ms: 12 * place + 3, next_run_at: ago(-600_000), progress: null, runs: 90, failures: place === 3 ? 2 : 0, failures_in_row: place === 3 ? 2 : 0,
      })),
    ),
  'POST /api/v1/jobs/{name}/run': () => ({ status: 202, json: null }),
  'GET /api/v1/warehouse': () => ({ json: { phase: 'open', pos: '1842', rows_done: 2_260_000, rows_total: 2_260_000, progress: 1, lag_ms: 140, size: 96_000_000, reason: '' } }),
  'POST /api/v1/warehouse/rebuild': () => ({ status: 202, json: { phase: 'building', pos: '0', rows_done: 0, rows_total: 2_260_000, progress: 0, lag_ms: 0, size: 0, reason: '' } }),
  'GET /api/v1/cloud': () => ({ json: CLOUD }),
  'GET /api/v1/demo': () => ({ json: { site_id: null, removed: false, shop_url: null } }),
  'POST /api/v1/demo': ({ state }) => ({ status: 201, json: { site_id: state.sites[0]?.id ?? '', visits: 400, signals: 9000 } }),
  'GET /api/v1/sites/{site}/saved-reports': (asked) => {
    const wanted = asked.query.get('report');
    return page(of(asked).saved.filter((/** @type {any} */ one) => !wanted || one.report === wanted));
  },
  'POST /api/v1/sites/{site}/saved-reports': (asked) => ({ status: 201, json: made(of(asked).saved, asked.body) }),
  'DELETE /api/v1/sites/{site}/saved-reports/{saved}': (asked) => (without(of(asked).saved, 'uuid', asked.path.saved), { status: 204 }),
  'GET /api/v1/sites/{site}/boards': (asked) => page(of(asked).boards),
  'POST /api/v1/sites/{site}/boards': (asked) => ({ status: 201, json: made(of(asked).boards, asked.body) }),
  'PUT /api/v1/sites/{site}/boards/{board}': (asked) => ({
    json: Object.assign(of(asked).boards.find((/** @type {any} */ one) => one.uuid === asked.path.board), asked.body),
  }),
  'DELETE /api/v1/sites/{site}/boards/{board}': (asked) => (without(of(asked).boards, 'uuid', asked.path.board), { status: 204 }),
  'GET /api/v1/sites/{site}/links': (asked) => page(of(asked).links),
  'POST /api/v1/sites/{site}/links': (asked) => ({ status: 201, json: made(of(asked).links, { id: String(Date.now()), ...asked.body, slug: asked.body.slug || 'k3v9x' }) }),
  'DELETE /api/v1/sites/{site}/links/{link}': (asked) => (without(of(asked).links, 'id', asked.path.link), { status: 204 }),
};

/** Sixty days of a bill that rises, an estimate, one gap, and a few criteria. */
const CLOUD = {
  stage: 'prod', region: 'eu-central-1',
  estimate: {
    taken_at: ago(7_200_000), about: 'fewer than 100 users, existing Aurora', prices_read: '2026-11-26', total: 62.05,
    lines: [
      { part: 'network', resource: 'Nat', what: 'hours', quantity: 730, unit: 'hour', usd: 32.85 },
      { part: 'service', resource: 'Balancer', what: 'hours', quantity: 730, unit: 'hour', usd: 16.43 },
      { part: 'observe', resource: 'Grafana', what: 'viewers', quantity: 2, unit: 'active viewer a month', usd: 10 },
      { part: 'data', resource: 'RootKey', what: 'keys', quantity: 2.77, unit: 'key a month', usd: 2.77 },
    ],
  },
  spending: {
    taken_at: ago(3_600_000), start: ago(31 * 86_400_000).slice(0, 10), end: ago(0).slice(0, 10), forecast: 41.5, budget: 150,
    days: Object.fromEntries(
      Array.from({ length: 31 }, (_, at) => [ago((31 - at) * 86_400_000).slice(0, 10), { 'EC2 - Other': 1.1 + at / 40, 'Amazon Elastic Container Service': 0.9, AmazonCloudWatch: at === 22 ? 4.2 : 0.3 }]),
    ),
    components: { Networking: 45.2, Compute: 27.9, '(none)': 3.2 }, anomalies: ['2026-11-20: AmazonCloudWatch, 3.90 USD more than expected'],
  },
  tags: { taken_at: ago(86_400_000), resources: 61, gaps: [{ arn: 'arn:aws:s3:::observability-recordings-prod', faults: ['Owner is missing'] }] },
  verification: {
    taken_at: ago(86_400_000), about: 'Stage prod in eu-central-1',
    rows: [
      { id: '1.1-AC1', criterion: 'VPC of /24 in two zones', how: 'EC2: addresses and zones', state: 'pass', evidence: 'vpc-1 10.0.0.0/24' },
      { id: '1.3-AC2', criterion: 'Recordings go after 30 days', how: 'S3: lifecycle', state: 'fail', evidence: 'no rule ends them' },
      { id: '1.4-AC6', criterion: 'The monthly review of cost is documented', how: 'by a person', state: 'human', evidence: 'read docs/how-to/deploy-on-aws.md' },
    ],
  },
};

/** @param {any[]} list @param {Record<string, any>} body */
function made(list, body) {
  const now = new Date().toISOString();
  const one = { description: '', tiles: [], ...body, uuid: randomUUID(), created_at: now, changed_at: now };
  list.push(one);
  return one;
}

/** @param {Asked} asked @param {string} reason */
function erased(asked, reason) {
  const count = (/** @type {string} */ name) => asked.body[name]?.length ?? 0;
  const one = {
    id: String(of(asked).erasures.length + 1), reason, visitors: count('visitors'), visits: count('visits'), persons: count('persons') + count('named'),
    rows: 52, done: 1, requested_at: ago(0), finished_at: ago(0),
  };
  of(asked).erasures.unshift(one);
  return one;
}
