/**
 * What leaves the page of a recording: structure, and no text. Everything is masked unless the server's rules let it be
 * seen, and an event that cannot be read is left out. The server masks once more, by more than is known here.
 */

import { address } from '../core/clean.ts';
import type { Configuration } from '../types.ts';

type Any = any; // eslint-disable-line @typescript-eslint/no-explicit-any

const STAR = '********';
// Attributes that say how something looks or works, and hold nothing that anybody has written.
const PLAIN =
  /^(class|id|type|rel|media|role|dir|lang|colspan|rowspan|width|height|rows|cols|size|span|start|min|max|step|maxlength|checked|selected|disabled|readonly|required|multiple|open|hidden|tabindex|viewBox|d|x|y|x1|y1|x2|y2|cx|cy|r|rx|ry|points|transform|fill|stroke|stroke-width|preserveAspectRatio|xmlns|style|rr_.*|_cssText|isSVG|data-sightline-.*|charset|crossorigin|async|defer|method|target|for|scope|align|valign|border)$/;
const ADDRESSES = /^(href|src|action|poster|xlink:href|formaction|background)$/;
const BARRED = /^(password|email|tel|hidden|file)$/;
const SECRET = /cc-|password|one-time|otp/;

/** Rules in the form in which each text asks them: a page has thousands of texts. */
interface Seen {
  masked: string;
  unmask: { selector: string; isHere: () => boolean }[];
}

export type Rules = Pick<Configuration, 'blocked' | 'masked' | 'unmask'>;

const prepared = (told: Rules): Seen => ({
  masked: told.masked.join(','),
  unmask: told.unmask.flatMap(({ selector, page }) => {
    try {
      const expression = page && new RegExp(page);
      document.createDocumentFragment().querySelector(selector); // throws for what is none
      return [{ selector, isHere: () => !expression || expression.test(location.pathname) }];
    } catch {
      return []; // what cannot be read shows nothing
    }
  }),
});

export interface Mask {
  configure(told: Rules): void;
  readonly blocked: string;
  text(text: string, element: HTMLElement | null): string;
  input(text: string, element: HTMLElement): string;
  /** The same event without what may not leave; undefined for one that cannot be read. */
  event(event: Any): Any;
}

export const masking = (first: Rules): Mask => {
  let told = first;
  let rules = prepared(first);

  const isSeen = (element: Element | null): boolean => {
    if (!element || !rules.unmask.some(({ selector, isHere }) => isHere() && element.closest(selector))) return false;
    try {
      return !rules.masked || !element.closest(rules.masked);
    } catch {
      return false; // what cannot be read as a rule masks
    }
  };

  const attributes = (held: Any, tag: string): void => {
    for (const name of Object.keys(held)) {
      const value = held[name] as unknown;
      if (typeof value !== 'string') continue;
      if (ADDRESSES.test(name)) held[name] = /^(data|blob|javascript):/i.test(value) ? '' : tag === 'a' ? '#' : address(value);
      else if (name === 'value') held[name] = value.replace(/[^*]+/g, '') === value ? value : seen.has(value) ? value : STAR;
      else if (!PLAIN.test(name) && value !== '') held[name] = STAR;
    }
  };
  // Values of inputs that were just let through; rrweb writes them as attributes, too.
  const seen = new Set<string>();

  const node = (one: Any): void => {
    if (one.attributes) attributes(one.attributes, one.tagName);
    if (one.type === 5) one.textContent = ''; // a comment
    for (const child of one.childNodes ?? []) node(child);
  };

  return {
    configure(next) {
      told = next;
      rules = prepared(next);
    },
    get blocked() {
      return told.blocked.join(',') || '[data-sightline-block]';
    },
    text: (text, element) => (isSeen(element) ? text : text.replace(/\S+/g, (word) => '*'.repeat(Math.min(8, Math.max(2, word.length))))),
    input(text, element) {
      const { type, autocomplete } = element as HTMLInputElement;
      if (!text || BARRED.test(type) || SECRET.test(autocomplete ?? '') || !isSeen(element)) return text && STAR;
      seen.add(text);
      return text;
    },
    event(event) {
      try {
        const { type, data } = event as { type: number; data: Any };
        if (type === 4) data.href = address(data.href as string);
        if (type === 2) node(data.node);
        if (type === 3 && data.source === 0) {
          for (const added of data.adds) node(added.node);
          for (const changed of data.attributes) attributes(changed.attributes, '');
        }
        return event;
      } catch {
        return undefined;
      }
    },
  };
};
