/**
 * Lines as they arrive, over server-sent events.
 *
 * Who pauses is told how many wait. When as many wait as are kept, nothing more is read: the connection fills, the server
 * stops asking its database, and says later how many lines it has passed over.
 */

import { words, type Problem } from '../../api/errors.ts';
import { address, failure } from '../../api/request.ts';
import type { Line } from './logs.ts';

export const MOST_SHOWN = 1000;
const MOST_WAITING = 500;
const AGAIN_MS = 1000;

export class Tail {
  lines = $state.raw<readonly Line[]>([]);
  waiting = $state(0);
  dropped = $state(0);
  paused = $state(false);
  trimmed = $state(false);
  lost = $state(false);
  problem = $state<Problem | null>(null);
  #arrived: Line[] = [];
  #last = '';
  #ended = new AbortController();
  #frame = 0;
  #room: (() => void) | null = null;

  constructor(
    private readonly site: string,
    private readonly query: string,
  ) {
    void this.#follow();
  }

  get full(): boolean {
    return this.waiting >= MOST_WAITING;
  }

  end(): void {
    this.#ended.abort();
    cancelAnimationFrame(this.#frame);
    this.#room?.();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#show();
  }

  async #follow(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      try {
        await this.#stream();
        this.lost = false;
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        const said = words(error);
        if (said.status >= 400 && said.status < 500 && said.status !== 429) {
          this.problem = said;
          return;
        }
        this.lost = true;
      }
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
  }

  /** One connection; the server ends it after a while, and the next goes on where it ended. */
  async #stream(): Promise<void> {
    const response = await fetch(address('/api/v1/sites/{site}/logs/tail', { site: this.site }, { q: this.query }), {
      credentials: 'same-origin',
      headers: { accept: 'text/event-stream', ...(this.#last ? { 'last-event-id': this.#last } : {}) },
      signal: this.#ended.signal,
    });
    if (!response.ok || !response.body) throw await failure(response);
    this.lost = false;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      if (this.full) await new Promise<void>((done) => (this.#room = done));
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + value).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) this.#take(part);
    }
  }

  #take(text: string): void {
    const said = new Map(text.split('\n').map((row) => [row.slice(0, row.indexOf(':')), row.slice(row.indexOf(':') + 1).trimStart()]));
    this.#last = said.get('id') ?? this.#last;
    const data = said.get('data');
    if (!data) return;
    if (said.get('event') === 'dropped') this.dropped += (JSON.parse(data) as { count: number }).count;
    else if (said.get('event') === 'line') this.#arrived.push(JSON.parse(data) as Line);
    this.waiting = this.#arrived.length;
    // However many arrive, they are drawn once a frame.
    if (!this.paused && !this.#frame) this.#frame = requestAnimationFrame(() => this.#show());
  }

  #show(): void {
    this.#frame = 0;
    if (this.paused) return;
    const all = [...this.#arrived.reverse(), ...this.lines];
    this.#arrived = [];
    this.waiting = 0;
    this.trimmed ||= all.length > MOST_SHOWN;
    this.lines = all.slice(0, MOST_SHOWN);
    this.#room?.();
    this.#room = null;
  }
}
