/** The invocation that is under way: what its lines have in common, and what it has measured. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { cleaner } from './cleaner.ts';
import { nowhere, origin, traceOf } from './events.ts';
import { quoted } from './lines.ts';
import { settings } from './settings.ts';
import type { Origin } from './events.ts';
import type { Held } from './metrics.ts';

/** What Lambda says of an invocation, as far as lines hold it. */
export interface Context {
  awsRequestId?: string;
  functionName?: string;
  memoryLimitInMB?: string | number;
  invokedFunctionArn?: string;
}

const about = new Map<string, string>();

/** One call of a handler, or what goes on outside of any. */
export class Invocation {
  started = 0;
  user = '';
  level = 0;
  values = ''; // what `append` gave to every line, as JSON
  held: Held | undefined;
  readonly service: string;
  readonly context: Context | undefined;
  readonly origin: Origin;
  readonly cold: boolean;
  private fields = '';

  constructor(service: string, context: Context | undefined, from: Origin, cold: boolean) {
    this.service = service;
    this.context = context;
    this.origin = from;
    this.cold = cold;
  }

  /** The fields that all lines of the invocation share, as JSON that begins with a comma. */
  common(): string {
    return (this.fields ||= this.made());
  }

  forget(): void {
    this.fields = '';
  }

  private made(): string {
    const { context, origin: from } = this;
    let found = `,"service":${quoted(this.service)},"cold_start":${this.cold}`;
    if (context) found += this.described(context);
    for (const [name, value] of [
      ['function_request_id', String(context?.awsRequestId ?? '')], ['xray_trace_id', from.xray], ['trace_id', from.trace],
      ['correlation_id', from.correlation], ['visit_id', from.visit], ['user_pseudonym', this.user],
    ] as const) if (value) found += `,"${name}":${quoted(value)}`; // prettier-ignore
    if (from.records > 1) found += `,"records":${from.records}`;
    return `${found},"rules":"${cleaner().version}"`;
  }

  private described(context: Context): string {
    const arn = String(context.invokedFunctionArn ?? '');
    let known = about.get(arn);
    if (known === undefined) {
      const name = String(context.functionName ?? settings.function);
      const size = String(context.memoryLimitInMB ?? '');
      known = (name && `,"function_name":${quoted(name)}`) + (size && `,"function_memory_size":${quoted(size)}`) + (arn && `,"function_arn":${quoted(arn)}`);
      if (about.size < 16) about.set(arn, known);
    }
    return known;
  }
}

const outside = new Invocation(settings.service, undefined, nowhere(), false);
export const running = new AsyncLocalStorage<Invocation>();
let cold = process.env['AWS_LAMBDA_INITIALIZATION_TYPE'] !== 'provisioned-concurrency';

/** The invocation under way; outside of any, one without ids. */
export const current = (): Invocation => running.getStore() ?? outside;

/** Start an invocation; the first one of a process is a cold start. */
export const begin = (service: string, event: unknown, context: unknown): Invocation => {
  const from = origin(event);
  if (!from.xray) {
    // The runtime tells the trace of this invocation in the environment.
    const root = /Root=([\w-]+)/.exec(process.env['_X_AMZN_TRACE_ID'] ?? '')?.[1] ?? '';
    from.xray = root;
    from.trace ||= traceOf(root);
  }
  const call = new Invocation(service, typeof context === 'object' && context !== null ? (context as Context) : undefined, from, cold);
  cold = false;
  call.level = settings.sample && isSampled(from.trace) ? 10 : 0;
  call.started = performance.now();
  return call;
};

/** Whether this invocation says everything: all functions of a trace decide alike, by its last digits. */
const isSampled = (trace: string): boolean => (trace ? parseInt(trace.slice(-4), 16) : Math.random() * 65536) < settings.sample * 65536;
