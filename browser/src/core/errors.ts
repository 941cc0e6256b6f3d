/** Errors of the page: each kind once with a count, few of each, with what led to it. */

import * as clean from './clean.ts';
import { on, safe, wrap } from './safe.ts';
import type { Delivery, Item } from './delivery.ts';
import type { Pages } from './pages.ts';
import type { Properties } from '../types.ts';

const MOST_ITEMS = 30; // of one page load
const MOST_CRUMBS = 20;
const SAME_WITHIN_MS = 5000; // the same error again within this time is counted, not sent again

export interface Errors {
  report(source: string, error: unknown, more?: { context?: Properties | undefined; component?: string | undefined; handled?: boolean }): void;
  crumb(kind: string, what: Properties): void;
  stop(): void;
}

export const watchErrors = (delivery: Delivery, pages: () => Pages | undefined, consoleToo: boolean): Errors => {
  const crumbs: Properties[] = [];
  const seen = new Map<string, Item>();
  let left = MOST_ITEMS;
  let inside = false;

  const report: Errors['report'] = (source, thrown, { context, component, handled } = {}) => {
    const error = thrown instanceof Error && thrown;
    const name = error ? String(error.name) : source;
    const message = clean.text(String(error ? error.message : typeof thrown === 'object' ? JSON.stringify(thrown) : thrown));
    const stack = error && error.stack ? clean.stack(String(error.stack)) : '';
    const key = [name, message, stack.split('\n').slice(0, 3)].join('\n');
    const before = seen.get(key);
    const now = Date.now();
    if (before && now - before.t < SAME_WITHIN_MS) {
      before.n = (before.n as number) + 1;
      return;
    }
    if (left-- < 1) return;
    const item = delivery.add('error', {
      ...pages()?.here(), src: source, name, msg: message, stack, n: 1, crumbs: crumbs.slice(), handled,
      comp: component && clean.stack(component), ctx: context && cleaned(context),
    }); // prettier-ignore
    seen.set(key, item);
  };
  const reported = safe(report);

  const failed = (event: ErrorEvent): void => {
    const target = event.target as (Element & { src?: string; href?: string }) | Window | null;
    if (target && 'localName' in target) {
      const url = clean.address(target.src ?? target.href ?? '');
      reported('resource', `${target.localName} ${url}`);
    } else if (!/^ResizeObserver loop/.test(event.message)) {
      // The observer's notice is no error: the browser only says that it goes on in the next frame.
      reported('error', event.error ?? event.message);
    }
  };

  const ends = [
    on(window, 'error', failed),
    on(window, 'unhandledrejection', (event: PromiseRejectionEvent) => reported('rejection', event.reason)),
  ];
  if (consoleToo) {
    ends.push(
      wrap(console, 'error', (call, all) => {
        if (!inside) {
          inside = true;
          reported('console', all.find((one) => one instanceof Error) ?? all.map(String).join(' '));
          inside = false;
        }
        return call(all);
      }),
    );
  }
  return {
    report: reported,
    crumb: safe((kind: string, what: Properties) => {
      crumbs.push({ k: kind, t: Date.now(), ...what });
      if (crumbs.length > MOST_CRUMBS) crumbs.shift();
    }),
    stop: () => ends.forEach((end) => end()),
  };
};

/** Strings of an object, cleaned, at any depth. */
export const cleaned = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value) ?? 'null', (_, one: unknown) => (typeof one === 'string' ? clean.text(one) : one)) as T;
