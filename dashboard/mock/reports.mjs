// @ts-check
/** Reports of the mock: made-up numbers of the right shape, the same for the same question. A page adds its report here. */

const DAY_MS = 86_400_000;
const DAYS = /** @type {Record<string, number>} */ ({ today: 1, yesterday: 1, '7d': 7, '28d': 28, '30d': 30, this_month: 30, this_year: 365, all: 365 });
const VALUES = /** @type {Record<string, string[]>} */ ({
  path: ['/', '/pricing', '/docs', '/blog/launch', '/sign-up'],
  channel: ['direct', 'search', 'social', 'referral', 'mail'],
  referrer: ['', 'search.example', 'news.example', 'social.example'],
  country: ['CH', 'DE', 'NL', 'US', 'JP'],
  device: ['desktop', 'mobile', 'tablet'],
  browser: ['chrome', 'safari', 'firefox', 'edge'],
  event: ['sign-up', 'add-to-cart', 'purchase'],
});
const METRICS = ['visitors', 'visits', 'views', 'events', 'bounces', 'bounce_rate', 'total_duration_ms', 'duration_s', 'views_per_visit', 'engagement_ms', 'engagement_s'];

/** A wave, so that charts have a shape. @param {number} place @param {number} size */
const wave = (place, size) => Math.round(size * (1 + 0.5 * Math.sin(place / 2.2) + 0.2 * Math.sin(place * 3.1)));

/** @param {string} metric @param {number} place */
function amount(metric, place) {
  if (metric === 'bounce_rate') return 0.4 + (place % 7) / 50;
  if (metric === 'views_per_visit') return 2 + (place % 5) / 4;
  if (metric.endsWith('_s')) return 60 + (place % 9) * 7;
  if (metric.endsWith('_ms')) return 60_000 * (60 + place);
  return wave(place, metric === 'views' ? 240 : 100);
}

/** @param {URLSearchParams} query */
function period(query) {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const start = query.get('start');
  const from_ms = start ? Date.parse(start) || Number(start) : today - ((DAYS[query.get('range') ?? '30d'] ?? 1) - 1) * DAY_MS;
  const end = query.get('end');
  return { from_ms, to_ms: end ? (Date.parse(end) || Number(end)) + DAY_MS : today + DAY_MS, zone: 'UTC' };
}

/** @param {{ from_ms: number, to_ms: number, zone: string }} found */
const before = ({ from_ms, to_ms, zone }) => ({ from_ms: from_ms - (to_ms - from_ms), to_ms: from_ms, zone });

/** @param {{ from_ms: number, to_ms: number }} found @param {string[]} metrics @param {number} step */
function buckets({ from_ms, to_ms }, metrics, step) {
  const count = Math.min(1000, Math.max(1, Math.ceil((to_ms - from_ms) / step)));
  return Array.from({ length: count }, (_, place) => ({
    begins: new Date(from_ms + place * step).toISOString(),
    begins_ms: from_ms + place * step,
    ...Object.fromEntries(metrics.map((metric) => [metric, amount(metric, place)])),
  }));
}

/** @param {string} by @param {string[]} metrics @param {number} limit */
const rows = (by, metrics, limit) =>
  (VALUES[by] ?? ['one', 'two', 'three']).slice(0, limit).map((text, place) => ({
    [by]: text,
    ...Object.fromEntries(metrics.map((metric) => [metric, metric.endsWith('_rate') ? 0.4 : Math.round(900 / (place + 1))])),
  }));

