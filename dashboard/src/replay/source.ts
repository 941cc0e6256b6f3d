/** Where a recording comes from: this site's own, or the one that a link shows. */

import { ApiError } from '../api/errors.ts';
import { call, send } from '../api/request.ts';
import type { Panes, Recording, Seen, TimeLine } from '../api/schema.ts';

export interface Span {
  from_ms: number;
  to_ms: number;
}

/** An event of rrweb 2.1.6; what is in `data` is the library's business. */
export interface RecordedEvent {
  type: number;
  timestamp: number;
  data: unknown;
}

export interface Part {
  events: RecordedEvent[];
  next: number;
  place: number | null;
  gaps: Span[];
  state: 'open' | 'sealed';
  last?: string;
  chunks?: number;
}
export type Followed = Part & { last: string; chunks: number };

export interface Source {
  open: boolean;
  /** From the last picture of the page before a moment on. */
  part: (moment: number) => Promise<Part>;
  /** What follows, without a word twice. */
  more: (place: number) => Promise<Part>;
  follow: (after: string) => Promise<Followed>;
  line: () => Promise<TimeLine>;
}

const read = async (path: string): Promise<Part> => {
  const response = await send(path, { method: 'GET', headers: { accept: 'application/json' } });
  if (!response.ok) throw new ApiError(response.status, await said(response));
  const part = (await response.json()) as Part;
  return { ...part, events: stepwise(part.events) };
};

const MOVES = new Set<unknown>([1, 6, 12]); // of the mouse, of a finger, of something that is dragged

/**
 * Each step of a movement as an event of its own. rrweb's player, sought forward, does once more whatever was done since
 * the first step of the movement that it has shown last, and what was added meanwhile would be there twice.
 */
const stepwise = (events: RecordedEvent[]): RecordedEvent[] => {
  const first = events[0]?.timestamp ?? 0;
  return events
    .flatMap((event) => {
      const data = event.data as { source?: unknown; positions?: { timeOffset: number }[] } | null;
      if (event.type !== 3 || !data?.positions || !MOVES.has(data.source)) return [event];
      return data.positions.map((step) => ({
        ...event, timestamp: Math.max(first, event.timestamp + step.timeOffset), data: { ...data, positions: [{ ...step, timeOffset: 0 }] },
      })); // prettier-ignore
    })
    .sort((a, b) => a.timestamp - b.timestamp);
};

const said = async (response: Response): Promise<{ code: string }> => {
  const document = (await response.json().catch(() => ({}))) as { error?: { code: string } };
  return { code: `http_${response.status}`, ...document.error };
};

const over = (base: string, open: boolean, line: () => Promise<TimeLine>): Source => ({
  open,
  part: (moment) => read(`${base}/events?from=${moment}&to=${moment}`),
  more: (place) => read(`${base}/events?to=0&place=${place}`),
  follow: (after) => read(`${base}/events?after=${after}`) as Promise<Followed>,
  line,
});

const pathOf = (site: string, recording: string): string =>
  `/api/v1/sites/${encodeURIComponent(site)}/recordings/${encodeURIComponent(recording)}`;

export const ownSource = (site: string, recording: Recording): Source =>
  over(pathOf(site, recording.id), recording.state === 'open', () =>
    call('GET /api/v1/sites/{site}/recordings/{recording}/marks', { path: { site, recording: recording.id } }),
  );

export const sharedSource = (token: string): Source =>
  over(`/api/v1/recordings/shared/${encodeURIComponent(token)}`, false, () =>
    call('GET /api/v1/recordings/shared/{token}/marks', { path: { token } }),
  );

/** The address of the export, which the browser saves as a file. */
export const exportOf = (site: string, recording: string): string => `${pathOf(site, recording)}/export`;

export const recordings = {
  /** The recordings of a visit, one per tab, or the one that the address names. */
  ofVisit: async (site: string, visit: string): Promise<Recording[]> => {
    const path = { site };
    const [sealed, open] = await Promise.all([
      call('GET /api/v1/sites/{site}/recordings', { path, query: { visit, limit: 50 } }),
      call('GET /api/v1/sites/{site}/recordings', { path, query: { visit, state: 'open', limit: 50 } }),
    ]);
    const known = new Set(sealed.items.map(({ id }) => id));
    return [...sealed.items, ...open.items.filter(({ id }) => !known.has(id))].sort((a, b) => a.first_ms - b.first_ms);
  },
  panes: (site: string, recording: string): Promise<Panes> =>
    call('GET /api/v1/sites/{site}/recordings/{recording}/panes', { path: { site, recording } }),
  logs: (site: string, recording: string) =>
    call('GET /api/v1/sites/{site}/recordings/{recording}/logs', { path: { site, recording } }),
  notes: async (site: string, recording: string) =>
    (await call('GET /api/v1/sites/{site}/recordings/{recording}/notes', { path: { site, recording } })).items,
  write: (site: string, recording: string, at_ms: number, text: string) =>
    call('POST /api/v1/sites/{site}/recordings/{recording}/notes', { path: { site, recording }, body: { at_ms, text } }),
  unwrite: (site: string, recording: string, note: string) =>
    call('DELETE /api/v1/sites/{site}/recordings/{recording}/notes/{note}', { path: { site, recording, note } }),
  tag: (site: string, recording: string, tags: string[]) =>
    call('PUT /api/v1/sites/{site}/recordings/{recording}/tags', { path: { site, recording }, body: { tags } }),
  keep: (site: string, recording: string, kept: boolean) =>
    call('PUT /api/v1/sites/{site}/recordings/{recording}/keep', { path: { site, recording }, body: { kept } }),
  remove: (site: string, recording: string) =>
    call('DELETE /api/v1/sites/{site}/recordings/{recording}', { path: { site, recording } }),
  share: (site: string, recording: string, hours: number, at_ms: number) =>
    call('POST /api/v1/sites/{site}/recordings/{recording}/share', { path: { site, recording }, body: { hours, at_ms } }),
  shared: (token: string): Promise<Seen> => call('GET /api/v1/recordings/shared/{token}', { path: { token } }),
};

/** The recordings before and after one in the search that led to it. */
export async function neighbours(id: string, recording: string, search: string): Promise<{ previous: string | null; next: string | null }> {
  const query = new URLSearchParams(search);
  const said: Record<string, string | string[]> = {};
  const names: Record<string, string> = { how: 'match', match: 'filter_match' };
  for (const name of ['range', 'start', 'end', 'filter', 'match', 'segment', 'where', 'how', 'order']) {
    const values = query.getAll(name);
    if (values.length) said[names[name] ?? name] = ['filter', 'segment', 'where'].includes(name) ? values : (values[0] ?? '');
  }
  return call('GET /api/v1/sites/{site}/recordings/{recording}/neighbours', { path: { site: id, recording }, query: said as never });
}
