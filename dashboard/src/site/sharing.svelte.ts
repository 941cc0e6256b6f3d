/** A shared report that is looked at: what its link shows, and the token that the server answers it for. */

import type { OpenedReport } from '../api/schema.ts';

class Sharing {
  /** Null on every page but that of a shared report. */
  opened = $state.raw<OpenedReport | null>(null);
}

export const sharing = new Sharing();
