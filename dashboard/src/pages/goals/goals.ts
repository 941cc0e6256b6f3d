/** What a saved report of the kind `goals` counts. */

import type { Report } from '../../api/schema.ts';

/** The report takes so many goals at a time. */
export const MOST_AT_ONCE = 20;

export function goalsOf(saved: Report): string[] {
  const { goal } = saved.parameters as { goal?: string[] | string };
  return typeof goal === 'string' ? [goal] : (goal ?? []);
}
