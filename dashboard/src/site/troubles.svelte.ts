/** What went wrong alike in several parts of a page, as by a filter that cannot be read: said once, above all of them. */

import { untrack } from 'svelte';
import type { Problem } from '../api/errors.ts';
import type { Readable } from '../loading.svelte.ts';

interface Part {
  readonly problem: Problem | null;
  again: () => Promise<void>;
}

class Troubles implements Readable<never> {
  #parts = $state.raw<readonly Part[]>([]);
  readonly value = undefined;
  busy = $state(false);

  /** The first that another part has, too. */
  readonly problem: Problem | null = $derived.by(() => {
    const known = new Set<string>();
    for (const { problem } of this.#parts) {
      if (problem && known.has(problem.title)) return problem;
      if (problem) known.add(problem.title);
    }
    return null;
  });

  /** Watch a part for as long as it is on the page; made for an effect. */
  watch(part: Part): () => void {
    untrack(() => (this.#parts = [...this.#parts, part]));
    return () => (this.#parts = this.#parts.filter((one) => one !== part));
  }

  /** Whether a part need not say what is wrong with it. */
  tell({ problem }: Part): boolean {
    return !!problem && problem.title === this.problem?.title;
  }

  again = async (): Promise<void> => {
    this.busy = true;
    await Promise.all(this.#parts.filter((part) => this.tell(part)).map((part) => part.again()));
    this.busy = false;
  };
}

export const troubles = new Troubles();
