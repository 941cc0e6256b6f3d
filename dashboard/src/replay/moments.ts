/** What stands on the time line, from everything that is known of a visit. */

import type { Note, Panes, TimeLine } from '../api/schema.ts';
import { t } from '../messages/replay.ts';
import type { Span } from './source.ts';

export const KINDS = ['page', 'click', 'rage', 'dead', 'error', 'request', 'vital', 'event', 'finding', 'note'] as const;
export type Kind = (typeof KINDS)[number];

export interface Moment {
  at: number;
  kind: Kind;
  text: string;
  /** Of an error that belongs to an issue. */
  issue?: string | null;
}

const OF_FINDINGS: Record<string, Kind> = {
  'rage-click': 'rage',
  'dead-click': 'dead',
  'failed-request': 'request',
  'slow-request': 'request',
};
const FAILED = 400;
const SLOW_MS = 3000;

export function moments(line: TimeLine, panes: Panes | undefined, notes: readonly Note[]): Moment[] {
  const found: Moment[] = [];
  for (const { at_ms: at, kind, text, status, duration_ms } of line.marks) {
    if (kind === 'page' || kind === 'click') found.push({ at, kind, text: text || t.moments.names[kind] });
    else if (kind === 'error') found.push({ at, kind, text });
    else if (kind === 'request' && (status >= FAILED || duration_ms >= SLOW_MS))
      found.push({ at, kind, text: `${text} · ${status >= FAILED ? status : t.moments.took(duration_ms)}` });
  }
  for (const { at_ms: at, name } of line.findings) {
    const kind = OF_FINDINGS[name] ?? 'finding';
    if (kind !== 'request') found.push({ at, kind, text: t.findings[name] ?? name });
  }
  for (const { at_ms: at, name, message, issue } of panes?.errors ?? [])
    found.push({ at, kind: 'error', text: `${name}: ${message}`, issue });
  for (const { at_ms: at, metric, value, rating } of panes?.vitals ?? [])
    found.push({ at, kind: 'vital', text: `${metric} ${t.vitals.value(metric, value)} · ${t.vitals.ratings[rating] ?? rating}` });
  for (const { at_ms: at, name } of panes?.events ?? []) found.push({ at, kind: 'event', text: name });
  for (const { at_ms: at, text } of notes) found.push({ at, kind: 'note', text });
  return found.sort((a, b) => a.at - b.at);
}

/** The last of these, in the order of their time, that is not after a moment; -1 before the first. */
export function current(rows: readonly { at: number }[], now: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.at ?? Infinity) <= now) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** When nobody did anything, as long as somebody did something at all. */
export function idle(active: readonly Span[], first: number, last: number): Span[] {
  if (!active.length) return [];
  const edges = [{ from_ms: first, to_ms: first }, ...active, { from_ms: last, to_ms: last }];
  return edges
    .slice(1)
    .map((span, number) => ({ from_ms: (edges[number]?.to_ms ?? first) + 1000, to_ms: span.from_ms }))
    .filter((span) => span.to_ms - span.from_ms > 2000);
}

const pad = (value: number): string => String(Math.floor(value)).padStart(2, '0');

/** How far into the visit: 3:07, or 1:02:33. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

/** Markers of one kind that would stand upon each other become one. */
export function gathered(rows: readonly Moment[], first: number, last: number): { at: number; kind: Kind; rows: Moment[] }[] {
  const width = Math.max(1, last - first) / 150;
  const found: { at: number; kind: Kind; rows: Moment[] }[] = [];
  const latest = new Map<Kind, { at: number; kind: Kind; rows: Moment[] }>();
  for (const row of rows) {
    const before = latest.get(row.kind);
    if (before && row.at - before.at < width) before.rows.push(row);
    else {
      const group = { at: row.at, kind: row.kind, rows: [row] };
      latest.set(row.kind, group);
      found.push(group);
    }
  }
  return found;
}
