/** What a tile of a board shows of each kind of saved report, and which page shows all of it. */

import type { Report } from '../../api/schema.ts';
import { number } from '../../format.ts';
import { t } from '../../messages/growth.ts';
import { t as logs } from '../../messages/logs.ts';
import type { Bar } from '../../site/Bars.svelte';
import { interval } from '../../site/dates.ts';
import { report } from '../../site/reports.svelte.ts';
import { site } from '../../site/state.svelte.ts';
import { stepFilter, stepName } from '../../saving/steps.ts';
import { goalsOf } from '../goals/goals.ts';

export interface Drawn {
  bars: Bar[];
  what: string;
  metric: string;
}

const MOST = 10;

/** Bars of a saved report in the range and with the filters of the page; null for a kind that has no tile. */
export async function drawn(saved: Report, signal: AbortSignal): Promise<Drawn | null> {
  const parameters = saved.parameters as Record<string, never>;
  switch (saved.report) {
    case 'funnel': {
      const { rows } = await report('funnel', parameters, { signal });
      const first = rows[0]?.visitors ?? 0;
      const bars = rows.map((row, place) => bar(`${place}`, stepName(row.step), row.visitors, first ? row.visitors / first : null));
      return { bars, what: t.funnels.result, metric: t.funnels.visitors };
    }
    case 'goals': {
      const { rows } = await report('goals', { goal: goalsOf(saved) }, { signal });
      const bars = rows.map((row) => ({ ...bar(row.goal, stepName(row.goal), row.visitors, row.rate), filter: stepFilter(row.goal) }));
      return { bars, what: t.goals.goal, metric: t.goals.visitors };
    }
    case 'journeys': {
      const { rows } = await report('journeys', { ...parameters, limit: MOST }, { signal });
      const bars = rows.map((row) => bar(row.steps.join('\n'), row.steps.map(stepName).join(' → '), row.visits, null));
      return { bars, what: t.journeys.way, metric: t.journeys.visits };
    }
    case 'retention': {
      const { rows, unit } = await report('retention', parameters, { signal });
      const back = rows.filter(({ after }) => after === 1).slice(-MOST);
      const bars = back.map((row) => bar(String(row.begins_ms), interval(row.begins_ms, unit, site.zone), row.visitors, row.rate));
      return { bars, what: t.retention.cohort, metric: t.retention.after[unit as 'day' | 'week' | 'month'](1) };
    }
    case 'logs': {
      const { rows, total } = await report('logs-histogram', parameters, { signal });
      const counts = Object.entries(logs.logs.levels).map(([level, name]) => ({ level, name, count: rows.reduce((sum, row) => sum + Number(row[level]), 0) }));
      const bars = counts.filter(({ count }) => count).map(({ level, name, count }) => bar(level, name, count, count / total));
      return { bars, what: logs.logs.facetNames.level ?? '', metric: logs.logs.list };
    }
    default:
      return null;
  }
}

const bar = (key: string, label: string, size: number, share: number | null): Bar => ({ key, label, size, shown: number(size), share });

type Href = (page: string) => string;

export function pageOf(saved: Report, href: Href): string {
  const page = { funnel: 'funnels', goals: 'goals', journeys: 'journeys', retention: 'retention', logs: 'logs' }[saved.report] ?? 'overview';
  const address = href(page);
  const more = new URLSearchParams(own(saved));
  return more.size ? `${address}${address.includes('?') ? '&' : '?'}${more}` : address;
}

/** What the page itself puts into its address. */
function own({ report: kind, parameters }: Report): Record<string, string> {
  const { step, window_minutes: within, unit, steps, first, last, q } = parameters as Record<string, unknown>;
  const found: Record<string, unknown> =
    kind === 'funnel'
      ? { steps: JSON.stringify(step ?? []), within }
      : kind === 'retention'
        ? { cohort: unit }
        : kind === 'journeys'
          ? { steps, first, last }
          : kind === 'logs'
            ? { q }
            : {};
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value).map(([name, value]) => [name, String(value)]));
}
