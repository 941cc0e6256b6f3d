/** Running text, URLs and values, masked. The twin of `masks.py`, `urls.py` and `structures.py`; each fails closed. */

import { entropy, isCard } from './checks.ts';
import { isAscii, normal } from './normal.ts';
import { findPairs } from './pairs.ts';
import { STAR, tag } from './rules.ts';
import { merged } from './scanner.ts';
import type { Field, Rules } from './rules.ts';
import type { Hit } from './scanner.ts';

const MAX_LEAF = 262_144; // characters; a longer text is starred unread
const MEMO_LENGTH = 256;
const ROUNDS = 3;

/** Remember what a masker made of short texts; whatever goes wrong, nothing is shown. */
const remembered =
  (kind: string, masker: (rules: Rules, text: string) => string) =>
  (rules: Rules, text: string): string => {
    const known = rules.memo.get(kind + text);
    if (known !== undefined) return known;
    try {
      const found = masker(rules, text);
      return text.length <= MEMO_LENGTH ? rules.memo.put(kind + text, found) : found;
    } catch {
      return STAR;
    }
  };

const hitsOf = (rules: Rules, text: string): Hit[] => {
  const { hits, worded } = rules.scanner.scan(text);
  if (worded || rules.anyWordAnnounces) hits.push(...findPairs(rules, text));
  return hits.length > 1 ? merged(hits) : hits;
};

/** The spans of personal data in a text; undefined where only its normal form shows some. */
export const find = (rules: Rules, text: string): Hit[] | undefined => {
  const hits = hitsOf(rules, text);
  const form = normal(text);
  if (form !== text) {
    const shown = hits.map((hit) => normal(text.slice(hit.start, hit.end)));
    for (const hit of hitsOf(rules, form)) {
      const at = shown.indexOf(form.slice(hit.start, hit.end));
      if (at < 0) return undefined;
      shown.splice(at, 1);
    }
  }
  return hits;
};

const replaced = (text: string, hits: Hit[]): string => {
  let made = '';
  let at = 0;
  for (const hit of hits) {
    made += text.slice(at, hit.start) + tag(hit.field);
    at = hit.end;
  }
  return made + text.slice(at);
};

/** Running text with every span of personal data replaced by its tag; starred whole where there is no span. */
export const maskText = remembered('t', (rules, given) => {
  if (given.length > MAX_LEAF) return STAR;
  let text = given;
  for (let round = 0; round < ROUNDS; round += 1) {
    const hits = find(rules, text);
    if (!hits) return STAR;
    if (!hits.length) return text;
    text = replaced(text, hits);
  }
  return find(rules, text)?.length === 0 ? text : STAR;
});

export const maskField = (rules: Rules, field: Field | undefined, text: string): string => {
  if (!field) return maskText(rules, text);
  return text && (field.tier === 1 ? tag(field) : STAR);
};

// ---- URLs ----------------------------------------------------------------------------------------------------------

const MAX_URL = 8192;
const MAX_PARTS = 64;
const MAX_SEGMENT = 80;
const WITH_HOST = new Set(['http', 'https', 'ws', 'wss', 'ftp', 'ftps', 'chrome-extension', 'moz-extension', 'app', 'capacitor', 'ionic']);
const RUNS_CODE = new Set(['javascript', 'vbscript', 'data', 'livescript', 'mocha']);
const HOST =
  /^(?:(?:[A-Za-z0-9À-ɏͰ-ϿЀ-ӿ一-鿿_-]{1,63}\.?){1,20}|\[[0-9A-Fa-f:.]{2,45}\]|\[ip_address\])(?::(?:[0-9]{1,5}|\[[a-z][a-z0-9_]{0,31}\]))?$/;

/** A URL without what may be personal; "" for one that carries code or data. */
export const maskUrl = remembered('u', (rules, given) => {
  if (given.length > MAX_URL) return STAR;
  const url = given.trim().replace(/[\x00-\x20\x7f]+/g, '').replaceAll('\\', '/'); // eslint-disable-line no-control-regex
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]{0,31}):/.exec(url);
  const name = scheme?.[1]!.toLowerCase() ?? '';
  // `localhost:8600/x` is no scheme, though it reads like one.
  if (scheme && !(/^[0-9]/.test(url.slice(scheme[0].length)) && !['tel', 'sms', 'callto', 'data'].includes(name))) {
    const rest = url.slice(scheme[0].length);
    if (RUNS_CODE.has(name)) return '';
    if (name === 'about') return rest.startsWith('blank') ? 'about:blank' : 'about:';
    return WITH_HOST.has(name) ? `${name}:${withHost(rules, rest.replace(/^\/+/, ''))}` : `${name}:`;
  }
  return url.startsWith('//') ? withHost(rules, url.replace(/^\/+/, '')) : pathAndQuery(rules, url);
});

