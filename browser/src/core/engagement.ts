/** How long a page was in front and used, and how far it was scrolled. */

import { on } from './safe.ts';
import type { Delivery } from './delivery.ts';
import type { Pages } from './pages.ts';

const TICK_MS = 1000;
const IDLE_AFTER_MS = 30_000;

export const watchEngagement = (delivery: Delivery, pages: () => Pages | undefined): { report(): void; stop(): void } => {
  let spent = 0;
  let deepest = 0;
  let told = 0;
  let last = Date.now();
  let active = last;
  let scrolled = true;

  const measure = (): void => {
    const now = Date.now();
    const visible = !document.hidden;
    if (visible && document.hasFocus() && now - active < IDLE_AFTER_MS) spent += Math.min(now - last, 2 * TICK_MS);
    last = now;
    if (scrolled && visible) {
      scrolled = false;
      const height = document.documentElement.scrollHeight;
      if (height) deepest = Math.max(deepest, Math.round(((scrollY + innerHeight) / height) * 100));
    }
  };
  const timer = setInterval(measure, TICK_MS);
  const ends = [
    on(window, 'pointerdown pointermove keydown wheel touchstart', () => {
      active = Date.now();
    }),
    on(document, 'scroll', () => {
      active = Date.now();
      scrolled = true;
    }),
  ];

  return {
    report() {
      measure();
      const page = pages();
      if (page && (spent >= TICK_MS || deepest > told)) {
        const { url, ref, title, page: id } = page.current();
        delivery.add('engagement', { url, page: id, ref, title, ms: spent, scroll: deepest });
      }
      told = deepest;
      spent = 0;
    },
    stop() {
      clearInterval(timer);
      ends.forEach((end) => end());
    },
  };
};

