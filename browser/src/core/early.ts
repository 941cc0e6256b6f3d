/** What went wrong before the SDK was there: where each came from, and what was thrown. */
export const early: [source: string, thrown: unknown][] = [];
