/** `observe`: what is around a handler. What goes in and what comes out stay as they are, whatever goes wrong here. */

import { readFileSync } from 'node:fs';
import { cleaner } from './cleaner.ts';
import { begin, running } from './invocations.ts';
import { quoted, stamp, write } from './lines.ts';
import { capture, errorFields } from './logger.ts';
import { documents } from './metrics.ts';
import { settings } from './settings.ts';
import type { Invocation } from './invocations.ts';

export interface Options {
  /** The name that metrics and lines have; the function's unless said otherwise. */
  service?: string;
}

/** How long the process has been up, in ms: what a cold start took until the handler was ready. */
const initMs = (): number => {
  if (process.env['AWS_LAMBDA_INITIALIZATION_TYPE'] === 'snap-start') return 0;
  try {
    const started = Number(readFileSync('/proc/self/stat', 'utf-8').split(')').at(-1)!.trim().split(' ')[19]);
    const up = Number(readFileSync('/proc/uptime', 'utf-8').split(' ')[0]) - started / 100;
    return up >= 0 && up < 900 ? Math.round(up * 1000) : 0;
  } catch {
    return Math.round(performance.now());
  }
};

const quietly = <T>(act: () => T): T | undefined => {
  try {
    return act();
  } catch {
    return undefined; // a failure in here is no failure of the handler
  }
};

const end = (call: Invocation, init: number, raised?: { error: unknown }): void => {
  quietly(() => {
    const duration = performance.now() - call.started;
    if (raised) quietly(() => fail(call, raised.error));
    const ours: [string, string, number][] = [
      ['Invocations', 'Count', 1],
      ['Errors', 'Count', raised ? 1 : 0],
      ['Duration', 'Milliseconds', Math.round(duration * 1000) / 1000],
    ];
    if (call.cold) {
      ours.push(['ColdStart', 'Count', 1]);
      if (init) ours.push(['ColdStartDuration', 'Milliseconds', init]);
    }
    for (const line of documents(call, ours)) write(line);
  });
};

/** The exception as a line of its own: what the runtime prints of it is not cleaned by anybody. */
const fail = (call: Invocation, error: unknown): void => {
  const known = error instanceof Error ? error : undefined;
  const text = known ? `${known.name}: ${known.message}` : String(error);
  write(
    `{"level":"ERROR","location":"observe","message":${quoted(cleaner().text(text))},"timestamp":"${stamp(Date.now())}"` +
      `${call.common()}${call.values}${known ? errorFields(known) : ''}}\n`,
  );
};

/**
 * Measure and log a handler: one that returns, one that returns a promise, one that takes a callback, a generator.
 *
 * Metrics: Invocations, Errors, Duration (ms), ColdStart and ColdStartDuration (ms) of the dimension `service`.
 */
export const observe = <Handler extends (...all: never[]) => unknown>(handler: Handler, options: Options = {}): Handler => {
  const service = options.service || settings.service;
  const init = quietly(initMs) ?? 0;
  if (settings.capture) quietly(capture);
  const inner = handler as unknown as (...all: unknown[]) => unknown;
  const observed = function (this: unknown, ...all: unknown[]): unknown {
    const call = quietly(() => begin(service, all[0], all[1]));
    if (!call) return inner.apply(this, all);
    let ended = false;
    const done = (raised?: { error: unknown }): void => {
      if (!ended) end(call, init, raised);
      ended = true;
    };
    const callback = all[2];
    if (typeof callback === 'function') {
      all[2] = (error: unknown, result: unknown): unknown => {
        done(error ? { error } : undefined);
        return (callback as (...one: unknown[]) => unknown)(error, result);
      };
    }
    return running.run(call, () => {
      let result: unknown;
      try {
        result = inner.apply(this, all);
      } catch (error) {
        running.run(call, done, { error });
        throw error;
      }
      if (result && typeof (result as Promise<unknown>).then === 'function') {
        // The promise itself is returned, so that nothing sees another one; it is only listened to.
        (result as Promise<unknown>).then(() => done(), (error: unknown) => done({ error }));
      } else if (isGenerator(result)) return followed(result, call, done);
      // With a callback nothing is over yet.
      else if (!(typeof callback === 'function' && result === undefined)) done();
      return result;
    });
  };
  // The runtime counts the parameters of a handler to tell whether it takes a callback.
  quietly(() => Object.defineProperties(observed, { name: { value: handler.name }, length: { value: handler.length } }));
  return observed as unknown as Handler;
};

type Steps = { next(...all: unknown[]): unknown; return?(value?: unknown): unknown; throw?(error?: unknown): unknown };

const isGenerator = (value: unknown): value is Steps =>
  typeof value === 'object' && value !== null && typeof (value as Steps).next === 'function' && (Symbol.iterator in value || Symbol.asyncIterator in value);

/** The same generator, whose steps run within the invocation and whose end is its end. */
const followed = (steps: Steps, call: Invocation, done: (raised?: { error: unknown }) => void): Steps => {
  const seen = (result: unknown): unknown => {
    if ((result as IteratorResult<unknown>).done) done();
    return result;
  };
  const step = (name: 'next' | 'return' | 'throw') => {
    const original = steps[name]?.bind(steps);
    if (!original) return;
    Object.defineProperty(steps, name, {
      configurable: true,
      value: (...all: unknown[]): unknown =>
        running.run(call, () => {
          try {
            const result = original(...all);
            if (!(result instanceof Promise)) return seen(result);
            result.then(seen, (error: unknown) => done({ error }));
            return result;
          } catch (error) {
            done({ error });
            throw error;
          }
        }),
    });
  };
  (['next', 'return', 'throw'] as const).forEach(step);
  return steps;
};
