/** A page or an event that somebody did: `path:/pricing`, `event:sign-up`, as funnels, goals and journeys name them. */

import type { Filter } from '../site/filters.ts';
import { t } from '../messages/behaviour.ts';

export type StepKind = 'path' | 'event';

export interface Step {
  kind: StepKind;
  value: string;
}

export function readStep(text: string): Step {
  const [kind, ...rest] = text.split(':');
  return kind === 'event' ? { kind, value: rest.join(':') } : { kind: 'path', value: kind === 'path' ? rest.join(':') : text };
}

export const writeStep = ({ kind, value }: Step): string => `${kind}:${value.trim()}`;

/** As people read it: a page by its path, an event by its name. */
export const stepName = (text: string): string => {
  const step = readStep(text);
  return step.kind === 'event' ? t.steps.event(step.value) : step.value;
};

/** What finds the visits in which it was done. */
export function stepFilter(text: string): Filter {
  const { kind, value } = readStep(text);
  const star = value.indexOf('*');
  return star < 0 ? { field: kind, operator: 'eq', values: [value] } : { field: kind, operator: 'c', values: [value.slice(0, star)] };
}
