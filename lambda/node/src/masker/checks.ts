/** The named checks of detectors, which say whether what matched really is one. The twin of `detectors/checks.py`. */

import { isIPv6 } from 'node:net';
import { fold } from './names.ts';
import type { Export } from './rules.ts';

export type Check = (text: string, start: number, end: number) => boolean;
type Tables = Export['tables'];

const digitsOf = (text: string): string => text.replace(/[^0-9]+/g, '');
const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';
const set = (listed: string): Set<string> => new Set(listed.split(' '));

// ---- cards and accounts --------------------------------------------------------------------------------------------

const DOUBLED = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
const luhn = (digits: string): boolean => {
  let total = 0;
  for (let at = digits.length - 1, second = false; at >= 0; at -= 1, second = !second) total += second ? DOUBLED[Number(digits[at])]! : Number(digits[at]);
  return total % 10 === 0;
};

/** Whether some scheme issues numbers of this prefix and length, and the check digit holds. */
export const isCard = (digits: string, { card_ranges: ranges }: Tables): boolean => {
  if (digits.length < 13 || digits.length > 19) return false;
  const issued = ranges.some(([first, last, lengths]) => {
    const prefix = Number(digits.slice(0, String(first).length));
    return lengths.includes(digits.length) && prefix >= first && prefix <= last;
  });
  return issued && luhn(digits);
};

// What follows the check digits of an account number, by country: n digits, a letters, c either.
const ACCOUNTS: Record<string, string> = {
  AD: '8n12c', AE: '19n', AL: '8n16c', AT: '16n', AZ: '4a20c', BA: '16n', BE: '12n', BF: '2c22n', BG: '4a6n8c', BH: '4a14c',
  BI: '23n', BJ: '2c22n', BR: '23n1a1c', BY: '4c4n16c', CF: '23n', CG: '23n', CH: '5n12c', CI: '2c22n', CM: '23n', CR: '18n',
  CV: '21n', CY: '8n16c', CZ: '20n', DE: '18n', DJ: '23n', DK: '14n', DO: '4c20n', DZ: '22n', EE: '16n', EG: '25n', ES: '20n',
  FI: '14n', FK: '2a12n', FO: '14n', FR: '10n11c2n', GA: '23n', GB: '4a14n', GE: '2a16n', GI: '4a15c', GL: '14n', GN: '23n',
  GQ: '23n', GR: '7n16c', GT: '4c20c', GW: '2c19n', HN: '4a20n', HR: '17n', HU: '24n', IE: '4a14n', IL: '19n', IQ: '4a15n',
  IR: '22n', IS: '22n', IT: '1a10n12c', JO: '4a4n18c', KM: '23n', KW: '4a22c', KZ: '3n13c', LB: '4n20c', LC: '4a24c',
  LI: '5n12c', LT: '16n', LU: '3n13c', LV: '4a13c', LY: '21n', MA: '24n', MC: '10n11c2n', MD: '2c18c', ME: '18n', MG: '23n',
  MK: '3n10c2n', ML: '2c22n', MN: '16n', MR: '23n', MT: '4a5n18c', MU: '4a19n3a', MZ: '21n', NE: '2a22n', NI: '4a20n',
  NL: '4a10n', NO: '11n', OM: '3n16c', PK: '4a16c', PL: '24n', PS: '4a21c', PT: '21n', QA: '4a21c', RO: '4a16c', RS: '18n',
  RU: '14n15c', SA: '2n18c', SC: '4a20n3a', SD: '14n', SE: '20n', SI: '15n', SK: '20n', SM: '1a10n12c', SN: '2c22n', SO: '19n',
  ST: '21n', SV: '4a20n', TD: '23n', TG: '2c22n', TL: '19n', TN: '20n', TR: '5n1n16c', UA: '6n19c', VA: '18n', VG: '4a16n',
  XK: '16n', YE: '4a4n18c',
}; // prettier-ignore
const CLASSES: Record<string, string> = { n: '[0-9]', a: '[A-Z]', c: '[A-Z0-9]' };
const accounts = new Map<string, RegExp>();

