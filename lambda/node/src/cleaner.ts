/** What is personal in names and values that a line would hold: masked by the dictionary, and remembered. */

import { readFileSync } from 'node:fs';
import { cleanText, keyOf, valueOf } from './masker/texts.ts';
import { Memo, Rules, STAR, tag } from './masker/rules.ts';
import shipped from './rules.json';
import { settings } from './settings.ts';
import type { Export } from './masker/rules.ts';

export interface Cleaner {
  readonly version: string;
  text(text: string): string;
  /** A traceback, line by line; the frames stay readable. */
  trace(text: string): string;
  /** A key as it may be shown. */
  key(key: string): string;
  value(key: string, value: unknown): unknown;
}

/** A value as JSON has it. */
const plain = (value: unknown, depth = 0): unknown => {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value;
  if (typeof value !== 'object') return String(value);
  if (depth > 64) return '…';
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (Array.isArray(value) || value instanceof Set) return [...value].map((item) => plain(item, depth + 1));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  const entries = value instanceof Map ? [...value].map(([name, item]): [string, unknown] => [String(name), item]) : Object.entries(value);
  return Object.fromEntries(entries.map(([name, item]) => [name, plain(item, depth + 1)]));
};

export const cleaning = (from: Export): Cleaner => {
  const rules = new Rules(from);
  const texts = new Memo<string>();
  const keys = new Memo<string>();
  const text = (given: string): string => {
    const known = texts.get(given);
    if (known !== undefined) return known;
    const found = cleanText(rules, given);
    return given.length <= 256 ? texts.put(given, found) : found;
  };
  /** A frame keeps its place: `PinInput.js:1:2003` names a file and nobody's PIN. */
  const frame = (line: string): string => {
    const place = /:[0-9]{1,7}:[0-9]{1,7}\)?$/.exec(line);
    if (!place || !line.slice(line.lastIndexOf(' ', place.index - 1) + 1, place.index).includes('/')) return text(line);
    return text(line.slice(0, place.index)) + place[0];
  };
  return {
    version: rules.version,
    text,
    trace: (given) => given.split('\n').map(frame).join('\n'),
    key: (given) => keys.get(given) ?? keys.put(given, keyOf(rules, given)),
    value(key, given) {
      const kind = typeof given;
      if (given === null || kind === 'boolean') return given;
      try {
        let field = rules.fieldOfKey(key);
        // An object under a container (`user`, `card`) is judged piece by piece.
        if (field && kind === 'object' && field.tier < 3 && rules.isContainer(key)) field = undefined;
        if (field && kind === 'string') return given === '' ? '' : field.tier === 1 ? tag(field) : STAR;
        return valueOf(rules, plain(given), field, key, 1);
      } catch {
        return STAR; // what could not be judged is not shown
      }
    },
  };
};

/** For `SIGHTLINE_CLEAN=off`: everything as it is. */
const uncleaned: Cleaner = { version: 'off', text: (text) => text, trace: (text) => text, key: (key) => key, value: (_, value) => plain(value) };
/** Where the rules cannot be read: nothing is shown that might be personal. */
const closed: Cleaner = {
  version: 'unreadable', text: () => STAR, trace: () => STAR, key: (key) => key,
  value: (_, value) => (value === null || typeof value === 'boolean' ? value : STAR),
}; // prettier-ignore

let made: Cleaner | undefined;

/** The rules, read when something is first to be cleaned. */
export const cleaner = (): Cleaner => {
  if (made) return made;
  if (!settings.clean) return (made = uncleaned);
  try {
    made = cleaning(settings.rules ? (JSON.parse(readFileSync(settings.rules, 'utf-8')) as Export) : (shipped as unknown as Export));
  } catch (error) {
    made = closed;
    process.stderr.write(`${JSON.stringify({ level: 'ERROR', message: `the rules cannot be read, so every text is masked: ${String(error)}` })}\n`);
  }
  return made;
};
