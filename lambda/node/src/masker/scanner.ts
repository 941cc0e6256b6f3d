/** The scanner: patterns, run only where the shape of a text gives a detector reason. Twin of `detectors/scanner.py`. */

import { checks, fitIban } from './checks.ts';
import { Gates } from './gates.ts';
import { fold } from './names.ts';
import { stronger } from './rules.ts';
import type { Check } from './checks.ts';
import type { Detector, Export, Field } from './rules.ts';

const SHORT = 64; // no pattern that asks for context needs more characters to begin to match
const MAX_LEFT = 64; // RFC 5321: the longest local part

/** A span of personal data. */
export interface Hit {
  start: number;
  end: number;
  field: Field;
}

const member = (klass: string | undefined): ((char: string) => boolean) | undefined => {
  if (!klass) return undefined;
  const pattern = new RegExp(`^[${klass}]$`, 'u');
  return (char) => pattern.test(char);
};
const sought = (word: string): string => (word.endsWith('*') ? `_${fold(word)}` : `_${fold(word)}_`);

class Compiled {
  readonly near: RegExp | undefined;
  private readonly pattern: RegExp;
  private readonly before: ((char: string) => boolean) | undefined;
  private readonly after: ((char: string) => boolean) | undefined;
  private readonly left: ((char: string) => boolean) | undefined;
  private readonly checks: Check[];
  private readonly context: string[];
  private readonly contextAfter: string[];
  private readonly detector: Detector;
  private readonly field: Field;
  private readonly tables: Export['tables'];

  constructor(detector: Detector, field: Field, tables: Export['tables'], known: Record<string, Check>) {
    this.detector = detector;
    this.field = field;
    this.tables = tables;
    this.pattern = new RegExp(detector.pattern, detector.fold_case ? 'dgiu' : 'dgu');
    this.before = member(detector.before);
    this.after = member(detector.after);
    this.left = member(detector.left);
    // A check that this library does not know takes every match.
    this.checks = (detector.checks ?? []).flatMap((name) => known[name] ?? []);
    this.context = (detector.context ?? []).map(sought);
    this.contextAfter = (detector.context_after ?? []).map(sought);
    const words = [...(detector.context ?? []), ...(detector.context_after ?? [])];
    this.near = words.length ? nearPattern(words) : undefined;
  }

  find(text: string, found: Hit[]): void {
    if (!this.near) {
      this.goOn(text, 0, Infinity, found);
      return;
    }
    // Only what stands near a word of the context can count.
    const reach = this.detector.reach ?? 40;
    const lower = lowered(text);
    let done = 0;
    this.near.lastIndex = 0;
    for (let word = this.near.exec(lower); word; word = this.near.exec(lower)) {
      const start = Math.max(done, word.index - (this.contextAfter.length ? reach + MAX_LEFT : 0));
      const end = word.index + word[0].length;
      done = this.goOn(text, start, end + reach, found);
      this.near.lastIndex = Math.max(done, end, word.index + 1);
    }
  }

  private goOn(text: string, from: number, last: number, found: Hit[]): number {
    let at = from;
    for (let match = this.next(text, at, last); match && match.index <= last; match = this.next(text, at, last)) {
      const matched = match.index + match[0].length;
      const span = match.indices![this.detector.group ?? 0];
      let [start, end] = span ?? [text.length, text.length];
      if (this.left) start = this.extended(text, start);
      if (this.detector.fit === 'iban') end = fitIban(text, start, end, this.tables);
      if (start < end && this.holds(text, start, end)) {
        found.push({ start, end, field: this.field });
        at = Math.max(end, match.index + 1);
      } else at = this.detector.rescan ? match.index + 1 : Math.max(matched, match.index + 1);
    }
    return at;
  }

