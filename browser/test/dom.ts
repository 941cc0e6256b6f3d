/** A document to run in. */

import { Window } from 'happy-dom';

const NAMES = ['document', 'location', 'history', 'navigator', 'screen', 'Element', 'HTMLElement', 'Node'];

/** Put a window's parts where a browser has them. */
export const dom = (): void => {
  const window = new Window({ url: 'https://shop.test/start?utm_source=news&email=ann@example.com' });
  Object.defineProperty(globalThis, 'window', { value: window, configurable: true });
  for (const name of NAMES) {
    const value = (window as unknown as Record<string, unknown>)[name];
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
};
