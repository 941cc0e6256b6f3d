// @ts-check
/** Run every golden case in a process of its own, since the library reads the environment when it is loaded. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [library, folder, number] = process.argv.slice(2);
const held = JSON.parse(readFileSync(`${folder}/lines.json`, 'utf-8'));
const events = JSON.parse(readFileSync(`${folder}/events.json`, 'utf-8')).events;

if (number === undefined) {
  for (const [index, one] of held.cases.entries()) {
    const ours = /^(SIGHTLINE|POWERTOOLS|AWS_|LOG_LEVEL|_X_AMZN)/;
    const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
    const env = { ...kept, AWS_LAMBDA_FUNCTION_NAME: 'checkout', ...one.environment };
    const done = spawnSync(process.execPath, [process.argv[1], library, folder, String(index)], { env, encoding: 'utf-8' });
    if (done.status !== 0) throw new Error(done.stderr);
    process.stdout.write(`${done.stdout}--\n`);
  }
} else {
  const { logger, metrics, observe } = await import(pathToFileURL(library).href);
  const one = held.cases[Number(number)];
  const { aws_request_id: awsRequestId, function_name: functionName, memory_limit_in_mb: memoryLimitInMB, invoked_function_arn: invokedFunctionArn } = held.context;
  const handler = observe((_event, _context) => {
    for (const [what, ...given] of one.steps) {
      if (what === 'raise') throw Object.assign(new Error(given[1]), { name: given[0] });
      if (what === 'count' || what === 'put') metrics[what](...given);
      else logger[what](...given);
    }
    return { statusCode: 200 };
  });
  try {
    handler(one.event === null ? null : events[one.event].event, { awsRequestId, functionName, memoryLimitInMB, invokedFunctionArn });
  } catch (error) {
    if (error.name !== 'OrderRefused') throw error;
  }
}
