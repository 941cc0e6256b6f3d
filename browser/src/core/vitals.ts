/** Web Vitals: the final value of each, with what is to blame for it. */

import { onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals';
import type { Metric } from 'web-vitals';
import * as clean from './clean.ts';
import { safe, say } from './safe.ts';
import type { Delivery } from './delivery.ts';
import type { Pages } from './pages.ts';

type Entry = PerformanceEntry & Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
type Found = { el?: string; [part: string]: string | number | undefined };

/** Spans between moments, in order and never negative, in whole milliseconds. */
const spans = (names: string, moments: (number | undefined)[]): Found => {
  const found: Found = {};
  let last = moments[0] ?? 0;
  names.split(' ').forEach((name, index) => {
    const next = Math.max(last, moments[index + 1] ?? 0);
    found[name] = Math.round(next - last);
    last = next;
  });
  return found;
};

const most = <T>(list: readonly T[] | undefined, by: (one: T) => number): T | undefined =>
  list?.reduce<T | undefined>((a, b) => (a && by(a) >= by(b) ? a : b), undefined);

const paint = (entry: Entry): Found => {
  const load = (performance.getEntriesByType('navigation')[0] ?? {}) as Entry;
  const file = (performance.getEntriesByName(entry.url, 'resource')[0] ?? {}) as Entry;
  return {
    el: clean.selector(entry.element), url: entry.url && clean.address(entry.url),
    ...spans('ttfb delay load render', [load.activationStart, load.responseStart, file.requestStart || file.startTime, file.responseEnd, entry.startTime]),
  }; // prettier-ignore
};

const interaction = (entries: Entry[], frames: Entry[]): Found => {
  const entry = most(entries, (one) => one.processingEnd - one.processingStart)!;
  const end = entry.startTime + entry.duration;
  const frame = frames.find((one) => one.startTime < end && one.startTime + one.duration > entry.startTime);
  const script = most(frame?.scripts as Entry[], (one) => one.duration);
  return {
    el: clean.selector(entries.find((one) => one.target)?.target), event: entry.name,
    ...spans('input work render', [entry.startTime, entry.processingStart, entry.processingEnd, end]),
    ...(script && { script: clean.address(script.sourceURL), invoker: script.invokerType, script_ms: Math.round(script.duration) }),
  }; // prettier-ignore
};

const shift = (entries: Entry[]): Found => {
  const worst = most(entries, (one) => one.value)!;
  const moved = most(worst.sources as { node?: Node; currentRect: DOMRectReadOnly }[], ({ currentRect: { width, height } }) => width * height);
  return { el: clean.selector(moved?.node), worst: Math.round(worst.value * 1e4) / 1e4, at: Math.round(worst.startTime) };
};

const blame = (name: string, entries: Entry[], frames: Entry[]): Found => {
  const first = entries[0];
  if (!first) return {};
  if (name === 'LCP') return paint(entries.at(-1)!);
  if (name === 'INP') return interaction(entries, frames);
  if (name === 'CLS') return shift(entries);
  return name === 'TTFB'
    ? spans('wait dns connect request', [first.activationStart, first.domainLookupStart, first.domainLookupEnd, first.connectEnd, first.responseStart])
    : {};
};

export const watchVitals = (delivery: Delivery, pages: Pages): (() => void) => {
  let stopped = false;
  // What the page was when the document loaded: a later route did not paint it.
  let loaded = pages.here();
  const frames: Entry[] = [];
  const observer = safe(() => {
    const made = new PerformanceObserver((list) => {
      frames.push(...(list.getEntries() as Entry[]));
      frames.splice(0, frames.length - 50);
    });
    made.observe({ type: 'long-animation-frame', buffered: true });
    return made;
  })();
  const found = safe((metric: Metric) => {
    if (stopped) return;
    const { name, value, navigationType: nav } = metric;
    const { el, ...detail } = safe(blame)(name, metric.entries as Entry[], frames) ?? {};
    if (nav === 'back-forward-cache') loaded = pages.here();
    const soft = nav === 'soft-navigation' && metric.navigationURL;
    delivery.add('vital', {
      ...(soft ? { url: clean.address(soft) } : loaded), name, value, nav, el, detail,
    }); // prettier-ignore
    say(name, value, metric.rating, el);
  });
  const options = { reportSoftNavs: true };
  for (const each of [onLCP, onINP, onCLS, onFCP, onTTFB]) safe(each as (heard: typeof found, options: object) => void)(found, options);
  return () => {
    stopped = true;
    observer?.disconnect();
  };
};
