/** What the pages of logs and functions share: the period that they ask for, and lines as they come from the server. */

import { address } from '../../api/request.ts';
import type { sightlineServerApiTypedLine } from '../../api/schema.ts';
import { site } from '../../site/state.svelte.ts';

export type Line = sightlineServerApiTypedLine;

export interface Zoom {
  from: number;
  to: number;
}

/** The part of the range that one looks at closer: `?zoom=FROM-TO`, in milliseconds. */
export function zoomOf(text: string | null): Zoom | null {
  const [, from, to] = /^(\d{1,14})-(\d{1,14})$/.exec(text ?? '') ?? [];
  return from && to && Number(from) < Number(to) ? { from: Number(from), to: Number(to) } : null;
}

/** The period as reports of lines take it: they know no visitors, so no filters and segments either. */
export function period(zoom: Zoom | null): { start?: string; end?: string; range?: string | null; filter: null; match: null; segment: null } {
  const nobody = { filter: null, match: null, segment: null } as const;
  return zoom ? { ...nobody, range: null, start: String(zoom.from), end: String(zoom.to) } : nobody;
}

/** The address of a page of logs with a query, in the range as it is. */
export function logsHref(query: string, more: Record<string, string> = {}): string {
  const href = site.href('logs');
  return `${href}${href.includes('?') ? '&' : '?'}${new URLSearchParams({ q: query, ...more })}`;
}

export function functionHref(service: string, name: string): string {
  return site.href(`function/${encodeURIComponent(service)}/${encodeURIComponent(name)}`);
}

/** The replay of a line's visit at the line's moment. */
export function replayHref(visit: string, moment: number): string {
  const href = site.deeper('session', visit);
  return `${href}${href.includes('?') ? '&' : '?'}at=${moment}`;
}

export function exportHref(query: string, zoom: Zoom | null, format: 'ndjson' | 'csv'): string {
  const { range, start, end } = { ...site.asked, ...period(zoom) };
  return address('/api/v1/sites/{site}/logs/export', { site: site.id }, { q: query, range, start, end, format });
}

const TONES: Record<string, 'plain' | 'warn' | 'bad'> = { warn: 'warn', error: 'bad', fatal: 'bad' };
export const toneOf = (level: string): 'plain' | 'warn' | 'bad' => TONES[level] ?? 'plain';
