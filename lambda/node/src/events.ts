/**
 * What an event says of where it comes from: the ids by which its lines are joined to a visit and to other lines.
 * Everything here was sent by somebody, so an id that is not written as one is left out.
 */

export interface Origin {
  source: string;
  correlation: string;
  visit: string;
  trace: string;
  xray: string;
  records: number;
}

type Held = Record<string, unknown>;
const isHeld = (value: unknown): value is Held => typeof value === 'object' && value !== null && !Array.isArray(value);
const WANTED = new Set(['x-sightline-visit', 'traceparent', 'x-amzn-trace-id', 'x-correlation-id']);
const SIZES = new Set([...WANTED].map((name) => name.length));

export const nowhere = (): Origin => ({ source: 'direct', correlation: '', visit: '', trace: '', xray: '', records: 0 });

/** Read an event of API Gateway (v1, v2), an ALB, SQS, SNS, EventBridge or Step Functions; others have no ids. */
export const origin = (event: unknown): Origin => {
  const found = nowhere();
  if (!isHeld(event)) return found;
  const { requestContext: request, Records: records, Execution: execution } = event;
  if (isHeld(request)) fromRequest(found, event, request);
  else if (Array.isArray(records) && records.length) fromRecords(found, records);
  else if ('detail-type' in event && 'source' in event) {
    found.source = 'eventbridge';
    found.correlation = id(event['id']);
    carried(found, event['detail']);
  } else if (isHeld(execution)) {
    found.source = 'stepfunctions';
    found.correlation = id(execution['Id'] || execution['Name']);
    carried(found, event);
    carried(found, execution['Input']);
  } else carried(found, event);
  return found;
};

const fromRequest = (found: Origin, event: Held, request: Held): void => {
  found.source = 'elb' in request ? 'alb' : 'http' in request ? 'apigateway.v2' : 'apigateway.v1';
  found.correlation = id(request['requestId']);
  const { headers, multiValueHeaders: several } = event;
  if (isHeld(headers)) taken(found, Object.entries(headers));
  if (isHeld(several) && !(isHeld(headers) && Object.keys(headers).length)) {
    taken(found, Object.entries(several).flatMap(([name, values]): [string, unknown][] => (Array.isArray(values) && values.length ? [[name, values[0]]] : [])));
  }
  found.correlation ||= found.xray; // an ALB numbers no requests, but traces them
};

/** A batch is named by its first record; how many there are stands beside. */
const fromRecords = (found: Origin, records: unknown[]): void => {
  found.records = records.length;
  found.source = 'records';
  const first = records[0];
  if (!isHeld(first)) return;
  if (first['eventSource'] === 'aws:sqs') {
    found.source = 'sqs';
    found.correlation = id(first['messageId']);
    if (isHeld(first['attributes'])) xray(found, first['attributes']['AWSTraceHeader']);
    attributes(found, first['messageAttributes'], 'stringValue');
  } else if (first['EventSource'] === 'aws:sns' && isHeld(first['Sns'])) {
    found.source = 'sns';
    found.correlation = id(first['Sns']['MessageId']);
    attributes(found, first['Sns']['MessageAttributes'], 'Value');
  } else found.source = String(first['eventSource'] || first['EventSource'] || 'records').slice(0, 40);
};

const attributes = (found: Origin, held: unknown, value: string): void => {
  if (isHeld(held)) taken(found, Object.entries(held).flatMap(([name, one]): [string, unknown][] => (isHeld(one) ? [[name, one[value]]] : [])));
};

/** Ids that a sender has put into its payload: side by side with the data, or under `sightline`, as `carry` does. */
const carried = (found: Origin, holder: unknown): void => {
  if (isHeld(holder)) taken(found, Object.entries(isHeld(holder['sightline']) ? holder['sightline'] : holder));
};

const taken = (found: Origin, headers: [string, unknown][]): void => {
  for (const [written, value] of headers) {
    if (!SIZES.has(written.length) || typeof value !== 'string') continue;
    const name = written.toLowerCase();
    if (name === 'x-sightline-visit') found.visit = id(value);
    else if (name === 'traceparent') parent(found, value);
    else if (name === 'x-amzn-trace-id') xray(found, value);
    else if (name === 'x-correlation-id') found.correlation = id(value) || found.correlation;
  }
};

/** `00-<trace>-<span>-<flags>` of W3C Trace Context. */
const parent = (found: Origin, value: string): void => {
  const [, trace = '', span = '', flags] = value.trim().split('-');
  if (flags !== undefined && /^[0-9a-f]{32}$/.test(trace) && /^[0-9a-f]{16}$/.test(span)) found.trace = trace;
};

/** `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=…`: its root, which is a trace id with hyphens. */
const xray = (found: Origin, value: unknown): void => {
  if (typeof value !== 'string') return;
  for (const part of value.split(';')) {
    const root = part.trim().startsWith('Root=') ? id(part.trim().slice(5)) : '';
    if (!root) continue;
    found.xray = root;
    found.trace ||= traceOf(root);
  }
};

/** A trace id of W3C from a root of X-Ray; "" where it is none. */
export const traceOf = (root: string): string => {
  const [, ...parts] = root.split('-');
  return parts.length === 2 && /^[0-9a-f]{32}$/.test(parts.join('')) ? parts.join('') : '';
};

/** An id: letters, digits and what stands between them; "" for anything else. */
const id = (value: unknown): string => (typeof value === 'string' && value.length <= 128 && /^[A-Za-z0-9\-_.:=/+]*[A-Za-z0-9][A-Za-z0-9\-_.:=/+]*$/.test(value) ? value : '');
