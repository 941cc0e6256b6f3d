/** A search for visits, as it stands in an address and as the API takes it. */

import { call } from '../api/request.ts';
import type { Recording, RecordingSearch } from '../api/schema.ts';
import { router } from '../router.svelte.ts';
import { site } from '../site/state.svelte.ts';

export const MATCHES = ['all', 'any', 'then'] as const;
export type MatchName = (typeof MATCHES)[number];
export const ORDERS = ['latest', 'errors', 'duration', 'activity'] as const;
export type OrderName = (typeof ORDERS)[number];
/** What can be asked for, in the order of the list. */
export const CONDITIONS = [
  'page', 'click', 'input', 'error', 'request', 'status', 'slower', 'event', 'vital', 'country', 'device', 'browser', 'os',
  'release', 'rage-click', 'dead-click', 'thrashing', 'error-click', 'excessive-scrolling', 'quick-back', 'slow-request',
  'failed-request', 'long-freeze', 'form-abandonment',
] as const; // prettier-ignore
export type ConditionName = (typeof CONDITIONS)[number];
/** These are there or not; the others ask for a text or number. */
const BARE: readonly string[] = CONDITIONS.slice(CONDITIONS.indexOf('rage-click'));
export const isBare = (kind: string): boolean => BARE.includes(kind);
export const isNumber = (kind: string): boolean => kind === 'status' || kind === 'slower';

export interface Condition {
  kind: ConditionName;
  text: string;
}

export function readCondition(text: string): Condition | null {
  const [kind = '', ...rest] = text.split(':');
  const known = CONDITIONS.find((one) => one === kind);
  return known ? { kind: known, text: rest.join(':') } : null;
}

export const writeCondition = ({ kind, text }: Condition): string => (text ? `${kind}:${text}` : kind);

const among = <T extends string>(known: readonly T[], text: string | null, other: T): T => known.find((one) => one === text) ?? other;

/** The search of the page's address. */
export const fromAddress = (): { conditions: Condition[]; match: MatchName; order: OrderName; open: boolean } => ({
  conditions: router.query.getAll('where').flatMap((text) => readCondition(text) ?? []),
  match: among(MATCHES, router.query.get('how'), 'all'),
  order: among(ORDERS, router.query.get('order'), 'latest'),
  open: router.query.get('state') === 'open',
});

/** What the list of recordings is asked for, with the time and the filters that the page has. */
export function asked(): Record<string, string | string[]> {
  const { conditions, match, order } = fromAddress();
  const { filter, match: filterMatch, segment, ...time } = site.asked;
  return {
    ...time,
    ...(filter ? { filter } : {}),
    ...(filterMatch ? { filter_match: filterMatch } : {}),
    ...(segment ? { segment } : {}),
    ...(conditions.length ? { where: conditions.map(writeCondition), match } : {}),
    ...(order === 'latest' ? {} : { order }),
  };
}

/** The same as one text, which goes along to the player, so that it knows what comes next. */
export const packed = (): string => router.query.toString();

export const list = (id: string, query: Record<string, unknown>): Promise<{ items: Recording[]; next: string | null }> =>
  call('GET /api/v1/sites/{site}/recordings', { path: { site: id }, query: query as never });

export const searches = {
  list: async (id: string): Promise<RecordingSearch[]> => (await call('GET /api/v1/sites/{site}/recording-searches', { path: { site: id } })).items,
  save: (id: string, name: string, match: MatchName, conditions: string[]) =>
    call('POST /api/v1/sites/{site}/recording-searches', { path: { site: id }, body: { name, match, conditions } }),
  remove: (id: string, search: string) =>
    call('DELETE /api/v1/sites/{site}/recording-searches/{search}', { path: { site: id, search } }),
};
