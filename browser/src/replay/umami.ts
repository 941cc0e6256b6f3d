/**
 * `/recorder.js`: what a page that was made for Umami's recorder loads, beside the tracker. By Umami's protocol, and masked
 * as our own recorder masks: no text leaves the page that no rule shows.
 *
 *     <script defer src="https://sightline.example/recorder.js" data-website-id="…"></script>
 */

import { record as rrweb } from '@rrweb/record';
import { isPayment } from '../core/replays.ts';
import { on, safe } from '../core/safe.ts';
import { masking, type Rules } from './mask.ts';
import { atRest, masked } from './record.ts';

const MOST_EVENTS = 100; // of one request
const EVERY_MS = 5000;
const AGAIN_MS = 100; // until the tracker has the token that says whose visit this is
const PATIENCE_MS = 5000;
const LEAVING = 60_000; // bytes of a request that outlives its page
const MOST_WAITING = 4_000_000; // characters; a server that is away for longer misses the rest

interface Told extends Rules {
  replayEnabled: boolean;
  sampleRate: number;
  maxDuration: number;
  payment: string;
}

type Umami = { getSession?(): { cache?: string } | undefined };

const token = (): string | undefined => (window as { umami?: Umami }).umami?.getSession?.()?.cache;

/** Resolves when the tracker knows whose visit this is; false where it does not come to know. */
const known = async (): Promise<boolean> => {
  for (let waited = 0; !token(); waited += AGAIN_MS) {
    if (waited > PATIENCE_MS) return false;
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
  return true;
};

const begin = async ({ websiteId, hostUrl, sampleRate, maxDuration }: DOMStringMap, host: string): Promise<void> => {
  const base = (hostUrl ?? host).replace(/\/$/, '');
  const told = (await (await fetch(`${base}/api/websites/${websiteId}/recorder`, { credentials: 'omit' })).json()) as Told;
  if (!told.replayEnabled || Math.random() >= Math.min(told.sampleRate, Number(sampleRate ?? 1)) || !(await known())) return;

  const mask = masking(told);
  const waiting: string[] = [];
  let events: unknown[] = [];
  let timer = 0;
  let busy = false;
  let over = false;
  let paused = false;

  const send = async (body: string, leaving: boolean): Promise<number> => {
    const headers = { 'content-type': 'application/json', 'x-umami-cache': token() ?? '' };
    const asked = { method: 'POST', body, headers, credentials: 'omit', keepalive: leaving && body.length < LEAVING } as const;
    return fetch(`${base}/api/record`, asked).then(
      ({ status }) => status,
      () => 0,
    );
  };

  /** One request after the other: the server numbers them as they come. */
  const pump = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    while (waiting[0]) {
      const status = await send(waiting[0], false);
      if (status === 0 || status === 429 || status > 499) break; // with the next ones
      waiting.shift();
      if (status !== 200) stop();
    }
    busy = false;
  };

  const flush = (leaving = false): void => {
    clearTimeout(timer);
    timer = 0;
    if (events.length) {
      waiting.push(JSON.stringify({ type: 'record', payload: { website: websiteId, events, timestamp: Math.floor(Date.now() / 1000) } }));
      events = [];
    }
    if (waiting.reduce((size, one) => size + one.length, 0) > MOST_WAITING) stop();
    else if (leaving && !busy) for (const body of waiting.splice(0)) void send(body, true);
    else void pump();
  };

  const emit = safe((event: object) => {
    if (over || isPayment(told)) {
      paused = !over;
      return;
    }
    if (paused) {
      paused = false;
      return rrweb.takeFullSnapshot(); // nobody knows what changed meanwhile
    }
    const clean = mask.event(event);
    if (!clean) return;
    events.push(clean);
    if (events.length >= MOST_EVENTS) flush();
    else timer ||= setTimeout(flush, EVERY_MS) as unknown as number;
  });

  let stopRecording: (() => void) | undefined;
  const started = atRest(() => {
    stopRecording = safe(rrweb)(masked(mask, emit));
    flush();
  });
  const ends = [
    on(document, 'visibilitychange', () => document.hidden && flush(true)),
    on(window, 'pagehide', () => flush(true)),
  ];
  const stop = (): void => {
    over = true;
    started();
    for (const end of ends) safe(end)();
    if (stopRecording) safe(stopRecording)();
    waiting.length = 0;
  };
  setTimeout(stop, Math.min(told.maxDuration, Number(maxDuration ?? told.maxDuration)));
};

const script = document.currentScript as HTMLScriptElement | null;
if (script?.dataset.websiteId) void begin(script.dataset, new URL(script.src).origin).catch(() => undefined); // a page works without being watched
