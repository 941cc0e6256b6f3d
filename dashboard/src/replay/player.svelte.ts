/**
 * Plays a recording that is fetched in parts: never all of it, always from the last picture of the page before the
 * moment that is wanted. Moments are milliseconds since 1970, as everywhere; the library counts from its first event.
 */

import { Replayer } from '@rrweb/replay';
import type { Followed, RecordedEvent, Source, Span } from './source.ts';

export const SPEEDS = [0.5, 1, 2, 4, 8] as const;
const AHEAD_MS = 30_000; // of what is played at once the rest is fetched
const NEAR_MS = 120_000; // further ahead than this a new beginning costs less than all that lies between
const WORTH_SKIPPING_MS = 2_500;
const BEFORE_MS = 500; // of the action that is skipped to
const FOLLOW_MS = 3_000;
const CUSTOM = 5;
const META = 4;

type Phase = 'starting' | 'ready' | 'failed';

/** A stretch that is loaded without a hole; `until` is the last moment that is whole. */
interface Stretch {
  replayer: Replayer;
  begins: number;
  until: number;
  place: number | null;
}

export class Player {
  phase = $state<Phase>('starting');
  problem = $state.raw<unknown>(null);
  now = $state(0);
  first = $state(0);
  last = $state(0);
  playing = $state(false);
  /** Playing, but what comes next is still being fetched. */
  waiting = $state(false);
  speed = $state<number>(1);
  skips = $state(true);
  width = $state(0);
  height = $state(0);
  gaps = $state.raw<readonly Span[]>([]);
  /** When nobody did anything. */
  idle = $state.raw<readonly Span[]>([]);
  /** Of a visit that goes on: whether what comes is shown as it comes. */
  live = $state(false);

  /** Where the page stands in its frame. */
  placed = { left: 0, top: 0, scale: 1 };

  #source: Source;
  #frame: HTMLIFrameElement;
  #stretch: Stretch | null = null;
  #turn = 0;
  #fetching: Promise<void> | null = null;
  #frameRequest = 0;
  #timer = 0;
  #after = '0';
  #chunks = 0;
  #over = false;
  #onsealed: () => void;

  constructor(source: Source, frame: HTMLIFrameElement, range: { first: number; last: number }, onsealed: () => void) {
    this.#source = source;
    this.#frame = frame;
    this.#onsealed = onsealed;
    this.first = range.first;
    this.last = range.last;
  }

  get replayer(): Replayer | null {
    return this.#stretch?.replayer ?? null;
  }

  get isOpen(): boolean {
    return this.#source.open;
  }

  destroy(): void {
    this.#over = true;
    this.#turn += 1;
    cancelAnimationFrame(this.#frameRequest);
    clearTimeout(this.#timer);
    this.#leave();
  }

  play = async (): Promise<void> => {
    if (this.playing) return;
    this.playing = true;
    await this.seek(this.now >= this.last && !this.live ? this.first : this.now);
  };

  pause = (): void => {
    this.playing = false;
    this.waiting = false;
    cancelAnimationFrame(this.#frameRequest);
    this.#stretch?.replayer.pause();
  };

  toggle = (): void => {
    if (this.playing) this.pause();
    else void this.play();
  };

  by = (ms: number): Promise<void> => this.seek(this.now + ms);

  setSpeed = (speed: number): void => {
    this.speed = speed;
    this.#stretch?.replayer.setConfig({ speed });
  };

  faster = (direction: 1 | -1): void => {
    const at = SPEEDS.findIndex((one) => one === this.speed);
    const next = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + direction))];
    if (next) this.setSpeed(next);
  };

