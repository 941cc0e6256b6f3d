/** The sites of whoever is signed in: read once, and shared by the switcher and every page. */

import { api } from './api/api.ts';
import { words, type Problem } from './api/errors.ts';
import type { Site } from './api/types.ts';
import type { Readable } from './loading.svelte.ts';

class Sites implements Readable<Site[]> {
  value = $state.raw<Site[] | undefined>(undefined);
  problem = $state.raw<Problem | null>(null);
  busy = $state(false);

  again = async (): Promise<void> => {
    this.busy = true;
    try {
      this.value = await api.sites.list();
      this.problem = null;
    } catch (error) {
      this.problem = words(error);
    } finally {
      this.busy = false;
    }
  };

  forget(): void {
    this.value = undefined;
    this.problem = null;
  }

  /** By its id, or by the UUID that trackers name it with. */
  find(id: string): Site | undefined {
    return this.value?.find((one) => one.id === id || one.uuid === id);
  }
}

export const sites = new Sites();
