/** The saved segments of the site that is looked at. */

import { api } from '../api/api.ts';
import type { Segment } from '../api/schema.ts';

class Segments {
  items = $state.raw<readonly Segment[] | undefined>(undefined);
  #site = '';

  /** Read those of a site, once for as long as it is looked at. */
  of(id: string): void {
    if (id === this.#site || !id) return;
    this.#site = id;
    this.items = undefined;
    void this.again();
  }

  /** Failing is no reason to show less: the chips then say the id's place, and reports say what is wrong. */
  again = async (): Promise<void> => {
    const asked = this.#site;
    try {
      const found = await api.segments.list(asked);
      if (asked === this.#site) this.items = found;
    } catch {
      if (asked === this.#site) this.items = [];
    }
  };

  find(id: string): Segment | undefined {
    return this.items?.find((one) => one.id === id);
  }
}

export const segments = new Segments();
