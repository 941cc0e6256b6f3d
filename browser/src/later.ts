/**
 * Sightline's SDK, fetched and started once the page has shown something: only these lines are part of the application's
 * own code, and nothing of the SDK competes with what its visitor waits for.
 *
 *     const sightline = later({ site: 'pk_…', host: '/9f3ab2c41d07' });
 *     sightline.then(({ track }) => track('order'), () => {});
 *
 * Who leaves before anything was shown is not counted. Errors of that time are kept and reported.
 */

import { early } from './core/early.ts';
import { on, safe } from './core/safe.ts';
import type { Options } from './types.ts';

export type Sdk = typeof import('./index.ts');

const PATIENCE_MS = 3000; // for browsers that do not say when they paint, and for pages that show nothing
const MOST_EARLY = 10;

/** Start the SDK after the first paint with content; rejected where it cannot be fetched, as behind a blocker. */
export const later = (options: Options): Promise<Sdk> =>
  new Promise((resolve, reject) => {
    const keep = (source: string, thrown: unknown): void => {
      if (thrown && early.length < MOST_EARLY) early.push([source, thrown]);
    };
    const ends = [
      on(window, 'error', (event: ErrorEvent) => keep('error', event.error)),
      on(window, 'unhandledrejection', (event: PromiseRejectionEvent) => keep('rejection', event.reason)),
    ];
    const begin = (): void => {
      clearTimeout(patience);
      paints?.disconnect();
      shown();
      import('./index.ts')
        .then((sdk) => {
          sdk.init(options);
          resolve(sdk);
        })
        .catch(reject)
        .finally(() => ends.forEach((end) => end()));
    };
    const patience = setTimeout(begin, document.hidden ? 0 : PATIENCE_MS); // nothing is painted where nobody looks
    const paints = safe(() => {
      const made = new PerformanceObserver((list) => {
        if (list.getEntriesByName('first-contentful-paint').length) begin();
      });
      made.observe({ type: 'paint', buffered: true });
      return made;
    })();
    const shown = on(document, 'visibilitychange', begin);
  });