const withHost = (rules: Rules, rest: string): string => {
  const end = /[/?#]/.exec(rest)?.index ?? rest.length;
  const host = rest.slice(0, end).slice(rest.slice(0, end).lastIndexOf('@') + 1);
  if (!HOST.test(host)) return host ? `//${STAR}` : '//';
  const at = host.startsWith('[') ? host.indexOf(']') + 1 : `${host}:`.indexOf(':');
  let name = host.slice(0, at);
  const port = host.slice(at);
  if (name.startsWith('[')) name = '[ip_address]';
  else if (maskText(rules, name) !== name) name = /^[0-9]+$/.test(name.replaceAll('.', '')) ? '[ip_address]' : STAR;
  return `//${name.toLowerCase()}${port}${pathAndQuery(rules, rest.slice(end))}`;
};

const pathAndQuery = (rules: Rules, given: string): string => {
  const rest = given.split('#', 1)[0]!;
  const mark = rest.indexOf('?');
  const kept = mark < 0 ? '' : queryOf(rules, rest.slice(mark + 1));
  return maskPath(rules, mark < 0 ? rest : rest.slice(0, mark)) + (kept && `?${kept}`);
};

const maskPath = remembered('p', (rules, path) => {
  let segments = path.split('/');
  if (segments.length > MAX_PARTS) segments = [...segments.slice(0, MAX_PARTS), STAR];
  let owner = '';
  return segments
    .map((written) => {
      const plain = normal(written.split(';', 1)[0]!);
      const shown = segment(rules, plain, written, owner);
      owner = plain.toLowerCase();
      return shown;
    })
    .join('/');
});

const segment = (rules: Rules, plain: string, written: string, owner: string): string => {
  if (!plain || /^(?::[a-z][a-z0-9_]{0,31}|\*{8})$/.test(plain)) return plain;
  if (rules.owners.has(owner) && !rules.places.has(plain.toLowerCase())) return ':id';
  if (plain.length > MAX_SEGMENT || plain.includes(' ') || plain.includes('/')) return ':text';
  if (plain[0] === '@' || plain[0] === '~') return ':username';
  const masked = maskText(rules, plain);
  if (masked !== plain) return /^\[[a-z][a-z0-9_]{0,31}\]$/.test(masked) ? `:${masked.slice(1, -1)}` : ':masked';
  return identifier(plain) ?? written.split(';', 1)[0]!;
};

/** The template of a segment that is a number, a UUID, a hash or a token; undefined for a word. */
const identifier = (text: string): string | undefined => {
  if (/^[0-9]{5,}$/.test(text)) return ':id';
  if (/^[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$/.test(text)) return ':uuid';
  for (const part of text.split(/[-_.~]/)) {
    if (/^[0-9A-Fa-f]{12,}$/.test(part) && /[0-9]/.test(part)) return ':hash';
    if (part.length >= 12 && isRandom(part)) return ':token';
    if (part.length >= 9 && /^[0-9]+$/.test(part)) return ':id';
  }
  return undefined;
};

const isRandom = (part: string): boolean => {
  const digits = part.match(/[0-9]/g)?.length ?? 0;
  let flips = 0;
  for (let at = 1; at < part.length; at += 1) {
    const [a, b] = [part[at - 1]!, part[at]!];
    if (/\p{L}/u.test(a) && /\p{L}/u.test(b) && /\p{Ll}/u.test(a) !== /\p{Ll}/u.test(b)) flips += 1;
  }
  return entropy(part) > 2.9 && ((digits >= 2 && digits < part.length) || flips >= 5);
};

const queryOf = (rules: Rules, query: string): string => {
  if (!query) return '';
  const pairs = query.split(/[&;]/);
  const kept = pairs.slice(0, MAX_PARTS).filter(Boolean).map((pair) => pairOf(rules, pair));
  return (pairs.length > MAX_PARTS ? [...kept, STAR] : kept).join('&');
};

const pairOf = remembered('q', (rules, pair) => {
  const sign = pair.indexOf('=');
  const plain = normal(sign < 0 ? pair : pair.slice(0, sign));
  if (!/^[A-Za-z0-9_.[\]$-]{1,64}$/.test(plain) || maskText(rules, plain) !== plain || identifier(plain)) return STAR;
  const allowed = rules.parameterAllowed(plain);
  if (sign < 0) return allowed ? plain : STAR;
  const value = pair.slice(sign + 1);
  return allowed && !rules.fieldOfParameter(plain) && isHarmless(rules, value) ? `${plain}=${value}` : `${plain}=${STAR}`;
});

const isHarmless = (rules: Rules, value: string): boolean => {
  const plain = normal(value.replaceAll('+', ' '));
  return value.length <= 512 && maskText(rules, plain) === plain && maskText(rules, value) === value;
};

// ---- values --------------------------------------------------------------------------------------------------------

const MAX_DEPTH = 64;
const MAX_NAME = 200;
const URLS = new Set(['url', 'uri', 'href', 'referrer', 'referer', 'page_url', 'request_url', 'document_uri']);

/** A JSON value with everything personal masked, by key and by value, at any depth. */
export const maskJson = (rules: Rules, value: unknown): unknown => {
  try {
    return valueOf(rules, value, undefined, '', 0);
  } catch {
    return STAR;
  }
};

export const valueOf = (rules: Rules, value: unknown, field: Field | undefined, key: string, depth: number): unknown => {
  if (typeof value === 'string') return field ? maskField(rules, field, value) : textOf(rules, value, key, depth);
  if (typeof value === 'number') return numberOf(rules, value, field);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return STAR;
  if (Array.isArray(value)) return value.map((item) => valueOf(rules, item, field, key, depth + 1));
  // What an object under `name` or `address` holds is a name or an address; `card` merely groups.
  const inherited = field && !rules.isContainer(key) ? field : undefined;
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    let below = inherited ?? rules.fieldOfKey(name, key);
    if (!inherited && below && below.tier < 3 && typeof item === 'object' && item !== null && rules.isContainer(name)) below = undefined;
    result[fresh(keyOf(rules, name), result)] = valueOf(rules, item, below, name, depth + 1);
  }
  return result;
};

/** Starred, not tagged: `[email]` would read as the name of an e-mail address. */
export const keyOf = (rules: Rules, name: string): string => (name.length <= MAX_NAME && maskText(rules, name) === name ? name : STAR);

const fresh = (name: string, taken: Record<string, unknown>): string => {
  let found = name;
  for (let number = 2; Object.hasOwn(taken, found); number += 1) found = `${name}#${number}`;
  return found;
};

const numberOf = (rules: Rules, value: number, field: Field | undefined): unknown => {
  if (!Number.isFinite(value)) return null;
  if (field) return maskField(rules, field, String(value));
  const whole = Math.abs(value) >= 1e12 && Number.isInteger(value) ? Math.abs(value) : 0;
  // Moments in ms, µs and ns up to 2033 and 2039; no scheme issues numbers that begin so.
  if (!whole || [1e12, 1e15, 1e18].some((one) => whole >= one && whole < 2 * one)) return value;
  if (whole >= 1e19) return whole < 2 ** 64 ? value : STAR;
  return isCard(BigInt(whole).toString(), rules.tables) ? tag(rules.field('card')) : value;
};

const textOf = (rules: Rules, text: string, key: string, depth: number): string => {
  if (!text) return text;
  const [first, last] = [text[0]!, text.at(-1)!];
  if ('{['.includes(first) && '}]'.includes(last) && text.length <= MAX_LEAF) return embedded(rules, text, depth);
  const isUrl = text.slice(0, 8).includes(':') && /^(?:(?:https?|wss?|ftp):\/\/[^\s"'<>]+|(?:mailto|tel|sms):\S+)$/i.test(text);
  if ((URLS.has(key.toLowerCase()) && !' \t'.includes(first)) || isUrl) return maskUrl(rules, text);
  return cleanText(rules, text);
};

/** JSON within a string of JSON. */
const embedded = (rules: Rules, text: string, depth: number): string => {
  let inner: unknown;
  try {
    inner = JSON.parse(text);
  } catch {
    return cleanText(rules, text);
  }
  const masked = JSON.stringify(valueOf(rules, inner, undefined, '', depth + 1));
  return masked === JSON.stringify(inner) ? text : masked;
};

const urlsCleaned = (rules: Rules, text: string): string =>
  !text.includes('://')
    ? text
    : text.replace(/(?:https?|wss?|ftp):\/\/[^\s"'<>`{}|^]+/gi, (found) => {
        let url = found.replace(/[.,;:!?)\]}]+$/, '');
        if (found[url.length] === ']' && /\[[a-z][a-z0-9_]{0,31}$/.test(url.slice(-34))) url += ']'; // of a mask
        return maskUrl(rules, url) + found.slice(url.length);
      });

/** Running text as a log holds it: URLs are cleaned, then the rest is searched. */
export const cleanText = remembered('c', (rules, given) => {
  if (given.length > MAX_LEAF) return STAR;
  const text = urlsCleaned(rules, given);
  let masked = maskText(rules, text);
  // What was found may have been the end of a URL: `?q=1'jane@example.com`.
  if (masked !== text) masked = urlsCleaned(rules, masked);
  if (masked !== STAR || !text.includes(' ')) return masked;
  // Where only the normal form of a word tells, that word is starred; the whole text only where no single word tells.
  const words = text.split(' ').map((word) => (word && find(rules, word) === undefined ? STAR : word));
  return maskText(rules, words.join(' '));
});

export { isAscii };
