/** What happened while something was measured: notes that people wrote, and releases that were heard of. */

import { api } from '../api/api.ts';
import type { Annotation } from '../api/schema.ts';
import { call } from '../api/request.ts';
import { t } from '../messages/site.ts';
import { session } from '../session.svelte.ts';
import type { Mark } from './Chart.svelte';
import { sharing } from './sharing.svelte.ts';
import { site } from './state.svelte.ts';

class Marks {
  notes = $state.raw<readonly Annotation[]>([]);
  releases = $state.raw<readonly { release: string; first_ms: number }[]>([]);
  #of = '';

  /** All that charts show. */
  readonly all: readonly Mark[] = $derived([
    ...this.notes.map(({ at, note }): Mark => ({ ms: Date.parse(at), text: note, kind: 'note' })),
    ...this.releases.map(({ release, first_ms }): Mark => ({ ms: first_ms, text: t.notes.release(release), kind: 'release' })),
  ]);

  /** Read those of the site that is looked at, once for as long as it is. */
  look(): void {
    const of = sharing.opened?.token ?? site.id;
    if (of === this.#of) return;
    this.#of = of;
    [this.notes, this.releases] = [[], []];
    void this.again();
  }

  /** Without them a chart says less, but nothing wrong; so a failure is not worth a word there. */
  again = async (): Promise<void> => {
    const of = this.#of;
    const share = sharing.opened?.token;
    const [notes, releases] = await Promise.allSettled([
      share ? call('GET /api/v1/shared/annotations', { share }).then(({ items }) => items) : api.annotations.list(site.id),
      !share && session.may('site:errors', site.site?.team_id) ? api.releases(site.id) : [],
    ]);
    if (of !== this.#of) return;
    if (notes.status === 'fulfilled') this.notes = notes.value;
    if (releases.status === 'fulfilled') this.releases = releases.value;
  };
}

export const marks = new Marks();
