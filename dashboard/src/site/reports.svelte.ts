/** Asking a site's reports: typed by their names, each answer kept for a moment, and none waited for in vain. */

import { ApiError, words, type Problem } from '../api/errors.ts';
import { address, call } from '../api/request.ts';
import type { Operations } from '../api/schema.ts';
import type { Readable } from '../loading.svelte.ts';
import { rebuilding } from './rebuilding.svelte.ts';
import { sharing } from './sharing.svelte.ts';
import { site } from './state.svelte.ts';
import { troubles } from './troubles.svelte.ts';

type Path<Name extends string> = `GET /api/v1/sites/{site}/reports/${Name}`;
type ReportName = keyof Operations extends infer Key ? (Key extends Path<infer Name> ? Name : never) : never;
export type Answer<Name extends ReportName> = Operations[Path<Name>]['answer'];
/** What a report takes besides the state; null takes a part of the state away. */
export type Query<Name extends ReportName> = { [Key in keyof Operations[Path<Name>]['query']]?: Operations[Path<Name>]['query'][Key] | null };

// So that going back and forth between ranges is instant, and nobody looks at numbers of an hour ago.
const FRESH_MS = 20_000;
const ASK_AGAIN_MS = 1_500;
const MOST_KEPT = 200;
const PATIENCE_MS = 1_000;
const kept = new Map<string, { at: number; answer: unknown }>();

// What a page shows first. All reports of a page asked at once would share the server's cores, and come at once and late.
let foremost: Promise<unknown> | null = null;

function goesFirst(answer: Promise<unknown>): void {
  const mine = Promise.race([answer, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]).catch(() => {});
  foremost = mine;
  void mine.then(() => {
    if (foremost === mine) foremost = null;
  });
}

/**
 * Run a report of this site with its range, filters and segments; `query` adds the report's own or replaces them. The
 * others of a page wait for the one that goes `first`, though not for long.
 */
export async function report<Name extends ReportName>(
  name: Name,
  query: Query<Name>,
  { signal, fresh = false, first = false }: { signal?: AbortSignal; fresh?: boolean; first?: boolean } = {},
): Promise<Answer<Name>> {
  const share = sharing.opened?.token;
  const operation = share ? `GET /api/v1/shared/reports/${name}` : `GET /api/v1/sites/{site}/reports/${name}`;
  const asked = { path: { site: site.id }, query: { ...site.asked, ...query } };
  const key = (share ?? '') + address(operation, asked.path, asked.query as Record<string, string>);
  const known = kept.get(key);
  if (!fresh && known && Date.now() - known.at < FRESH_MS) return known.answer as Answer<Name>;
  // The compiler cannot follow a generic name into its operation; `Query` and `Answer` say what it would find.
  const ask = call as unknown as (name: string, input: unknown) => Promise<Answer<Name>>;
  const run = (): Promise<Answer<Name>> => ask(operation, { ...asked, signal, share });
  let answer: Answer<Name>;
  if (first) {
    const asking = run();
    goesFirst(asking);
    answer = await asking;
  } else {
    await null; // what goes first may be asked in the same turn, after this
    await foremost;
    signal?.throwIfAborted();
    answer = await run();
  }
  kept.delete(key);
  kept.set(key, { at: Date.now(), answer });
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value ?? '');
  return answer;
}

/** The address of a report as a file, with the state as it is. */
export function fileOf<Name extends ReportName>(name: Name, query: Query<Name>, format: 'csv' | 'json' = 'csv'): string {
  const parts = { ...site.asked, ...query, format } as Record<string, string>;
  return address(`/api/v1/sites/{site}/reports/${name}`, { site: site.id }, parts);
}

/**
 * Something that is asked anew whenever what it depends on changes: whatever `ask` reads of the state before it waits.
 * The old answer stays on the screen meanwhile, and a request that is overtaken ends. While the server makes its warehouse
 * anew it is asked again by itself. What fails like other parts of the page is said above them, unless this stands `apart`,
 * as in a dialog, or where nothing would say it. Made while a component starts.
 */
export class Live<T> implements Readable<T> {
  value = $state.raw<T | undefined>(undefined);
  problem = $state.raw<Problem | null>(null);
  busy = $state(false);
  #ask: (signal: AbortSignal) => Promise<T>;
  #current: AbortController | null = null;
  #apart: boolean;

  constructor(ask: (signal: AbortSignal) => Promise<T>, { apart = false }: { apart?: boolean } = {}) {
    this.#ask = ask;
    this.#apart = apart;
    if (!apart) $effect(() => troubles.watch(this));
    $effect(() => {
      void this.#run();
      return () => this.#current?.abort();
    });
  }

  get told(): boolean {
    return !this.#apart && troubles.tell(this);
  }

  again = (): Promise<void> => this.#run();

  async #run(): Promise<void> {
    this.#current?.abort();
    const mine = new AbortController();
    this.#current = mine;
    const answer = this.#ask(mine.signal);
    let waits = false;
    try {
      this.busy = true;
      const value = await answer;
      if (mine.signal.aborted) return;
      this.value = value;
      this.problem = null;
      rebuilding.said = null;
    } catch (error) {
      if (mine.signal.aborted) return;
      if (error instanceof ApiError && error.said.code === 'warehouse_rebuilding') {
        rebuilding.said = words(error).title;
        waits = true;
        setTimeout(() => !mine.signal.aborted && void this.#run(), ASK_AGAIN_MS);
        return;
      }
      this.problem = words(error);
      this.value = undefined;
    } finally {
      if (this.#current === mine && !waits) this.busy = false;
    }
  }
}
