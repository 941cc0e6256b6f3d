// @ts-check
/** The Node library against Powertools for TypeScript: the same lines and metrics, in turn, as CPU per call in µs. */
import { Console } from 'node:console';
import { createWriteStream } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [library, times] = process.argv.slice(2);
const calls = Number(times);
const context = {
  awsRequestId: '8a7c1f2e-0000-4000-8000-000000000001', functionName: 'shop', memoryLimitInMB: '256', functionVersion: '1',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:shop',
}; // prettier-ignore

// Both write to nowhere by the same way: Powertools through a console, ours through stdout.
const nowhere = createWriteStream('/dev/null');
process.stdout.write = /** @type {any} */ ((/** @type {string} */ text) => nowhere.write(text));
globalThis.console = new Console(nowhere, nowhere);
process.env['POWERTOOLS_DEV'] = 'true'; // its logger then takes the global console, as ours takes stdout

const { logger, metrics, observe } = await import(pathToFileURL(/** @type {string} */ (library)).href);
const { Logger } = await import('@aws-lambda-powertools/logger');
const { Metrics, MetricUnit } = await import('@aws-lambda-powertools/metrics');

const ours = observe((/** @type {any} */ event, /** @type {any} */ _context) => {
  metrics.count('orders');
  metrics.put('basket', event.total);
  metrics.put('plants', 3);
  logger.info('order placed', { order_id: event.n, total: event.total, express: true });
  logger.info(`order ${event.n} was stored in 12 ms`);
  return { statusCode: 200 };
}, { service: 'shop' });

const log = new Logger({ serviceName: 'shop' });
const measured = new Metrics({ namespace: 'Sightline', serviceName: 'shop' });
const theirs = (/** @type {any} */ event, /** @type {any} */ given) => {
  log.addContext(given);
  measured.captureColdStartMetric();
  measured.addMetric('orders', MetricUnit.Count, 1);
  measured.addMetric('basket', MetricUnit.NoUnit, event.total);
  measured.addMetric('plants', MetricUnit.NoUnit, 3);
  log.info('order placed', { order_id: event.n, total: event.total, express: true });
  log.info(`order ${event.n} was stored in 12 ms`);
  measured.publishStoredMetrics();
  return { statusCode: 200 };
};

let n = 0;
/** @param {(event: any, context: any) => unknown} handler */
const cost = async (handler) => {
  globalThis.gc?.();
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) {
    handler({ n: (n += 1), total: (n % 1000) + 0.5 }, context);
    if (call % 500 === 499) await new Promise(setImmediate); // lets what is written go
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
};

const rounds = [];
for (let round = 0; round < 8; round += 1) {
  const first = round % 2 ? await cost(ours) : await cost(theirs);
  const second = round % 2 ? await cost(theirs) : await cost(ours);
  if (round) rounds.push(round % 2 ? [first, second] : [second, first]);
}
process.stderr.write(`${JSON.stringify(rounds)}\n`);
process.exit(0);