  /** Show a moment, and go on from there if it was playing. */
  seek = async (moment: number): Promise<void> => {
    const wanted = Math.min(this.last, Math.max(this.first, Math.round(moment)));
    const turn = ++this.#turn;
    this.now = wanted;
    try {
      await this.#reach(wanted, turn);
      if (turn !== this.#turn || this.#over) return;
      this.#show(wanted);
      this.phase = 'ready';
    } catch (error) {
      if (turn !== this.#turn || this.#over) return;
      this.problem = error;
      this.phase = 'failed';
      this.playing = false;
    } finally {
      if (turn === this.#turn) this.waiting = false;
    }
  };

  /** Take part in a visit while it goes on. */
  follow = (): void => {
    this.live = true;
    this.setSpeed(1);
    this.playing = true;
    void this.seek(this.last);
    this.#poll();
  };

  unfollow = (): void => {
    this.live = false;
    clearTimeout(this.#timer);
  };

  /** Make the page fit its frame. */
  fit = (): void => {
    const replayer = this.#stretch?.replayer;
    if (!replayer || !this.width || !this.height) return;
    const { clientWidth, clientHeight } = this.#frame;
    const scale = Math.min(clientWidth / this.width, clientHeight / this.height, 1);
    const left = Math.max(0, (clientWidth - this.width * scale) / 2);
    const top = Math.max(0, (clientHeight - this.height * scale) / 2);
    this.placed = { left, top, scale };
    replayer.wrapper.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
  };

  async #reach(wanted: number, turn: number): Promise<void> {
    const there = this.#stretch;
    if (there && wanted >= there.begins && wanted <= there.until) return;
    this.waiting = true;
    if (there && wanted > there.until && wanted - there.until < NEAR_MS) {
      while (this.#stretch === there && wanted > there.until && there.place !== null) await this.#more(there);
      return;
    }
    const part = await this.#source.part(wanted);
    if (turn !== this.#turn || this.#over) return;
    this.#remember(part.gaps);
    if (part.last !== undefined) this.#after = part.last;
    this.#chunks = part.chunks ?? 0;
    this.#begin(part.events, part.next, part.place);
    await new Promise((done) => setTimeout(done, 5)); // the library builds its first picture in a task of its own
  }

  #begin(events: RecordedEvent[], next: number, place: number | null): void {
    const begins = events[0]?.timestamp ?? this.first;
    const all = [...events];
    const end = all[all.length - 1]?.timestamp ?? begins;
    if (this.#source.open) this.last = Math.max(this.last, end);
    if (place === null || all.length < 2) all.push(mark(Math.max(end, place === null ? this.last : end) + 1));
    this.#leave();
    const root = this.#frame.contentDocument?.body;
    if (!root) throw new Error('the frame of the player is gone');
    const replayer = new Replayer(all as never, {
      root,
      speed: this.speed,
      showWarning: false,
      mouseTail: false,
      skipInactive: false,
      triggerFocus: false,
      useVirtualDom: false,
    });
    replayer.on('resize', (size) => {
      ({ width: this.width, height: this.height } = size as { width: number; height: number });
      this.fit();
    });
    this.#stretch = { replayer, begins, until: place === null ? Infinity : Math.max(begins, next - 1), place };
    const meta = all.find(({ type }) => type === META)?.data as { width: number; height: number } | undefined;
    if (meta) ({ width: this.width, height: this.height } = meta);
    this.fit();
  }

  #leave(): void {
    const replayer = this.#stretch?.replayer;
    this.#stretch = null;
    try {
      replayer?.destroy();
    } catch {
      // Its page may be gone already; nothing of it is left to end.
    }
  }

  #more(stretch: Stretch): Promise<void> {
    this.#fetching ??= this.#fetch(stretch).finally(() => (this.#fetching = null));
    return this.#fetching;
  }

  async #fetch(stretch: Stretch): Promise<void> {
    if (stretch.place === null) return;
    const part = await this.#source.more(stretch.place);
    if (this.#stretch !== stretch || this.#over) return;
    this.#remember(part.gaps);
    for (const event of part.events) stretch.replayer.addEvent(event as never);
    stretch.place = part.place;
    stretch.until = part.place === null ? Infinity : Math.max(stretch.until, part.next - 1);
    if (part.place === null) stretch.replayer.addEvent(mark(this.last + 1) as never);
    await Promise.resolve(); // the library takes events in tasks of their own
  }

  #show(wanted: number): void {
    const stretch = this.#stretch;
    if (!stretch) return;
    // What happened at this very millisecond is shown, too.
    const offset = Math.max(0, wanted - stretch.begins) + 1;
    cancelAnimationFrame(this.#frameRequest);
    if (!this.playing) {
      stretch.replayer.pause(offset);
      return;
    }
    stretch.replayer.play(offset);
    this.#frameRequest = requestAnimationFrame(this.#tick);
  }

  #tick = (): void => {
    const stretch = this.#stretch;
    if (!this.playing || !stretch || this.#over) return;
    const now = stretch.begins + stretch.replayer.getCurrentTime();
    this.now = Math.min(this.last, Math.max(this.now, Math.round(now)));
    if (now >= this.last) return this.#end();
    const span = this.skips && !this.live ? this.idle.find((one) => one.from_ms <= now && now < one.to_ms - WORTH_SKIPPING_MS) : undefined;
    if (span) return void this.seek(span.to_ms - BEFORE_MS);
    if (now > stretch.until) return void this.seek(this.now);
    if (stretch.place !== null && stretch.until - now < AHEAD_MS * this.speed) this.#more(stretch).catch(() => undefined);
    this.#frameRequest = requestAnimationFrame(this.#tick);
  };

  #end(): void {
    this.#stretch?.replayer.pause();
    this.now = this.last;
    if (!this.live) this.playing = false;
  }

  #poll(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      try {
        await this.#catchUp(await this.#source.follow(this.#after));
      } catch {
        // The next look may succeed; what is shown stays.
      }
      if (this.live && !this.#over) this.#poll();
    }, FOLLOW_MS) as unknown as number;
  }

  async #catchUp(part: Followed): Promise<void> {
    if (this.#over || !this.live) return;
    if (part.state === 'sealed') {
      this.unfollow();
      return this.#onsealed();
    }
    const stretch = this.#stretch;
    const late = part.events[0] && part.events[0].timestamp < this.last;
    const hidden = !part.events.length && part.chunks !== this.#chunks;
    this.#after = part.last;
    this.#chunks = part.chunks;
    this.#remember(part.gaps);
    if (!stretch || late || hidden) {
      this.#leave(); // something came out of its order: the page is built anew
      return this.seek(this.last);
    }
    for (const event of part.events) stretch.replayer.addEvent(event as never);
    const end = part.events[part.events.length - 1]?.timestamp;
    if (end === undefined) return;
    const from = Math.max(this.now, this.last);
    this.last = Math.max(this.last, end);
    stretch.replayer.addEvent(mark(this.last + 1) as never);
    await Promise.resolve();
    if (this.playing) await this.seek(from);
  }

  #remember(found: readonly Span[]): void {
    const known = new Set(this.gaps.map((gap) => `${gap.from_ms} ${gap.to_ms}`));
    const fresh = found.filter((gap) => !known.has(`${gap.from_ms} ${gap.to_ms}`));
    if (fresh.length) this.gaps = [...this.gaps, ...fresh];
  }
}

/** The library stops before its last event; this one is nothing, so that everything before it is shown. */
const mark = (timestamp: number): RecordedEvent => ({ type: CUSTOM, timestamp, data: { tag: 'end', payload: null } });
