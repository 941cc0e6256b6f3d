/** The recorder: rrweb's events, masked, with what the network and the console did; paused where nobody is. */

import { record as rrweb } from '@rrweb/record';
import { address, stack } from '../core/clean.ts';
import { isPayment } from '../core/replays.ts';
import { on, random, safe, wrap } from '../core/safe.ts';
import { masking, type Mask } from './mask.ts';
import { chunks } from './send.ts';
import type { Recorder, Recording } from '../core/replays.ts';

const IDLE_AFTER_MS = 5 * 60_000;
const LONGEST_MS = 60 * 60_000;
const MOST_EVENTS = 200_000;
const FREEZE_MS = 1000; // the server says from when on it is a finding
const REST_MS = 250;
const PATIENCE_MS = 2000;
const STORED = 'sightline';
const LEVELS = ['log', 'info', 'warn', 'error', 'debug'] as const;

/** The tab's name, which only who agreed keeps over a reload. */
const tabOf = (agreed: boolean): string => {
  const fresh = random();
  if (!agreed) return fresh;
  return (
    safe(() => {
      const known = sessionStorage.getItem(STORED) ?? fresh;
      sessionStorage.setItem(STORED, known);
      return known;
    })() ?? fresh
  );
};

/**
 * Do something once the page has come to rest: what it shows first is painted, and has not changed for a moment. At once
 * when its visitor does something, since that would be missed, and after a while in any case. Returns what calls it off.
 */
export const atRest = (work: () => void): (() => void) => {
  let timer = 0;
  const end = (): void => {
    clearTimeout(timer);
    clearTimeout(patience);
    changes.disconnect();
    paints?.disconnect();
    unheard();
  };
  const now = (): void => {
    end();
    work();
  };
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(now, REST_MS) as unknown as number;
  };
  const changes = new MutationObserver(wait);
  changes.observe(document, { childList: true, subtree: true, characterData: true });
  const paints = safe(() => {
    const made = new PerformanceObserver(wait);
    made.observe({ type: 'largest-contentful-paint', buffered: true });
    return made;
  })();
  const unheard = on(window, 'pointerdown keydown touchstart wheel scroll', now);
  const patience = setTimeout(now, PATIENCE_MS);
  wait();
  return end;
};

/** What rrweb is told: the emitted events hold no text that the mask did not let through. */
export const masked = (mask: Mask, emit: unknown): never =>
  ({
    emit,
    blockSelector: mask.blocked,
    maskAllInputs: true,
    maskTextSelector: '*',
    maskTextFn: (text: string, element: HTMLElement | null) => safe(mask.text)(text, element) ?? '***',
    maskInputFn: (text: string, element: HTMLElement) => safe(mask.input)(text, element) ?? '***',
    slimDOMOptions: 'all',
    inlineStylesheet: true,
    recordCanvas: false,
    recordCrossOriginIframes: false,
    collectFonts: false,
    sampling: { mousemove: 50, scroll: 150, media: 800, input: 'last' },
  }) as never;