const isIban = (compact: string): boolean => {
  const country = compact.slice(0, 2);
  const structure = ACCOUNTS[country];
  if (!structure) return false;
  let pattern = accounts.get(country);
  if (!pattern) {
    const parts = [...structure.matchAll(/([0-9]+)([nac])/g)].map(([, size, kind]) => `${CLASSES[kind!]}{${size}}`);
    pattern = new RegExp(`^[A-Z]{2}[0-9]{2}${parts.join('')}$`);
    accounts.set(country, pattern);
  }
  if (!pattern.test(compact)) return false;
  let rest = 0;
  for (const char of compact.slice(4) + compact.slice(0, 4)) for (const digit of String(parseInt(char, 36))) rest = (rest * 10 + Number(digit)) % 97;
  return rest === 1;
};

// ---- networks ------------------------------------------------------------------------------------------------------

const NO_DOMAINS = set(
  'png jpg jpeg gif svg webp avif ico bmp css scss less js mjs cjs jsx tsx map json html htm xml yml yaml toml lock md txt pdf woff ' +
    'woff2 ttf otf mp3 mp4 webm service socket timer target mount slice scope exe dll py java rb rs go php',
);
const PUBLIC_USERS = set('git hg svn user username anonymous ftp');
const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const OCTETS = new RegExp(`^(${OCTET})((?:\\.${OCTET}){3})$`);
const VERSION = /(?:^|[^A-Za-z])(?:v|ver|version|release|build|section|chapter|clause|firmware|rev|revision|oid|rule|fig|figure|rv)[ .:="'#/]{0,3}$/i;

const mailDomain: Check = (text, start, end) => {
  const found = text.slice(start, end);
  const at = found.lastIndexOf('@');
  const [local, domain] = at < 0 ? ['', found] : [found.slice(0, at), found.slice(at + 1)];
  if (!local.replace(/^[.']+|[.']+$/g, '') || NO_DOMAINS.has(domain.slice(domain.lastIndexOf('.') + 1).toLowerCase())) return false;
  if (/^[0-9]+\.[0-9]+/.test(domain) && !/^[0-9.]+$/.test(domain)) return false;
  return !(PUBLIC_USERS.has(local.toLowerCase()) && /^[:/]/.test(text.slice(end, end + 1)));
};

const versioned = (before: string): boolean => {
  if (/\p{L}$/u.test(before.slice(-5).replace(/[ .:="'#/\n]+$/, '')) && VERSION.test(before)) return true;
  return before.slice(-2).includes('/') && /[A-Za-z][A-Za-z0-9_.-]{0,40}\/$/.test(before) && !before.slice(-10).includes('://');
};

const ipv4: Check = (text, start, end) => {
  const octets = OCTETS.exec(text.slice(start, end));
  if (!octets || ['0', '127', '255'].includes(octets[1]!)) return false;
  if (octets[0].endsWith('.0') && (octets[2] === '.0.0.0' || /^\/[0-9]{1,2}(?![0-9])/.test(text.slice(end, end + 4)))) return false;
  if (start && versioned(text.slice(Math.max(0, start - 48), start))) return false;
  return !/^[-+_]?[A-Za-z]/.test(text.slice(end, end + 2));
};

const ipv6: Check = (text, start, end) => {
  const written = text.slice(start, end);
  const groups = written.split(':').filter(Boolean);
  if (groups.length < 2 || !/[0-9]/.test(written)) return false;
  if (written.includes('::') && (groups[0]!.length < 3 || groups.join('').length < 4)) return false;
  return isIPv6(written) && !/^[0:]+[01]?$/.test(written);
};

const userinfo: Check = (text, start, end) => {
  const found = text.slice(start, end);
  const colon = found.indexOf(':');
  if (colon >= 0) {
    const password = found.slice(colon + 1);
    return password !== '' && !/^\*+$/.test(password) && !/^\[[a-z_]+\]$/.test(password);
  }
  return found.length >= 16 && /[0-9]/.test(found);
};

// ---- telephones ----------------------------------------------------------------------------------------------------

const CALLING = set(
  '1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 ' +
    '98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 ' +
    '247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 ' +
    '356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 ' +
    '509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 ' +
    '808 850 852 853 855 856 870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979 992 ' +
    '993 994 995 996 998',
);
const withoutExtension = (written: string): string => written.replace(/(?:x|ext|extension|#).*$/i, '');
const telephone = (written: string): string => digitsOf(withoutExtension(written));
const kinds = (text: string): number => new Set(text).size;

const e164: Check = (text, start, end) => {
  const written = text.slice(start, end);
  let digits = telephone(written.replace('(0)', ''));
  if (written.replace(/^\(+/, '').startsWith('00')) digits = digits.slice(2);
  if (digits.length < 8 || digits.length > 15 || kinds(digits.slice(1)) === 1) return false;
  if (digits[0] === '1') return digits.length === 11;
  return [1, 2, 3].some((size) => CALLING.has(digits.slice(0, size)));
};

const nanp: Check = (text, start, end) => {
  const written = withoutExtension(text.slice(start, end)).trim();
  let digits = digitsOf(written);
  if (!/[(/]/.test(written) && new Set(written.match(/[ .-]/g) ?? []).size > 1) return false;
  if (digits.length === 11 && digits[0] === '1') digits = digits.slice(1);
  return digits.length === 10 && !'01'.includes(digits[0]!) && kinds(digits) > 1;
};

const trunk: Check = (text, start, end) => {
  const digits = telephone(text.slice(start, end));
  return digits.length >= 9 && digits.length <= 12 && kinds(digits) > 2;
};

/** A function carries no plan of the world's numbers: where a name says `phone`, a number is masked. */
const phone: Check = (text, start, end) => {
  const written = text.slice(start, end);
  const digits = telephone(written);
  return digits.length >= 6 && digits.length <= 15 && !/^[0-9]+\.[0-9]{1,3}$/.test(written);
};

// ---- shapes and words ----------------------------------------------------------------------------------------------

const oneSeparator: Check = (text, start, end) => new Set(text.slice(start, end).split(/[0-9]+/).filter(Boolean)).size <= 1;

const notDecimal: Check = (text, start, end) => {
  if (start >= 2 && '.,'.includes(text[start - 1]!) && isDigit(text[start - 2])) return false;
  return !(text[end] === '.' && (/^[0-9]+/.exec(text.slice(end + 1))?.[0].length ?? 0) > 2);
};

const notHex: Check = (text, start, end) => {
  if (text.slice(Math.max(0, start - 2), start).toLowerCase() === '0x') return false;
  const left = /[0-9a-fA-F]{0,64}$/.exec(text.slice(Math.max(0, start - 64), start))![0];
  const right = /^[0-9a-fA-F]{0,64}/.exec(text.slice(end, end + 64))![0];
  return left.length + right.length < 6 || !/[a-fA-F]/.test(left + right);
};

const alone: Check = (text, start, end) => {
  if (/^(?:[0-9]{2}([ ./-])[0-9]{2}\1[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2})/.test(text.slice(start, end))) return false;
  const joined = /[-.()/+]/.test(text.slice(start, end)) ? '-.' : ' ,';
  if (start >= 2 && joined.includes(text[start - 1]!) && isDigit(text[start - 2])) return false;
  if (end < text.length && joined.includes(text[end]!) && isDigit(text[end + 1])) return false;
  return joined === '-.' || !/(?<![A-Za-z])[MmLlHhVvCcSsQqTtAaZz] ?$/.test(text.slice(Math.max(0, start - 3), start));
};

const noRow: Check = (text, start, end) =>
  !/(?:[0-9]{4}[ ,]){2}$/.test(text.slice(Math.max(0, start - 10), start)) && !/^(?:[ ,][0-9]{4}){2}/.test(text.slice(end, end + 10));

const ssn: Check = (text, start, end) => {
  const digits = digitsOf(text.slice(start, end));
  if (digits.length !== 9 || kinds(digits) === 1) return false;
  const [area, group, serial] = [digits.slice(0, 3), digits.slice(3, 5), digits.slice(5)];
  if (area === '000' || area === '666' || group === '00' || serial === '0000') return false;
  return area < '900' || Number(group) >= 50;
};

const IDENTIFIERS =
  /(?:^|_)(?:id|ids|uuid|guid|version|port|ref|order|invoice|request|trace|timestamp|ts|time|date|ms|count|size|sku|isbn|ean|gtin|upc|imei|build|commit|revision|sha|hash|etag|digest|checksum|line|row|page|duration|expires|index)$/;

const SAID = set(
  'required invalid incorrect wrong missing changed updated reset expired empty too not must should cannot can will was been being the ' +
    'your a an this that it set weak strong same different correct valid hidden masked encrypted hashed stored protected short long here ' +
    'there below above only never always now also used needed optional new old sent unknown null none undefined true false string number ' +
    'boolean redacted filtered secret confirmed forgotten compromised',
);

const passwordLike: Check = (text, start, end) => {
  const said = text.slice(start, end).replace(/[.,;:!?)]+$/, '');
  if (!said || SAID.has(said.toLowerCase()) || /^[*•.x_-]*$/.test(said)) return false;
  return /[^\p{L}]/u.test(said) || !(/^\P{Lu}*$/u.test(said) || /^\p{Lu}\P{Lu}*$/u.test(said));
};

/** Bits per character. */
export const entropy = (text: string): number => {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let found = 0;
  for (const count of counts.values()) found -= (count / text.length) * Math.log2(count / text.length);
  return found;
};

const randomLooking: Check = (text, start, end) => {
  const token = text.slice(start, end);
  const several = [/[0-9]/, /[a-z]/, /[A-Z]/].filter((one) => one.test(token)).length >= 2;
  return several && /[0-9]/.test(token) && entropy(token) >= Math.min(3, 0.7 * Math.log2(token.length));
};

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** The checks by their names in the dictionary. */
export const checks = (tables: Tables): Record<string, Check> => ({
  alone,
  card: (text, start, end) => isCard(digitsOf(text.slice(start, end)), tables),
  e164,
  five_digits: (text, start, end) => count(text.slice(start, end), /[0-9]/g) >= 5,
  has_digit: (text, start, end) => /[0-9]/.test(text.slice(start, end)),
  iban: (text, start, end) => isIban(text.slice(start, end).replace(/[ .-]/g, '').toUpperCase()),
  ipv4,
  ipv6,
  long: (_, start, end) => end - start >= 32,
  mail_domain: mailDomain,
  mrz: (text, start, end) => text.slice(start, end).includes('<<') && count(text.slice(start, end), /</g) >= 4,
  nanp,
  no_row: noRow,
  not_decimal: notDecimal,
  not_hex: notHex,
  not_identifier: (text, start) => !IDENTIFIERS.test(fold(text.slice(Math.max(0, start - 24), start))),
  one_separator: oneSeparator,
  opaque: (text, start, end) => {
    const token = text.slice(start, end);
    return /[0-9]/.test(token) || /\p{Lu}/u.test(token.slice(2)) || kinds(token) > 14;
  },
  password_like: passwordLike,
  phone,
  random_looking: randomLooking,
  ssn,
  trunk,
  userinfo,
});

/** Where an account number that begins at `start` ends, by its country's length; `start` itself if there is none. */
export const fitIban = (text: string, start: number, end: number, { iban_lengths: lengths }: Tables): number => {
  const length = lengths[text.slice(start, start + 2).toUpperCase()] ?? 0;
  let taken = 0;
  for (let at = start; at < end; at += 1) {
    if (' .-'.includes(text[at]!)) continue;
    taken += 1;
    if (taken === length) return at + 1;
  }
  return start;
};
