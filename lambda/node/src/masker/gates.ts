/** Gates: which detectors a text gives reason to run, told by look-ups. The twin of `detectors/gates.py`. */

import { isAscii } from './normal.ts';
import { fold } from './names.ts';
import type { Detector } from './rules.ts';

const PREFIX = 4;
const SHORT = 12; // a longer run of hexadecimal characters is an identifier and holds no words
const SECRET = 12; // no known key is shorter
const MEMO = 8192;
const WORD = /[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+/g;
const CLUSTER = /[0+(][0./()+-]*0/g;
// How little a word tells: of a phrase the most telling word is looked for.
const COMMON = new Map<string, number>();
for (const [rank, listed] of [
  [1, 'key number no num address first access card mail home'],
  [2, 'last user api date set source group page time code type data from to request client host file connection account body sort push old payment'],
  [3, 'is of on your my the id name message line app me service'],
] as const) {
  for (const word of listed.split(' ')) COMMON.set(word, rank);
}

/** Bits of detectors, by index; 0 stands for names that announce a value. */
export type Bits = bigint;
const NONE: Bits = 0n;

export const wordsOf = (text: string): string[] => (text.match(WORD) ?? []).map((word) => word.toLowerCase());

export class Gates {
  private readonly exact = new Map<string, Bits>();
  private readonly begins = new Map<string, [string, Bits][]>();
  private readonly pairs = new Set<string>();
  private readonly prefixes = new Map<string, Bits>();
  private readonly needles: [string, Bits][] = [];
  private readonly digits: [string, number, Bits][] = [];
  private readonly shapes: [string, Bits][] = [];
  private readonly colons: [number, Bits][] = [];
  private readonly all: Bits;
  private always = NONE;
  private readonly judged = new Map<string, Bits>();
  private readonly shaped = new Map<string, Bits>();

  constructor(detectors: Detector[], names: string[]) {
    for (const name of names) this.addWords(name, 1n);
    detectors.forEach((detector, index) => this.add(detector, 1n << BigInt(index + 1)));
    this.all = (1n << BigInt(detectors.length + 1)) - 1n;
  }

  /** The gates that are open for a text. */
  opened(text: string): Bits {
    let bits = this.always;
    const lower = text.toLowerCase();
    for (const token of text.split(/[^A-Za-z0-9_.-]+/)) if (token) bits |= this.remembered(this.judged, token, this.judge);
    for (const [needle, opens] of this.needles) if ((bits & opens) !== opens && lower.includes(needle)) bits |= opens;
    if (!isAscii(text)) bits |= 1n | (text.length < 4096 ? this.among(fold(text).split('_')) : this.all);
    const shape = text.replace(/[0-9]/g, '0').replace(/[ _]/g, '-');
    for (const [run] of shape.matchAll(CLUSTER)) bits |= this.remembered(this.shaped, run, this.cluster);
    for (const [least, opens] of this.colons) if (text.split(':').length > least) bits |= opens;
    return bits;
  }

  private add(detector: Detector, bit: Bits): void {
    const { words = [], context = [], context_after: after = [], prefixes = [], digits = [], tokens = [], contains = [], colons = 0 } = detector;
    for (const phrase of [...words, ...context, ...after]) this.addWords(phrase, bit);
    for (const prefix of prefixes) this.prefixes.set(prefix.toLowerCase(), (this.prefixes.get(prefix.toLowerCase()) ?? NONE) | bit);
    for (const part of digits) this.digits.push([part, detector.at_least ?? 0, bit]);
    for (const part of tokens) this.shapes.push([part, bit]);
    for (const needle of contains) this.needles.push([needle.toLowerCase(), bit]);
    if (colons) this.colons.push([colons, bit]);
    const gates = [words, context, after, prefixes, digits, tokens, contains].some((one) => one.length) || colons;
    if (!gates) this.always |= bit;
  }

  /** Know a phrase by one of its words; `foo*` stands for every word that begins so. */
  private addWords(phrase: string, bit: Bits): void {
    const found = wordsOf(phrase);
    if (!found.length) return;
    const rank = (word: string): number => (word.length > 1 ? (COMMON.get(word) ?? 0) : 3);
    const key = found.reduce((a, b) => (rank(b) < rank(a) ? b : a));
    if (bit === 1n && found.length === 2 && (COMMON.get(key) ?? 0) > 1) {
      this.pairs.add(found.join(''));
      this.needles.push([found.join(' '), 1n]);
      return;
    }
    if (phrase.endsWith('*') && key === found.at(-1) && key.length >= PREFIX) this.begin(key, bit);
    else this.exact.set(key, (this.exact.get(key) ?? NONE) | bit);
    if (found.length > 1) {
      const joined = found.join('');
      this.exact.set(joined, (this.exact.get(joined) ?? NONE) | bit);
      this.begin(joined, bit);
    }
  }

  private begin(word: string, bit: Bits): void {
    const key = word.slice(0, PREFIX);
    this.begins.set(key, [...(this.begins.get(key) ?? []), [word, bit]]);
  }

  private among(written: Iterable<string>): Bits {
    let found = NONE;
    let before = '';
    for (const one of written) {
      if (!one) continue;
      const word = one.toLowerCase();
      if (this.pairs.has(word) || this.pairs.has(before + word)) found |= 1n;
      before = word;
      found |= this.exact.get(word) ?? NONE;
      if (word.endsWith('s')) found |= this.exact.get(word.slice(0, -1)) ?? NONE;
      for (const [prefix, bit] of this.begins.get(word.slice(0, PREFIX)) ?? []) if (word.startsWith(prefix)) found |= bit;
    }
    return found;
  }

  private readonly judge = (token: string): Bits => {
    if (/^[0-9._-]*$/.test(token)) return NONE;
    let bits = NONE;
    if (!/^[0-9a-fA-F-]*$/.test(token)) {
      const lower = token.toLowerCase();
      if (lower.length >= SECRET) for (const [prefix, opens] of this.prefixes) if (lower.includes(prefix)) bits |= opens;
      const found = (token.match(WORD) ?? []).filter((word) => word.length > 1);
      if (!found.length && !token.includes('_')) return bits;
      bits |= this.among(found);
    } else if (token.length <= SHORT) bits = this.among(token.match(WORD) ?? []);
    const form = token.replace(/[0-9]/g, '0').replace(/[A-Z]/g, 'A').replace(/[a-z]/g, 'a').replaceAll('_', '-');
    for (const [part, opens] of this.shapes) if (form.includes(part)) bits |= opens;
    return bits;
  };

  private readonly cluster = (form: string): Bits => {
    let bits = NONE;
    const size = form.split('0').length - 1;
    for (const [part, least, opens] of this.digits) if (size >= least && form.includes(part)) bits |= opens;
    return bits;
  };

  private remembered(memory: Map<string, Bits>, run: string, answer: (run: string) => Bits): Bits {
    const known = memory.get(run);
    if (known !== undefined) return known;
    const found = answer(run);
    if (run.length <= 64) {
      if (memory.size >= MEMO) memory.clear();
      memory.set(run, found);
    }
    return found;
  }
}
