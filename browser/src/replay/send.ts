/** From events to chunks to the server: one after the other, numbered, within bounds. */

import { safe } from '../core/safe.ts';

export interface Chunks {
  add(event: { timestamp: number }): void;
  flush(hidden?: boolean): void;
  /** Everything that waits is forgotten. */
  stop(): void;
}

export interface ChunkHead {
  doc: string;
  [name: string]: unknown;
}

const EVERY_MS = 5000;
const FULL = 48_000; // characters of events in a chunk that may have to leave with its page
const MOST = 6_000_000; // characters in memory; a server that is away for longer misses the rest
const LONGEST_WAIT_MS = 60_000;

interface Chunk {
  seq: number;
  first: number;
  last: number;
  n: number;
  body: string;
  /** Under way in a request that outlives the page, and its status: said twice, it would only be counted twice. */
  leaving?: Promise<number> | undefined;
}

export const chunks = (url: string, head: () => ChunkHead, allowed: () => boolean, over: () => void): Chunks => {
  let events: string[] = [];
  let bytes = 0;
  let first = 0;
  let last = 0;
  let waiting: Chunk[] = [];
  let held = 0;
  let seq = 0;
  let busy = false;
  let tries = 0;
  let timer = 0;
  let stopped = false;

  const cut = (): void => {
    if (!events.length) return;
    waiting.push({ seq: seq++, first, last, n: events.length, body: `[${events.join(',')}]` });
    events = [];
    bytes = 0;
  };

  const whole = ({ seq, first, last, n, body }: Chunk): string =>
    `${JSON.stringify({ v: 1, at: Date.now(), ...head(), seq, first, last, n })}\n${body}`;

  const done = (chunk: Chunk): void => {
    if (!waiting.includes(chunk)) return; // answered twice
    waiting = waiting.filter((one) => one !== chunk);
    held -= chunk.body.length;
  };

  /** The status; 0 for no answer, or none that a fetch which the page has patched would give. */
  const send = async (body: BodyInit, keepalive: boolean): Promise<number> => {
    try {
      return (await fetch(url, { method: 'POST', body, credentials: 'omit', keepalive }))?.status ?? 0;
    } catch {
      return 0;
    }
  };

  const post = async (chunk: Chunk): Promise<number> => {
    const text = whole(chunk);
    if (!('CompressionStream' in window)) return send(text, false);
    const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
    const body = new Uint8Array(await new Response(packed).arrayBuffer());
    // It may have left while it was packed.
    return (chunk.leaving ??= body.length < FULL ? send(body, true) : undefined) ?? send(body, false);
  };

  const pump = async (): Promise<void> => {
    if (busy || stopped || !allowed()) return;
    busy = true;
    cut();
    for (let chunk = waiting[0]; chunk && !stopped; chunk = waiting[0]) {
      const status = await (chunk.leaving ?? post(chunk)).catch(() => 0);
      if (status === 0 || status === 429 || status > 499) {
        chunk.leaving = undefined;
        soon(Math.min(LONGEST_WAIT_MS, 1000 * 2 ** tries++));
        break;
      }
      tries = 0;
      done(chunk);
      if (status !== 200) over(); // the server does not want this recording
    }
    busy = false;
  };

  const soon = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      void pump();
    }, ms) as unknown as number;
  };

  return {
    add(event) {
      if (stopped) return;
      const json = safe(() => JSON.stringify(event))();
      if (!json) return;
      if (bytes && bytes + json.length > FULL) cut();
      if (!events.length) first = event.timestamp;
      last = event.timestamp;
      events.push(json);
      bytes += json.length;
      held += json.length;
      if (held > MOST) over();
      else if (waiting.length && !tries) void pump();
      else if (!timer) soon(seq ? EVERY_MS : 500);
    },
    flush(hidden) {
      if (stopped || !allowed()) return;
      if (!hidden) return void pump();
      cut();
      let room = 60_000;
      for (const chunk of [...waiting]) {
        if (chunk.leaving) continue;
        const text = whole(chunk);
        if (text.length > room) break;
        room -= text.length;
        const sent = (chunk.leaving = send(text, true));
        void sent.then((status) => (status === 200 ? done(chunk) : chunk.leaving === sent && (chunk.leaving = undefined)));
      }
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      waiting = [];
      events = [];
    },
  };
};
