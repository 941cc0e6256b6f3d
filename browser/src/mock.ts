/** A client for unit tests: it sends nothing and remembers everything. */

import type { Client, Properties } from './types.ts';

export interface Called {
  name: 'track' | 'page' | 'identify' | 'consent' | 'error' | 'stop';
  given: readonly unknown[];
}

export interface Mock extends Client {
  /** What was called, in order. */
  readonly calls: readonly Called[];
  /** The names and properties of the events that were tracked. */
  events(): [string, Properties | undefined][];
}

export const mock = (visit = '1'): Mock => {
  const calls: Called[] = [];
  const note =
    (name: Called['name']) =>
    (...given: unknown[]): void => {
      calls.push({ name, given });
    };
  return {
    calls,
    events: () => calls.filter((one) => one.name === 'track').map((one) => one.given as [string, Properties | undefined]),
    track: note('track') as Client['track'],
    page: note('page'),
    identify: note('identify') as Client['identify'],
    consent: note('consent') as Client['consent'],
    error: note('error') as Client['error'],
    stop: note('stop'),
    visitId: () => visit,
    status: () => ({ visit, consent: 'replay', waiting: 0, sent: 0, lost: 0, failing: false, recording: false, stopped: false }),
  };
};
