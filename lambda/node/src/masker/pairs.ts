/** Values that running text announces by name: `first_name=Jane`, `"dob": "…"`, `--token x`. Twin of `detectors/pairs.py`. */

import type { Hit } from './scanner.ts';
import type { Field, Rules } from './rules.ts';

const MAX_NAME = 48;
const MAX_VALUE = 256;
const MAX_QUOTED = 4096;
const W = '\\p{L}\\p{N}_'; // as Python's \w
// A name, what may close it, the sign; each part taken whole, so that a text is read once.
const NAMED = new RegExp(
  `(?<![${W}.$-])(?!\\p{Nd})(?=([${W}.$-][${W}.\\[\\]$-]{0,63}))\\1(?=(["'\`\\\\*\\])]{0,4}))\\2(?=( ?))\\3(=>|[=:])(?![/:=])`,
  'gu',
);
const PHRASE = new RegExp(`(?:[\\p{L}][${W}']{0,30} ){1,3}$`, 'u');
const ELEMENT = new RegExp(`<([A-Za-z][${W}:.-]{0,60})>([^<>]{1,1024})</`, 'dgu');
const OPTION = new RegExp(`--([A-Za-z][${W}-]{1,40}) +(["']?)([^\\s"'-][^\\s"']{0,255})`, 'dgu');
const END = new RegExp(`[\\s,;|)}\\]"'<>\\\\]|&(?=$|[${W}.%\\[\\]-]{1,64}=|amp;)`, 'gu');
const PROSE_END = new RegExp(
  `[,;|&\\r\\n\\t)}\\]<>"]|\\\\[nrt"]| [${W}.-]{2,30}[=:]| - | (?:and|with|from|for|at|in|on|was|has|is) `,
  'gu',
);
const OPENERS: Record<string, string> = { ')': '(', '}': '{', ']': '[' };
const MASKED = /^(?:\*{3,}|\[[a-z][a-z0-9_]{0,31}\])/;
const CODE =
  /^(?:(?:this|self|props|values|req|request|process|os|data|form|event|state|params|config|ctx|options|args|settings)[.[]|[$]\{|\{\{|<%|%\(|\$\(|\(|=>|[A-Za-z_.]+\([^)]*\)?$)/;
const set = (listed: string): Set<string> => new Set(listed.split(' '));
const LITERALS = set('null none nil undefined true false yes no nan n/a na - 0 1 ok on off');
const SENTENCE = set(
  'string str number int integer bool boolean any object array unknown text type required optional invalid incorrect missing wrong must ' +
    'should is was not cannot expired reset changed updated failed success denied the your a an please enter too empty valid error ' +
    'unauthorized forbidden enabled disabled set unset default redacted hidden masked filtered see use used new this only never no old ' +
    'varchar char const let function return async await public private readonly void date uuid email password inherit initial auto sent ' +
    'confirmed verified unverified guest anonymous pending active inactive created deleted removed added started ended',
);
const SCHEMES = set('bearer basic token digest negotiate apikey');
// Fields whose values are several words as people write them.
const PROSE = set('person_name address date_of_birth health message employment username location ethnicity vehicle');

/** The values in a text whose name says that they are personal. */
export const findPairs = (rules: Rules, text: string): Hit[] => {
  const found = named(rules, text);
  if (text.includes('</')) found.push(...elements(rules, text));
  if (text.includes('--')) found.push(...options(rules, text));
  return found;
};

const named = (rules: Rules, text: string): Hit[] => {
  const found: Hit[] = [];
  let end = 0;
  for (const match of text.matchAll(NAMED)) {
    if (match.index < end || isHost(text, match)) continue;
    const name = match[1]!;
    let field = rules.fieldOfWord(name);
    if (!field) {
      if (text[match.index - 1] !== ' ' || !rules.endsPhrase(name)) continue;
      field = byPhrase(rules, text, match.index, name);
      if (!field) continue;
    }
    const span = valueOf(text, match.index + match[0].length - 1, field, match[4] === ':');
    if (span) {
      found.push({ start: span[0], end: span[1], field });
      end = span[1];
    }
  }
  return found;
};

/** Whether the name is the host of a URL, and what follows its port: `https://accounts:8443/`. */
const isHost = (text: string, match: RegExpExecArray): boolean =>
  /\/\/\[?$/.test(text.slice(Math.max(0, match.index - 3), match.index)) &&
  /^:[0-9]{1,5}(?![0-9A-Za-z@:%._-])/.test(text.slice(match.index + match[0].length - 1, match.index + match[0].length + 7));

/** `Date of birth:`; the name has to be all of the last words, nothing around it. */
const byPhrase = (rules: Rules, text: string, start: number, last: string): Field | undefined => {
  const words = PHRASE.exec(text.slice(Math.max(0, start - MAX_NAME), start))?.[0].trim().split(/\s+/) ?? [];
  for (let count = words.length; count > 0; count -= 1) {
    const field = rules.fieldOfPhrase([...words.slice(-count), last].join('_'));
    if (field) return field;
  }
  return undefined;
};

const valueOf = (text: string, sign: number, field: Field, colon: boolean): [number, number] | undefined => {
  let start = sign + 1;
  while (start < text.length && start - sign < 5 && text[start] === ' ') start += 1;
  const spaced = colon && start > sign + 1;
  const opening = start;
  if (text[start] === '\\') start += 1;
  if (text[start] && `"'\``.includes(text[start]!)) return quoted(text, start + 1, text.slice(opening, start + 1));
  start = opening;
  if (text[start] === '[' || text[start] === '{') return bracketed(text, start);
  const end = endOf(text, start, field, spaced);
  const value = text.slice(start, end);
  if (!value || harmless(value, spaced) || (field.name === 'message' && !spaced)) return undefined;
  return [start, end];
};

const searched = (pattern: RegExp, text: string, start: number, stop: number): RegExpExecArray | null => {
  pattern.lastIndex = start;
  return pattern.exec(stop < text.length ? text.slice(0, stop) : text);
};

const endOf = (text: string, start: number, field: Field, spaced: boolean): number => {
  if (field.name === 'cookie') {
    const found = /[\r\n"]/.exec(text.slice(start));
    return found ? start + found.index : text.length;
  }
  const stop = Math.min(text.length, start + MAX_VALUE);
  const pattern = PROSE.has(field.name) && spaced ? PROSE_END : END;
  let found = searched(pattern, text, start, stop);
  while (found && OPENERS[found[0]] && text.slice(start, found.index).includes(OPENERS[found[0]]!)) {
    found = searched(pattern, text, found.index + found[0].length, stop);
  }
  let end = found ? found.index : stop;
  if (SCHEMES.has(text.slice(start, end).toLowerCase()) && text[end] === ' ') {
    found = searched(END, text, end + 1, stop);
    end = found ? found.index : stop;
  }
  while (end > start && '.!? '.includes(text[end - 1]!)) end -= 1;
  return end;
};

const quoted = (text: string, start: number, quote: string): [number, number] | undefined => {
  const within = text.slice(0, start + MAX_QUOTED);
  let end = within.indexOf(quote, start);
  while (end > 0 && quote.length === 1 && text[end - 1] === '\\' && text[end - 2] !== '\\') end = within.indexOf(quote, end + 1);
  if (end < 0) end = Math.min(text.length, start + MAX_QUOTED);
  const value = text.slice(start, end);
  return !value || isMask(value) ? undefined : [start, end];
};

/** A flat list in running text is taken whole; the pieces of an object have names of their own. */
const bracketed = (text: string, start: number): [number, number] | undefined => {
  const next = text[start + 1] ?? '';
  if (text[start] === '{' || next === '{' || next === ']' || next === '' || MASKED.test(text.slice(start, start + 40))) return undefined;
  const end = text.slice(0, start + MAX_QUOTED).indexOf(']', start);
  return end > start + 1 && !text.slice(start + 1, end).includes('[') ? [start + 1, end] : undefined;
};

const isMask = (value: string): boolean => LITERALS.has(value.toLowerCase()) || MASKED.test(value) || /^[*•.xX\-_ ]*$/.test(value);

const harmless = (value: string, spaced: boolean): boolean => {
  if (isMask(value) || CODE.test(value)) return true;
  // After `: ` in prose the next word may just go on; after `=` it is a value.
  return spaced && SENTENCE.has(value.split(' ', 1)[0]!.toLowerCase().replace(/^[.,!]+|[.,!]+$/g, ''));
};

const elements = (rules: Rules, text: string): Hit[] => {
  const found: Hit[] = [];
  for (const match of text.matchAll(ELEMENT)) {
    const field = rules.fieldOfWord(match[1]!);
    const [start, end] = match.indices![2]!;
    if (field && match[2]!.trim() && !isMask(match[2]!.trim())) found.push({ start, end, field });
  }
  return found;
};

const options = (rules: Rules, text: string): Hit[] => {
  const found: Hit[] = [];
  for (const match of text.matchAll(OPTION)) {
    const field = rules.fieldOfWord(match[1]!);
    const [start, end] = match.indices![3]!;
    if (field && !harmless(match[3]!, true)) found.push({ start, end, field });
  }
  return found;
};
