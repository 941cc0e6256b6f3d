/** Requests of the page: headers that join them to the visit, and a breadcrumb for each. */

import { address } from './clean.ts';
import { random, safe, wrap } from './safe.ts';
import type { Properties } from '../types.ts';

export interface Requests {
  /** Origins beside the page's own that may read our headers. */
  allow(origins: string[]): void;
  stop(): void;
}

export const watchRequests = (
  own: string,
  correlate: boolean,
  visit: () => string,
  crumb: (kind: string, what: Properties) => void,
): Requests => {
  let allowed: string[] = [];

  /** The headers for a request, which no XMLHttpRequest of the page sets itself; none where it is our own or goes where nobody knows them. */
  const headersFor = (href: string): [string, string][] => {
    const url = new URL(href, location.href);
    if (!correlate || !(url.origin === location.origin || allowed.includes(url.origin))) return [];
    const found: [string, string][] = [['traceparent', `00-${random()}-${random(8)}-01`]];
    if (visit()) found.push(['x-sightline-visit', visit()]);
    return found;
  };
  const isOwn = (href: string): boolean => new URL(href, location.href).href.startsWith(own);
  const note = safe((method: string, href: string, status: number, began: number) =>
    crumb('request', { method, url: address(href), status, ms: Math.round(performance.now() - began) }),
  );

  const details = new WeakMap<XMLHttpRequest, string[]>();
  const xhr = window.XMLHttpRequest?.prototype;
  const ends = [
    wrap(window, 'fetch', (call, all) => {
      const [input, init] = all;
      const began = performance.now();
      const href = String(input?.url ?? input);
      const ready = safe(() => {
        if (isOwn(href)) return undefined;
        const added = headersFor(href);
        if (!added.length) return all;
        const headers = new Headers(init?.headers ?? input.headers);
        for (const [name, value] of added) if (!headers.has(name)) headers.set(name, value);
        return [input, { ...init, headers }];
      })();
      const found = call(ready ?? all);
      if (ready) {
        const done = (status?: number): void => note((init?.method ?? input.method ?? 'GET') as string, href, status ?? 0, began);
        safe(() => found.then((response?: Response) => done(response?.status), () => done()))();
      }
      return found;
    }),
    wrap(xhr, 'open', (call, all, self) => {
      details.set(self, all.slice(0, 2).map(String));
      return call(all);
    }),
    wrap(xhr, 'send', (call, all, self) => {
      const [method, href] = details.get(self) ?? [];
      const began = performance.now();
      safe(() => {
        if (!href || isOwn(href)) return;
        for (const [name, value] of headersFor(href)) self.setRequestHeader(name, value);
        self.addEventListener('loadend', () => note(method!, href, self.status, began));
      })();
      return call(all);
    }),
  ];
  return {
    allow(origins) {
      allowed = origins;
    },
    stop: () => ends.forEach((end) => end()),
  };
};
