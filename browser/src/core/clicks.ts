/** What is clicked: links that lead away, downloads, sent forms, and elements that name an event themselves. */

import { address, selector, text } from './clean.ts';
import { on } from './safe.ts';
import type { Properties } from '../types.ts';

// What a path ends in that is no page.
const FILES = /\.(?!html?$|php$|aspx?$|jsp$|\d+$)\w{2,4}$/i;
const NAMED = 'data-sightline-event';

/** The properties that an element's attributes give to its event. */
const given = (element: Element): Properties => {
  const found: Record<string, string> = {};
  for (const { name, value } of [...element.attributes]) {
    if (name.startsWith(NAMED + '-')) found[name.slice(NAMED.length + 1)] = text(value, 500);
  }
  return found;
};

const link = (element: Element): { name: string; properties: Properties } | undefined => {
  const anchor = element.closest('a[href]') as HTMLAnchorElement | null;
  if (!anchor || !/^https?:$/.test(anchor.protocol)) return undefined;
  const url = address(anchor.href).split('?')[0]!;
  if (anchor.hasAttribute('download') || FILES.test(anchor.pathname)) return { name: 'download', properties: { url } };
  return anchor.host === location.host ? undefined : { name: 'outbound', properties: { url } };
};

export const watchClicks = (
  track: (name: string, properties: Properties) => void,
  crumb: (kind: string, what: Properties) => void,
): (() => void) => {
  const clicked = (event: MouseEvent): void => {
    const target = (event.composedPath()[0] ?? event.target) as Element | null;
    if (!target?.closest || event.button > 1) return;
    crumb('click', { el: selector(target) });
    const named = target.closest(`[${NAMED}]`);
    if (named && named.localName !== 'form') track(named.getAttribute(NAMED)!, given(named));
    const found = link(target);
    if (found) track(found.name, found.properties);
  };
  const submitted = (event: SubmitEvent): void => {
    const form = event.target as HTMLFormElement;
    const name = form.getAttribute(NAMED);
    track(name ?? 'form', { form: selector(form), ...given(form) });
  };
  const ends = [on(document, 'click auxclick', clicked), on(document, 'submit', submitted)];
  return () => ends.forEach((end) => end());
};
