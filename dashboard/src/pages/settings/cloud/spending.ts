/** What a bill says, in the shapes that the page shows. Pure. */

import type { TakenSpending } from '../../../api/schema.ts';

export interface Sum {
  name: string;
  usd: number;
  share: number;
}

/** A day: its total, and the part of each of the shown services, the rest last. */
export interface Day {
  day: string;
  usd: number;
  parts: number[];
}

/** So many services have a colour of their own; all others share one. */
export const COLOURS = 2;

export function services(spending: TakenSpending): Sum[] {
  const sums: Record<string, number> = {};
  for (const day of Object.values(spending.days))
    for (const [name, usd] of Object.entries(day)) sums[name] = (sums[name] ?? 0) + usd;
  return shared(sums);
}

export function shared(sums: Record<string, number>): Sum[] {
  const total = Object.values(sums).reduce((sum, usd) => sum + Math.max(0, usd), 0);
  return Object.entries(sums)
    .map(([name, usd]) => ({ name, usd, share: total > 0 ? Math.max(0, usd) / total : 0 }))
    .sort((one, other) => other.usd - one.usd || one.name.localeCompare(other.name));
}

export function days(spending: TakenSpending, shown: readonly string[]): Day[] {
  return Object.entries(spending.days)
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([day, sums]) => {
      const usd = Object.values(sums).reduce((sum, one) => sum + one, 0);
      const parts = shown.map((name) => Math.max(0, sums[name] ?? 0));
      return { day, usd, parts: [...parts, Math.max(0, usd - parts.reduce((sum, one) => sum + one, 0))] };
    });
}

export const total = (sums: readonly { usd: number }[]): number => sums.reduce((sum, one) => sum + one.usd, 0);
