/** What an outgoing call carries on: the visit and the trace of the invocation under way. */

import { randomBytes } from 'node:crypto';
import { current } from './invocations.ts';

const carried = (): Record<string, string> => {
  const { visit, trace, xray, correlation } = current().origin;
  return {
    ...(visit && { 'x-sightline-visit': visit }),
    ...(trace && { traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-01` }),
    ...(xray && { 'x-amzn-trace-id': `Root=${xray}` }),
    ...(correlation && { 'x-correlation-id': correlation }),
  };
};

/** Headers for a call to another function or service; what is given stays as it is. */
export const headers = (given: Record<string, string> = {}): Record<string, string> => {
  const taken = new Set(Object.keys(given).map((name) => name.toLowerCase()));
  return { ...given, ...Object.fromEntries(Object.entries(carried()).filter(([name]) => !taken.has(name))) };
};

/** Message attributes for SQS and SNS. */
export const attributes = (): Record<string, { DataType: 'String'; StringValue: string }> =>
  Object.fromEntries(Object.entries(carried()).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]));

/** A payload for EventBridge, Step Functions or another Lambda, with the ids under `sightline`. */
export const carry = <T extends object>(payload: T): T & { sightline?: Record<string, string> } => {
  const found = carried();
  return Object.keys(found).length ? { ...payload, sightline: found } : payload;
};
