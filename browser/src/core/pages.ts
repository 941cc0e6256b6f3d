/** Page views: the load, changes of the history, of the hash (an option), and pages that come back from the cache. */

import { address } from './clean.ts';
import { on, random, safe, wrap } from './safe.ts';
import type { Delivery, Item } from './delivery.ts';

export interface Pages {
  /** What an item says of the page that it happened on. */
  here(): { url: string; page: string };
  /** The view, as `engagement` repeats it. */
  current(): Item;
  view(kind: string): void;
  stop(): void;
}

const TITLE_AFTER_MS = 300; // a router sets the title after the address

export const watchPages = (delivery: Delivery, hash: boolean, automatic: boolean, leaving: () => void): Pages => {
  let shown = '';

  const place = (): string => (hash ? location.href : location.href.split('#')[0]!);
  const url = (): string => address(location.href, hash);
  let current: Item = { k: '', t: 0, url: url(), page: random(8) };

  const view = (nav: string): void => {
    if (current.k) leaving();
    const item = delivery.add('page', {
      url: url(), page: shown ? random(8) : current.page,
      ref: shown ? current.url : document.referrer && address(document.referrer), title: document.title, nav,
    }); // prettier-ignore
    shown = place();
    current = item;
    setTimeout(() => {
      if (current === item) item.title = document.title;
    }, TITLE_AFTER_MS);
  };

  const moved = (): void => {
    if (automatic && place() !== shown) view('history');
  };

  const ends = [
    ...['pushState', 'replaceState'].map((name) =>
      wrap(history, name, (call, all) => {
        const found = call(all);
        safe(moved)();
        return found;
      }),
    ),
    on(window, 'popstate hashchange', moved, false),
    on(window, 'pageshow', (event: PageTransitionEvent) => event.persisted && automatic && view('back-forward-cache'), false),
  ];

  if (automatic) {
    // A page that is only prepared has not been seen.
    if ((document as { prerendering?: boolean }).prerendering) ends.push(on(document, 'prerenderingchange', () => view('prerender')));
    else view('load');
  }
  return {
    here: () => ({ url: current.url as string, page: current.page as string }),
    current: () => current,
    view,
    stop: () => ends.forEach((end) => end()),
  };
};