/** @type {Record<string, (query: URLSearchParams) => unknown>} */
export const REPORTS = {
  overview: (query) => {
    const found = period(query);
    const compares = query.get('compare') !== 'none';
    return {
      period: found,
      compared: compares ? before(found) : null,
      rows: METRICS.map((metric, place) => {
        const [value, then] = [amount(metric, place + 3), amount(metric, place + 1)];
        return { metric, value, before: compares ? then : null, change: compares ? (value - then) / then : null };
      }),
    };
  },
  series: (query) => {
    const found = period(query);
    const hours = found.to_ms - found.from_ms <= 3 * DAY_MS;
    const step = hours ? 3_600_000 : DAY_MS;
    const compares = !['none', null].includes(query.get('compare'));
    return {
      period: found,
      unit: hours ? 'hour' : 'day',
      compared: compares ? before(found) : null,
      rows: buckets(found, query.getAll('metric'), step),
      before: compares ? buckets(before(found), query.getAll('metric'), step) : [],
    };
  },
  breakdown: (query) => ({
    period: period(query),
    by: query.getAll('by'),
    rows: rows(query.get('by') ?? 'path', query.getAll('metric'), Number(query.get('limit') ?? 50)),
    more: false,
  }),
  realtime: () => {
    const now = Math.floor(Date.now() / 60_000) * 60_000;
    return {
      active: 7, visitors: 31, views: 74, events: 12,
      minutes: buckets({ from_ms: now - 30 * 60_000, to_ms: now }, ['visitors', 'views'], 60_000),
      pages: rows('path', ['visitors', 'views'], 9), referrers: rows('referrer', ['visitors', 'views'], 9), countries: rows('country', ['visitors', 'views'], 9),
      rows: (VALUES.path ?? []).map((path, place) => ({
        created_ms: Date.now() - place * 9000, visit: String(place + 1), visitor: String(place + 1), type: 'view', hostname: 'shop.example',
        path, title: '', referrer: '', event: '', properties: '', tag: '', engagement_ms: 0,
      })),
    };
  },
  activity: (query) => ({
    period: period(query), next: null,
    rows: [{ created_ms: Date.now() - 4000, visit: '1', visitor: '1', type: 'page', hostname: 'shop.example', path: '/', title: '', referrer: '', event: '', properties: '', tag: '', engagement_ms: 0 }],
  }),
  funnel: (query) => {
    const steps = query.getAll('step');
    const counts = steps.map((_, place) => Math.round(900 / (place + 1) ** 1.4));
    return {
      period: period(query),
      rows: steps.map((step, place) => ({
        step, visitors: counts[place], dropped: place ? (counts[place - 1] ?? 0) - (counts[place] ?? 0) : 0,
        of_previous: place ? (counts[place] ?? 0) / (counts[place - 1] ?? 1) : 1, of_first: (counts[place] ?? 0) / (counts[0] ?? 1),
      })),
    };
  },
  'funnel-drops': (query) => ({
    period: period(query), visitors: 240,
    rows: Array.from({ length: 9 }, (_, place) => ({ visitor: String(place + 1), visit: String(100 + place), at_ms: Date.now() - place * 7_200_000, path: '/' })),
  }),
  goals: (query) => ({ period: period(query), visitors: 900, rows: query.getAll('goal').map((goal, place) => ({ goal, visitors: 120 - place * 9, visits: 140 - place * 9, events: 160, rate: 0.13 })) }),
  journeys: (query) => ({
    period: period(query),
    rows: [['/', '/pricing', '/sign-up'], ['/', '/docs', '/docs/start'], ['/', '/pricing', '/docs'], ['/blog/launch', '/', '/pricing']].map((steps, place) => ({ steps, visits: 300 - place * 61 })),
  }),
  retention: (query) => {
    const unit = query.get('unit') ?? 'week';
    const step = { day: 1, week: 7, month: 30 }[unit] ?? 7;
    const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    return {
      period: period(query), unit,
      rows: [3, 2, 1, 0].flatMap((back) =>
        Array.from({ length: back + 1 }, (_, after) => ({
          begins: '', begins_ms: today - back * step * DAY_MS, size: 100 + back * 9, after, visitors: after ? Math.round(40 / after) : 100 + back * 9, rate: 0.4,
        })),
      ),
    };
  },
  attribution: (query) => ({ period: period(query), model: query.get('model'), by: query.get('by'), rows: (VALUES.channel ?? []).map((value, place) => ({ value, conversions: 40 - place * 7, visitors: 60 - place * 9 })) }),
  revenue: (query) => {
    const found = period(query);
    const row = (/** @type {string | null} */ value, /** @type {string | null} */ begins, /** @type {number} */ place) => ({
      currency: 'EUR', value, begins, revenue: 900 - place * 40, orders: 20 - (place % 9), buyers: 18 - (place % 9), per_order: 45, per_buyer: 50,
    });
    if (query.get('unit')) return { period: found, rows: buckets(found, [], DAY_MS).slice(0, 28).map(({ begins }, place) => row(null, begins.slice(0, 10), place % 12)) };
    return { period: found, rows: query.get('by') ? (VALUES.country ?? []).map((value, place) => row(value, null, place * 3)) : [row(null, null, 0)] };
  },
  properties: (query) => ({ period: period(query), complete: true, rows: [{ event: query.get('event') ?? '', key: 'plan', type: 'text', events: 90 }, { event: query.get('event') ?? '', key: 'seats', type: 'number', events: 88 }] }),
  'property-values': (query) => ({
    period: period(query), key: query.get('key'), numbers: { average: null, count: 0, least: null, most: null, sum: null },
    rows: ['free', 'pro', 'team'].map((value, place) => ({ value, type: 'text', events: 60 - place * 17, visitors: 40 - place * 9 })),
  }),
};