export const record = (to: Recording): Recorder => {
  let told = to.configuration!;
  const mask = masking(told);
  const doc = random();
  const tab = tabOf(to.level() === 'replay');
  const began = Date.now();
  let count = 0;
  let active = began;
  let paused = false;
  let over = false;
  let path = location.pathname;

  const head = () => ({ site: to.site, tab, doc, url: address(location.href), ...to.envelope() });
  const sink = chunks(`${to.host}/r`, head, to.allowed, () => recorder.stop());

  const mayRun = (): boolean => !over && !document.hidden && !isPayment(told) && Date.now() - active < IDLE_AFTER_MS;

  const emit = safe((event: { type: number; timestamp: number; data: unknown }) => {
    if (over || paused) return;
    if (!mayRun()) {
      paused = true;
      return;
    }
    if (++count > MOST_EVENTS || Date.now() - began > LONGEST_MS) return recorder.stop();
    later.push(event);
    // A picture of the whole page is masked and written in a task of its own, and what follows it keeps its place.
    if (event.type === 2) setTimeout(write);
    else if (later.length === 1) write();
  });

  const later: Parameters<typeof sink.add>[0][] = [];
  const write = safe(() => {
    for (const event of later.splice(0)) {
      const clean = mask.event(event);
      if (clean) sink.add(clean);
    }
  });

  const plugin = (name: string, payload: unknown): void => {
    emit({ type: 6, timestamp: Date.now(), data: { plugin: name, payload } });
  };

  /** Go on with a fresh picture of the page: nobody knows what changed meanwhile. */
  const resume = safe(() => {
    if (!paused || !mayRun()) return;
    paused = false;
    rrweb.takeFullSnapshot();
  });

  let stopRecording: (() => void) | undefined;
  const started = atRest(() => {
    if (over) return;
    stopRecording = safe(rrweb)(masked(mask, emit));
  });

  const moved = (): void => {
    if (location.pathname === path) return;
    path = location.pathname;
    if (isPayment(told)) paused = true;
    else {
      resume();
      emit({ type: 5, timestamp: Date.now(), data: { tag: 'sightline.page', payload: { href: address(location.href) } } });
    }
  };
  /** A moment of this page as one since 1970, so that it stands where it belongs whichever page it was on. */
  const since = (start: number): number => Math.round(performance.timeOrigin + start);
  const request = (method: string, href: string, status: number, start: number): void => {
    if (!href.startsWith(to.host)) {
      plugin('rrweb/network@1', {
        requests: [{ name: address(href), method: method.toUpperCase(), status, initiatorType: 'fetch', startTime: since(start), duration: Math.round(performance.now() - start) }],
      });
    }
  };
  const noted = safe(request);
  const resources = safe(() => {
    const made = new PerformanceObserver((list) => {
      const requests = (list.getEntries() as PerformanceResourceTiming[])
        .filter((one) => one.initiatorType !== 'fetch' && !one.name.startsWith(to.host))
        .map(({ name, initiatorType, startTime, duration, transferSize, encodedBodySize, responseStatus }) => ({
          name: address(name), initiatorType, startTime: since(startTime), duration: Math.round(duration), transferSize, encodedBodySize, status: responseStatus,
        })); // prettier-ignore
      if (requests.length) plugin('rrweb/network@1', { requests });
    });
    made.observe({ type: 'resource', buffered: true });
    return made;
  })();

  const freezes = safe(() => {
    const made = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries())
        if (duration >= FREEZE_MS) emit({ type: 5, timestamp: Date.now(), data: { tag: 'sightline.freeze', payload: { duration: Math.round(duration) } } }); // prettier-ignore
    });
    made.observe({ type: 'longtask' });
    return made;
  })();

  /** An argument: what an error says of itself, and of everything else only what it is. */
  const argument = (one: unknown): string =>
    JSON.stringify(one instanceof Error ? one.name : typeof one === 'number' || typeof one === 'boolean' ? '***' : Object.prototype.toString.call(one));

  const ends = [
    ...LEVELS.map((level) =>
      wrap(console, level, (call, all) => {
        safe(() => {
          const error = all.find((one) => one instanceof Error) as Error | undefined;
          plugin('rrweb/console@1', { level, payload: all.slice(0, 10).map(argument), trace: error?.stack ? stack(error.stack).split('\n').slice(1, 20) : [] });
        })();
        return call(all);
      }),
    ),
    wrap(window, 'fetch', (call, all) => {
      const start = performance.now();
      const found = call(all);
      safe(() => {
        const [input, init] = all;
        const href = new URL(String(input?.url ?? input), location.href).href;
        found.then(
          (response?: Response) => noted(init?.method ?? input?.method ?? 'GET', href, response?.status ?? 0, start),
          () => noted(init?.method ?? input?.method ?? 'GET', href, 0, start),
        );
      })();
      return found;
    }),
    ...['pushState', 'replaceState'].map((name) =>
      wrap(history, name, (call, all) => {
        const found = call(all);
        safe(moved)();
        return found;
      }),
    ),
    on(window, 'popstate', moved),
    on(window, 'pointerdown pointermove keydown scroll touchstart', () => {
      active = Date.now();
      if (paused) resume();
    }),
    on(document, 'visibilitychange', () => (document.hidden ? (paused = true) : resume())),
    on(window, 'pagehide', () => {
      sink.add({ type: 5, timestamp: Date.now(), data: { tag: 'sightline.close', payload: null } } as never);
      sink.flush(true);
    }),
  ];

  const recorder: Recorder = {
    configure(next) {
      const loosened = JSON.stringify(next.unmask) !== JSON.stringify(told.unmask);
      told = next;
      mask.configure(next);
      if (!next.replay) recorder.stop();
      else if (loosened) safe(() => rrweb.takeFullSnapshot())();
    },
    hide() {
      write();
      sink.flush(true);
    },
    stop() {
      if (over) return;
      over = true;
      started();
      for (const end of ends) safe(end)();
      resources?.disconnect();
      freezes?.disconnect();
      if (stopRecording) safe(stopRecording)();
      sink.stop();
    },
  };
  return recorder;
};