  /** The next match that begins by `last`; what lies further on is not read. */
  private next(text: string, at: number, last: number): RegExpExecArray | null {
    this.pattern.lastIndex = at;
    if (!this.near) return this.pattern.exec(text);
    const end = last + SHORT;
    const match = this.pattern.exec(end < text.length ? text.slice(0, end) : text);
    if (!match || end >= text.length || match.index + match[0].length < end) return match;
    this.pattern.lastIndex = match.index;
    return this.pattern.exec(text);
  }

  private extended(text: string, start: number): number {
    const lowest = Math.max(0, start - MAX_LEFT);
    let begin = start;
    while (begin > lowest && this.left!(text[begin - 1]!)) begin -= 1;
    while (begin < start && ".-'".includes(text[begin]!)) begin += 1;
    return begin < start || this.detector.left_optional ? begin : text.length;
  }

  private holds(text: string, start: number, end: number): boolean {
    if (this.before && start && this.before(text[start - 1]!)) return false;
    if (this.after && end < text.length && this.after(text[end]!)) return false;
    if (this.context.length && !this.announced(text, start, end)) return false;
    return this.checks.every((check) => check(text, start, end));
  }

  private announced(text: string, start: number, end: number): boolean {
    const reach = this.detector.reach ?? 40;
    const before = `_${fold(text.slice(Math.max(0, start - reach), start))}_`;
    if (this.context.some((word) => before.includes(word))) return true;
    if (!this.contextAfter.length) return false;
    const after = `_${fold(text.slice(end, end + reach))}_`;
    return this.contextAfter.some((word) => after.includes(word));
  }
}

/** Lower case, every character where it stood: some letters beyond ASCII become two. */
const lowered = (text: string): string => {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text.replace(/[A-Z]/g, (char) => char.toLowerCase());
};

/** A pattern for the words of a context: `date_of_birth` is also `dateofbirth` and `date of birth`. */
const nearPattern = (words: string[]): RegExp => {
  const stems: string[] = [];
  for (const stem of [...new Set(words.map((word) => (fold(word).includes('_') ? fold(word) : fold(word).slice(0, 6))))].sort()) {
    if (!stems.length || !stem.startsWith(stems.at(-1)!)) stems.push(stem);
  }
  return new RegExp(stems.map((stem) => stem.replaceAll('_', '[^A-Za-z0-9]{0,8}')).join('|'), 'g');
};

/** All detectors of a dictionary; each is compiled when its gate first opens. */
export class Scanner {
  private readonly detectors: Detector[];
  private readonly fields: Map<string, Field>;
  private readonly tables: Export['tables'];
  private readonly gates: Gates;
  private readonly ready: Compiled[] = [];
  private readonly known: Record<string, Check>;

  constructor(detectors: Detector[], fields: Map<string, Field>, names: string[], tables: Export['tables']) {
    this.detectors = detectors;
    this.fields = fields;
    this.tables = tables;
    this.known = checks(tables);
    this.gates = new Gates(detectors, names);
  }

  /** The spans, unmerged, and whether some word stands there that may announce a value. */
  scan(text: string): { hits: Hit[]; worded: boolean } {
    const bits = this.gates.opened(text);
    const hits: Hit[] = [];
    if (bits > 1n) {
      this.detectors.forEach((detector, index) => {
        if (!((bits >> BigInt(index + 1)) & 1n)) return;
        this.ready[index] ??= new Compiled(detector, this.fields.get(detector.field)!, this.tables, this.known);
        this.ready[index].find(text, hits);
      });
    }
    return { hits, worded: (bits & 1n) === 1n };
  }
}

/** Overlapping spans as one, of the strongest field among them. */
export const merged = (hits: Hit[]): Hit[] => {
  const result: Hit[] = [];
  for (const hit of [...hits].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const held = result.at(-1);
    if (held && hit.start < held.end) {
      held.end = Math.max(held.end, hit.end);
      if (stronger(hit.field, held.field)) held.field = hit.field;
    } else result.push({ ...hit });
  }
  return result;
};
