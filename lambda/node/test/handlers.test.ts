import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { attributes, carry, capture, headers, logger, metrics, observe } from '../src/index.ts';
import { origin } from '../src/events.ts';
import { out } from '../src/lines.ts';
import type { Origin } from '../src/events.ts';

type Line = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
const FOLDER = process.env['FUNCTIONS'] ?? new URL('../../../../tests/functions', import.meta.url).pathname;
const EVENTS = (JSON.parse(readFileSync(`${FOLDER}/events.json`, 'utf-8')) as { events: ({ event: unknown } & Partial<Origin>)[] }).events;
const CONTEXT = { awsRequestId: 'r-1', functionName: 'shop', memoryLimitInMB: 256, invokedFunctionArn: 'arn:aws:lambda:eu-central-1:1:function:shop' };

const held: string[] = [];
const writing = { write: (line: string) => held.push(line) };
out.write = writing.write;
const lines = (): Line[] => held.splice(0).map((line) => JSON.parse(line) as Line);

class Refused extends Error {
  override name = 'Refused';
}

const work = (event: unknown): unknown => {
  logger.info('working for ann@example.com', { items: 3, odd: Symbol('x'), big: 10n });
  metrics.count('orders');
  if ((event as { fail?: boolean } | null)?.fail) throw new Refused('card 4111111111111111');
  return { statusCode: 200, event };
};

const KINDS: Record<string, (event: never, context: never) => unknown> = {
  plain: (event, _context) => work(event),
  async: async (event, _context) => {
    await Promise.resolve();
    return work(event);
  },
  generator: function* (event, _context) {
    yield 1;
    yield work(event);
    return 'end';
  },
  'async generator': async function* (event, _context) {
    yield 1;
    yield work(event);
  },
};

const outcome = async (handler: (event: never, context: never) => unknown, event: unknown): Promise<unknown> => {
  try {
    const result = handler(event as never, CONTEXT as never) as AsyncIterable<unknown> & Iterable<unknown>;
    if (result?.[Symbol.asyncIterator] || (result?.[Symbol.iterator] && 'next' in result)) {
      const values: unknown[] = [];
      for await (const value of result) values.push(value);
      return { values };
    }
    return { result: await result };
  } catch (error) {
    return { raised: (error as Error).name, message: (error as Error).message, is: error instanceof Refused };
  }
};

for (const [kind, bare] of Object.entries(KINDS)) {
  for (const stdout of ['working', 'broken']) {
    test(`what comes out is what came out without: ${kind}, stdout ${stdout}`, async () => {
      const observed = observe(bare, { service: 'shop' });
      assert.equal(observed.length, bare.length);
      if (stdout === 'broken') {
        out.write = () => {
          throw new Error('EPIPE');
        };
      }
      try {
        for (const event of [...EVENTS.map((one) => one.event), null, undefined, { fail: true }]) {
          assert.deepEqual(await outcome(observed, structuredClone(event)), await outcome(bare, event));
        }
      } finally {
        out.write = writing.write;
        held.length = 0;
      }
    });
  }
}

test('a rejected promise is the same, and its error is the same object', async () => {
  const raised = new Refused('card 4111111111111111');
  const rejected = Promise.reject(raised);
  const observed = observe(() => rejected);
  assert.equal(observed(), rejected);
  await assert.rejects(rejected, (error) => error === raised);
  await new Promise(setImmediate);
  const [line, emf] = lines();
  assert.equal(line!['message'], 'Refused: card [card]');
  assert.ok(!JSON.stringify(line).includes('4111'));
  assert.deepEqual([emf!['Invocations'], emf!['Errors']], [1, 1]);
});

test('a handler that takes a callback ends with it', async () => {
  const observed = observe((event: { fail?: boolean }, _context: unknown, callback: (error: unknown, result?: unknown) => void): void => {
    setTimeout(() => (event.fail ? callback(new Refused('x')) : callback(null, 17)), 1);
  });
  assert.equal(observed.length, 3);
  for (const fail of [false, true]) {
    const [error, result] = await new Promise<unknown[]>((resolve) => observed({ fail }, CONTEXT, (...all: unknown[]) => resolve(all)));
    assert.equal(error instanceof Refused, fail);
    assert.equal(result, fail ? undefined : 17);
    const emf = lines().filter((line) => '_aws' in line);
    assert.deepEqual(emf.map((line) => line['Errors'] as number), [Number(fail)]);
  }
});

