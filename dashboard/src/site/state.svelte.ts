/**
 * The state of a site's pages: which site, which time, compared with what, and which visitors. All of it stands in the
 * address, so that a link, a reload and the back button bring the same numbers; its names are those of the reports' API.
 */

import type { Site } from '../api/types.ts';
import { router } from '../router.svelte.ts';
import { sites } from '../sites.svelte.ts';
import { beside, DEFAULT_RANGE, isDay, type Range } from './days.ts';
import { joined, read, same, write, type Filter } from './filters.ts';
import { sharing } from './sharing.svelte.ts';

export const UNITS = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const;
export type UnitName = (typeof UNITS)[number];
export const COMPARES = ['previous', 'year', 'custom', 'none'] as const;
export type CompareName = (typeof COMPARES)[number];

/** What every report takes. */
export interface Asked {
  range?: string;
  start?: string;
  end?: string;
  filter?: string[];
  match?: 'any';
  segment?: string[];
}

export interface Compared {
  compare: CompareName;
  compare_start: string | null;
  compare_end: string | null;
  match_weekday?: boolean;
}

const among = <T extends string>(known: readonly T[], text: string | null): T | null =>
  known.find((one) => one === text) ?? null;

/** An address that was cut in the middle of a letter names nothing, but is no reason to show nothing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

class SiteState {
  /** The site and page that the address names: `/SITE/PAGE/…`. */
  readonly parts = $derived(router.path.split('/').slice(1));
  readonly id = $derived(this.parts[0] ?? '');
  readonly page = $derived(this.parts[1] ?? '');
  /** What follows the page in the path, as the visit of `/SITE/session/VISIT`. */
  readonly rest = $derived(this.parts.slice(2).map(decoded));
  readonly site: Site | undefined = $derived(sites.find(this.id));
  readonly zone = $derived(sharing.opened?.time_zone ?? this.site?.time_zone ?? 'UTC');

  readonly range: Range = $derived.by(() => {
    const shared = sharing.opened?.asked;
    const named = router.query.get('range');
    const [start, end] = [router.query.get('start'), router.query.get('end')];
    if (isDay(start) && isDay(end) && start <= end) return { start, end };
    if (!named && shared?.start && shared.end) return { start: shared.start, end: shared.end };
    return { name: named ?? shared?.range ?? DEFAULT_RANGE };
  });
  readonly unit = $derived(among(UNITS, router.query.get('unit')));
  readonly compare: CompareName = $derived(
    among(COMPARES, router.query.get('compare') ?? sharing.opened?.asked.compare ?? null) ?? 'previous',
  );
  readonly filters: readonly Filter[] = $derived(
    router.query.getAll('filter').flatMap((text) => read(text) ?? []),
  );
  readonly match: 'all' | 'any' = $derived(router.query.get('match') === 'any' ? 'any' : 'all');
  readonly segments: readonly string[] = $derived(router.query.getAll('segment'));
  readonly narrowed = $derived(this.filters.length > 0 || this.segments.length > 0);

  /** The time range, filters and segments, as every report takes them. */
  readonly asked: Asked = $derived({
    ...('name' in this.range ? { range: this.range.name } : this.range),
    ...this.narrowing,
  });
  /** The same with what the range is compared with, for the reports that compare. */
  readonly compared: Compared = $derived({
    compare: this.compare,
    compare_start: this.compare === 'custom' ? router.query.get('compare_start') : null,
    compare_end: this.compare === 'custom' ? router.query.get('compare_end') : null,
    ...(router.query.get('match_weekday') === 'true' ? { match_weekday: true } : {}),
  });

  get narrowing(): Asked {
    return {
      ...(this.filters.length ? { filter: this.filters.map(write) } : {}),
      ...(this.match === 'any' && this.filters.length > 1 ? { match: 'any' as const } : {}),
      ...(this.segments.length ? { segment: [...this.segments] } : {}),
    };
  }

  /** The address of a page of this site with the state as it is, and with more filters if wanted. */
  href(page: string, ...more: Filter[]): string {
    return addressOf(this.id, page, { filter: more.reduce(joined, [...this.filters]).map(write) });
  }

  /** The address of one thing of this site, as the replay of a visit: `/SITE/session/VISIT`. */
  deeper(page: string, thing: string): string {
    return addressOf(this.id, `${page}/${encodeURIComponent(thing)}`, {});
  }

  /** The address of a page of another site, where a segment of this one means nothing. */
  hrefOf(id: string, page: string): string {
    return addressOf(id, page, { segment: [] });
  }

  to(range: Range): void {
    const usual = sharing.opened ? null : DEFAULT_RANGE;
    change(
      'name' in range
        ? { range: range.name === usual ? null : range.name, start: null, end: null, unit: null }
        : { range: null, start: range.start, end: range.end, unit: null },
    );
  }

  shift(direction: -1 | 1): void {
    const moved = beside(this.range, direction, this.zone);
    if (moved) this.to(moved);
  }

  by(unit: UnitName | null): void {
    change({ unit });
  }

  against(compare: CompareName, more: { start?: string; end?: string; weekday?: boolean } = {}): void {
    change({
      compare: compare === 'previous' && !sharing.opened ? null : compare,
      compare_start: more.start ?? null,
      compare_end: more.end ?? null,
      match_weekday: more.weekday ? 'true' : null,
    });
  }

  /** Whether time and filters can be chosen: always, but in a shared report only where its link says so. */
  get free(): boolean {
    return sharing.opened?.free ?? true;
  }

  get shared(): boolean {
    return sharing.opened !== null;
  }

  filter(one: Filter): void {
    change({ filter: joined(this.filters, one).map(write) });
  }

  replace(old: Filter, one: Filter): void {
    change({ filter: this.filters.map((each) => write(same(each, old) ? one : each)) });
  }

  unfilter(one: Filter): void {
    change({ filter: this.filters.filter((each) => !same(each, one)).map(write) });
  }

  matching(match: 'all' | 'any'): void {
    change({ match: match === 'any' ? 'any' : null });
  }

  /** Narrow to these saved segments instead of filters. */
  choose(segments: readonly string[]): void {
    change({ segment: [...segments] });
  }

  /** After saving: the segment stands for the filters it was made of. */
  became(segment: string): void {
    change({ filter: [], match: null, segment: [...this.segments, segment] });
  }

  clear(): void {
    change({ filter: [], match: null, segment: [] });
  }

  /** A part of the address that belongs to one page, as the metric of a chart; null is its default. */
  own(name: string): string | null {
    return router.query.get(name);
  }

  setOwn(name: string, value: string | null): void {
    change({ [name]: value }, { replace: true });
  }
}

/** What all pages of a site share; anything else in the address is one page's own and does not travel. */
const SHARED = ['range', 'start', 'end', 'unit', 'compare', 'compare_start', 'compare_end', 'match_weekday', 'filter', 'match', 'segment'];

type Changes = Record<string, string | readonly string[] | null>;

function apply(query: URLSearchParams, changes: Changes): string {
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of value === null ? [] : typeof value === 'string' ? [value] : value) query.append(name, one);
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}

function addressOf(id: string, page: string, changes: Changes): string {
  const kept = new URLSearchParams([...router.query].filter(([name]) => SHARED.includes(name)));
  return `/${encodeURIComponent(id)}/${page}${apply(kept, changes)}`;
}

function change(changes: Changes, { replace = false } = {}): void {
  router.go(router.path + apply(new URLSearchParams(router.query), changes), { replace, stay: true });
}

export const site = new SiteState();
