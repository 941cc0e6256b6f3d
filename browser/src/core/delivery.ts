/**
 * From items to batches to the server: each arrives once, in order, or is counted as lost.
 *
 * A batch keeps its sequence number however often it is sent, and the server stores it once. Nothing is kept but in
 * memory, within bounds. When the page is hidden, everything that waits goes out at once, uncompressed, since nobody
 * may come back to it.
 */

import { random, safe, say } from './safe.ts';
import type { Configuration } from '../types.ts';

export type Item = { k: string; t: number; [name: string]: unknown };

export interface Answer {
  visit?: string;
  accepted: number;
  dropped?: [number, string][];
  configuration?: Configuration;
}

export interface Delivery {
  /** Put an item into the queue; it may still be changed until it is sent. */
  add(kind: string, more: Record<string, unknown>): Item;
  /** Send what waits; `hidden` when the page may be gone a moment later. */
  flush(hidden?: boolean): void;
  /** Send at the next opportunity, rather than with the next batch. */
  soon(ms: number): void;
  clear(): void;
  stop(): void;
  state: { sent: number; lost: number; failing: boolean };
  waiting(): number;
}

export interface Sending {
  url: string;
  site: string;
  /** Whether nothing but vitals and errors is taken. */
  only: string | undefined;
  /** What stands in the envelope beside the items. */
  envelope(): Record<string, unknown>;
  /** Whether anything may be sent at the moment. */
  allowed(): boolean;
  heard(answer: Answer): void;
}

const EVERY_MS = 5000;
const MOST_ITEMS = 20;
const MOST_BYTES = 60_000; // browsers take 64 kB from a page that goes, over all requests
const FULL_BYTES = 50_000; // characters of items, which leave room for an envelope and for letters of two bytes
const MOST_WAITING = 1000; // items; beyond them the oldest are lost
const WORTH_PACKING = 800; // bytes
const LONGEST_WAIT_MS = 60_000;

interface Batch {
  seq: number;
  items: string[];
  tries: number;
  /** Under way in a request that outlives the page. */
  leaving?: boolean;
}

export const deliver = (to: Sending): Delivery => {
  const doc = random();
  const state = { sent: 0, lost: 0, failing: false };
  let pending: Item[] = [];
  let batches: Batch[] = [];
  let seq = 0;
  let told = 0; // how many lost items the server knows of
  let busy = false;
  let stopped = false;
  let timer = 0;

  const waiting = (): number => batches.reduce((sum, batch) => sum + batch.items.length, pending.length);

  const lose = (items: number): void => {
    state.lost += items;
  };

  /** Make batches of what waits. */
  const cut = (): void => {
    let items: string[] | undefined;
    let bytes = 0;
    for (const item of pending) {
      const json = safe(() => JSON.stringify(item))();
      if (!json || json.length > FULL_BYTES) {
        lose(1);
        continue;
      }
      bytes += json.length;
      if (!items || items.length >= MOST_ITEMS || bytes > FULL_BYTES) {
        items = [];
        bytes = json.length;
        batches.push({ seq: seq++, items, tries: 0 });
      }
      items.push(json);
    }
    pending = [];
  };

  const body = (batch: Batch): string => {
    const head = JSON.stringify({
      v: 1, site: to.site, doc, seq: batch.seq, at: Date.now(), lost: state.lost - told, ...to.envelope(),
    }); // prettier-ignore
    return `${head.slice(0, -1)},"items":[${batch.items.join(',')}]}`;
  };

  /** Never throws at once, whatever somebody else has made of `fetch`. */
  const send = async (body: BodyInit, keepalive: boolean): Promise<Response> => fetch(to.url, { method: 'POST', credentials: 'omit', body, keepalive });

  const post = async (batch: Batch): Promise<Response> => {
    const text = body(batch);
    let data: string | Uint8Array<ArrayBuffer> = text;
    if (text.length > WORTH_PACKING && 'CompressionStream' in window) {
      const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
      data = new Uint8Array(await new Response(packed).arrayBuffer());
    }
    batch.leaving = data.length < MOST_BYTES;
    return send(data, batch.leaving);
  };

  const done = (batch: Batch): void => {
    batches = batches.filter((one) => one !== batch);
  };

  const answered = async (batch: Batch, response: Response): Promise<number> => {
    const { status } = response;
    if (status === 200) {
      const answer = (await response.json()) as Answer;
      done(batch);
      state.failing = false;
      state.sent += answer.accepted;
      told = state.lost;
      to.heard(answer);
      return 0;
    }
    if (status === 413 && batch.items.length > 1) {
      const half = batch.items.splice(batch.items.length >> 1);
      // New numbers, since the server may only know a number by one content.
      batch.seq = seq++;
      batches.splice(batches.indexOf(batch) + 1, 0, { seq: seq++, items: half, tries: 0 });
      return 0;
    }
    if (status === 429 || status > 499) {
      return Number(response.headers.get('retry-after')) * 1000 || -1;
    }
    say('the server refused a batch', status);
    lose(batch.items.length);
    done(batch);
    return 0;
  };

  const again = (batch: Batch, asked: number): void => {
    state.failing = true;
    delete batch.leaving;
    const wait = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** batch.tries++) * (0.5 + Math.random() / 2);
    soon(Math.max(asked, wait), true);
  };

  const pump = async (): Promise<void> => {
    if (busy || stopped || !to.allowed()) return;
    busy = true;
    try {
      cut();
      for (let batch = batches[0]; batch && !stopped && to.allowed(); batch = batches[0]) {
        // No network, a wall, or a fetch that somebody else broke: all the same.
        const wait = await post(batch).then((response) => answered(batch!, response)).catch(() => -1); // prettier-ignore
        if (wait) {
          // A batch that went out while the page was hidden may have been answered meanwhile.
          if (batches.includes(batch)) again(batch, wait);
          break;
        }
      }
    } finally {
      busy = false;
    }
  };

  const soon = (ms: number, over = false): void => {
    if (stopped || (timer && !over)) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      void pump();
    }, ms) as unknown as number;
  };

  /** Everything out, while there is still a page. */
  const leave = (): void => {
    cut();
    let room = MOST_BYTES;
    for (const batch of [...batches]) {
      if (batch.leaving) continue;
      const text = body(batch);
      if (text.length > room) break;
      room -= text.length;
      batch.leaving = true;
      send(text, true)
        .then((response) => answered(batch, response))
        .catch(() => -1)
        .then((wait) => wait && again(batch, wait));
    }
  };

  return {
    state,
    waiting,
    add(k, more) {
      const item = { k, t: Date.now(), ...more };
      // Of all kinds, these two letters end `vital` and `error` alone.
      if (stopped || (to.only && !/[lr]$/.test(k))) return item;
      pending.push(item);
      if (waiting() > MOST_WAITING) lose(pending.length > MOST_ITEMS ? pending.splice(0, 1).length : batches.pop()!.items.length);
      if (document.hidden) {
        // Whatever is told after the page was hidden (final vitals are) has no later.
        queueMicrotask(() => document.hidden && to.allowed() && leave());
      } else if (pending.length >= MOST_ITEMS && !state.failing) void pump();
      else soon(EVERY_MS);
      return item;
    },
    flush(hidden) {
      if (stopped || !to.allowed()) return;
      if (hidden) leave();
      else void pump();
    },
    soon(ms) {
      soon(ms, true);
    },
    clear() {
      pending = [];
      batches = [];
    },
    stop() {
      if (to.allowed()) leave();
      stopped = true;
      clearTimeout(timer);
    },
  };
};
