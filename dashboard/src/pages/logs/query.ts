/** The text of a query: adding a condition to it, and what could stand where one types. */

import type { Facet } from '../../api/schema.ts';

export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
/** What has a column of its own; every other name is a key of a line's own fields. */
export const COLUMNS = [
  'level', 'service', 'function', 'message', 'visit', 'request', 'trace', 'failed', 'cold', 'source', 'group', 'stream', 'logger', 'correlation', 'visitor', 'person',
] as const; // prettier-ignore

const PLAIN = /^[A-Za-z0-9_/$][A-Za-z0-9_.@/$-]*$/;
const NAME = /^[A-Za-z_@][A-Za-z0-9_.@-]{0,99}$/;
const TYPED = /(-?)([^\s()"]*)$/;

/** A condition: its value bare where the language reads it as it stands, else in quotes. Null where a field has no name that can be asked. */
export function term(field: string, value: string): string | null {
  if (!NAME.test(field)) return null;
  const bare = PLAIN.test(value) && !value.includes('..');
  return `${field}:${bare ? value : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`}`;
}

/** A query and one more condition, which is then not the end of one of several alternatives. */
export function joined(query: string, condition: string): string {
  const before = query.trim();
  if (!before) return condition;
  if (before.split(/\s+/).includes(condition)) return before;
  return `${/\bOR\b/.test(before) ? `(${before})` : before} ${condition}`;
}

export interface Suggestion {
  kind: 'field' | 'value' | 'recent';
  text: string;
  count?: number;
  /** The whole query, once it is taken, and where the caret stands then. */
  query: string;
  caret: number;
}

const MOST = 8;

/** What fits what stands before the caret: fields, values of the field, or what was asked before. */
export function suggestions(query: string, caret: number, facets: readonly Facet[], recent: readonly string[]): Suggestion[] {
  if (!query.trim()) return recent.map((text) => ({ kind: 'recent', text, query: text, caret: text.length }));
  const [whole = '', minus = '', typed = ''] = TYPED.exec(query.slice(0, caret)) ?? [];
  const [before, after] = [query.slice(0, caret - whole.length) + minus, query.slice(caret)];
  const taking = (kind: Suggestion['kind'], text: string, written: string, count?: number): Suggestion => ({
    kind, text, query: before + written + after, caret: before.length + written.length, ...(count === undefined ? {} : { count }),
  }); // prettier-ignore
  const colon = typed.indexOf(':');
  if (colon < 0) {
    const names = [...new Set([...COLUMNS, ...facets.map(({ field }) => field)])];
    return names.filter((name) => typed && NAME.test(name) && name.startsWith(typed) && name !== typed).slice(0, MOST).map((name) => taking('field', name, `${name}:`));
  }
  const [field, begun] = [typed.slice(0, colon), typed.slice(colon + 1).toLowerCase()];
  return valuesOf(field, facets)
    .filter(({ value }) => value.toLowerCase().includes(begun) && value.toLowerCase() !== begun)
    .slice(0, MOST)
    .flatMap(({ value, count }) => {
      const written = term(field, value);
      return written ? [taking('value', value, `${written} `, count)] : [];
    });
}

function valuesOf(field: string, facets: readonly Facet[]): { value: string; count?: number }[] {
  const known = facets.find((one) => one.field === field)?.values.map((one) => ({ value: String(one['value']), count: Number(one['count']) })) ?? [];
  if (field === 'level') return [...known, ...LEVELS.filter((level) => !known.some(({ value }) => value === level)).map((value) => ({ value }))];
  return field === 'cold' || field === 'failed' ? ['true', 'false'].map((value) => known.find((one) => one.value === value) ?? { value }) : known;
}