test('calls at the same time keep their lines apart', async () => {
  const observed = observe(async (event: { n: number }, _context: unknown) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    logger.info('here', { n: event.n });
    metrics.count('calls');
  });
  await Promise.all([0, 1, 2].map((n) => observed({ n }, { ...CONTEXT, awsRequestId: `r-${n}` })));
  await new Promise(setImmediate);
  const found = lines();
  assert.deepEqual(found.filter((line) => 'n' in line).map((line) => [line['n'], line['function_request_id']]), [[0, 'r-0'], [1, 'r-1'], [2, 'r-2']]); // prettier-ignore
  assert.deepEqual(found.filter((line) => '_aws' in line).map((line) => line['calls'] as number), [1, 1, 1]);
});

test('every source is read', () => {
  for (const { event, ...expected } of EVENTS) assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, origin(event)[name as keyof Origin]])), expected);
});

test('ids are carried on', async () => {
  let sent: Record<string, string> = {};
  let payload = {};
  let message = {};
  observe((_event: unknown, _context: unknown) => {
    sent = headers({ accept: 'text/plain', 'X-Correlation-Id': 'mine' });
    payload = carry({ order: 17 });
    message = attributes();
  })(EVENTS[0]!.event, CONTEXT);
  assert.equal(sent['x-sightline-visit'], '7004152233');
  assert.ok(!('x-correlation-id' in sent));
  assert.equal(origin(payload).trace, '0af7651916cd43dd8448eb211c80319c');
  assert.ok('traceparent' in message);
  assert.deepEqual(carry({ a: 1 }), { a: 1 });
  lines();
});

test('console becomes the same lines', () => {
  capture();
  console.log('order %d for %s', 17, 'ann@example.com', { plan: 'pro' });
  console.error('failed', new Refused('to ann@example.com'));
  console.debug('not at this level');
  const [first, second, third] = lines();
  assert.deepEqual([first!['level'], first!['message']], ['INFO', "order 17 for [email] { plan: 'pro' }"]);
  assert.deepEqual([second!['level'], second!['exception_name']], ['ERROR', 'Refused']);
  assert.match(second!['message'] as string, /^failed Refused: to \[email\]$/);
  assert.ok(!JSON.stringify(second).includes('ann@'));
  assert.equal(third, undefined);
});

test('limits split lines: metrics, values, dimensions, a megabyte', () => {
  metrics.flush(); // what handlers without observe have counted
  lines();
  for (let number = 0; number < 250; number += 1) metrics.count(`m${number}`, number);
  metrics.flush();
  assert.deepEqual(lines().map((line) => line['_aws'].CloudWatchMetrics[0].Metrics.length as number), [100, 100, 50]);
  for (let number = 0; number < 250; number += 1) metrics.put('took', number, 'Milliseconds');
  metrics.flush();
  assert.deepEqual(lines().flatMap((line) => line['took'] as number[]), Array.from({ length: 250 }, (_, number) => number));
  metrics.count('orders', 1, Object.fromEntries(Array.from({ length: 40 }, (_, number) => [`d${number}`, 'x'])));
  metrics.flush();
  const [wide] = lines();
  assert.equal(wide!['_aws'].CloudWatchMetrics[0].Dimensions[0].length, 30);
  assert.equal(wide!['d39'], 'x');
  for (let number = 0; number < 100; number += 1) for (let value = 0; value < 100; value += 1) metrics.put(`${'m'.repeat(200)}${number}`, value * 1.123456789012345e100);
  metrics.flush();
  assert.ok(held.every((line) => Buffer.byteLength(line) <= 1_048_576));
  assert.equal(lines().flatMap((line) => line['_aws'].CloudWatchMetrics[0].Metrics.flatMap((metric: { Name: string }) => line[metric.Name] as number[])).length, 10_000);
});

test('a line that is too long is cut, and one that holds itself is written', () => {
  logger.info('word '.repeat(400_000));
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  logger.info('round', { circle });
  assert.ok(held.every((line) => Buffer.byteLength(line) <= 1_048_576));
  assert.deepEqual(lines().map((line) => line['message'] as string), ['********', 'round']);
});
