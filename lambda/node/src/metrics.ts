/**
 * Metrics as CloudWatch's embedded metric format: lines of JSON from which CloudWatch makes metrics by itself.
 *
 * One dimension, `service`, stands at every metric. Each further combination of values is a metric of its own that costs
 * money, so dimensions are given one by one: `metrics.count('orders', 1, { shop: 'berlin' })`.
 */

import { cleaner } from './cleaner.ts';
import { current } from './invocations.ts';
import { MOST, STANDARD, quoted, write } from './lines.ts';
import { settings } from './settings.ts';
import type { Invocation } from './invocations.ts';

const MOST_METRICS = 100; // of one directive
const MOST_VALUES = 100; // of one metric
const MOST_DIMENSIONS = 30; // of one set
const MOST_HELD = 10_000; // values of one invocation
const ROOM = 100_000; // characters of what a line may have beside its metrics
const UNITS = new Set(
  (
    'Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits Megabits Gigabits Terabits Percent Count ' +
    'Bytes/Second Kilobytes/Second Megabytes/Second Gigabytes/Second Terabytes/Second Bits/Second Kilobits/Second Megabits/Second ' +
    'Gigabits/Second Terabits/Second Count/Second None'
  ).split(' '),
);
const OURS = new Set(['Duration', 'Invocations', 'Errors', 'ColdStart', 'ColdStartDuration']);

export type Dimensions = Record<string, string>;
interface Metric {
  name: string;
  unit: string;
  values: number[];
}
/** What was measured and not written yet: by dimensions, then by name and unit. */
export interface Held {
  groups: Map<string, { dimensions: [string, string][]; metrics: Map<string, Metric> }>;
  size: number;
}

const heads = new Map<string, string>();
const names = new Map<string, string>();

/** A name as CloudWatch takes it: 1 to 250 letters on one line, none of a line's own fields, nothing personal. */
const nameOf = (given: string): string => {
  let known = names.get(given);
  if (known === undefined) {
    known = [...String(given).split(/\s+/).filter(Boolean).join(' ')].slice(0, 250).join('') || 'unnamed';
    if (cleaner().text(known) !== known) known = 'masked';
    if (STANDARD.has(known)) known += '_';
    if (names.size < 1024) names.set(given, known);
  }
  return known;
};

const valuesOf = (name: string, unit: string, dimensions: Dimensions | undefined): number[] | undefined => {
  const call = current();
  const held = (call.held ??= { groups: new Map(), size: 0 });
  if (held.size >= MOST_HELD) return undefined;
  held.size += 1;
  const key = dimensions ? JSON.stringify(Object.entries(dimensions)) : '';
  let group = held.groups.get(key);
  if (!group) held.groups.set(key, (group = { dimensions: Object.entries(dimensions ?? {}), metrics: new Map() }));
  let metric = group.metrics.get(`${unit} ${name}`);
  if (!metric) group.metrics.set(`${unit} ${name}`, (metric = { name, unit, values: [] }));
  return metric.values;
};

export const metrics = {
  /** Add to a counter of this invocation; it is written once, as a sum. */
  count(name: string, value = 1, dimensions?: Dimensions): void {
    try {
      if (!Number.isFinite(value)) return;
      const values = valuesOf(name, 'Count', dimensions);
      if (values) values[0] = (values[0] ?? 0) + value;
    } catch {
      // A metric stops no function.
    }
  },
  /** Note one value of a metric; CloudWatch keeps all of them, for percentiles. */
  put(name: string, value: number, unit = 'None', dimensions?: Dimensions): void {
    try {
      if (Number.isFinite(value)) valuesOf(name, UNITS.has(unit) ? unit : 'None', dimensions)?.push(value);
    } catch {
      // As above.
    }
  },
  /** Write what was measured outside of any handler; within one it is written at the end. */
  flush(): void {
    try {
      for (const line of documents(current(), [])) write(line);
    } catch {
      // As above.
    }
  },
};

/** The lines of an invocation: its own metrics first, then what the handler measured. */
export function* documents(call: Invocation, ours: [string, string, number][]): Generator<string> {
  const groups = call.held?.groups;
  call.held = undefined;
  const moment = String(Date.now());
  const plain: Metric[] = ours.map(([name, unit, value]) => ({ name, unit, values: [value] }));
  for (const metric of groups?.get('')?.metrics.values() ?? []) {
    plain.push(ours.length && OURS.has(metric.name) ? { ...metric, name: `${metric.name}_` } : metric);
  }
  if (plain.length) yield* split(call, [], plain, moment);
  for (const [key, group] of groups ?? []) if (key) yield* split(call, group.dimensions, [...group.metrics.values()], moment);
}

/** Split by what a directive may name, and a metric may hold, and a line may weigh. */
function* split(call: Invocation, given: [string, string][], measured: Metric[], moment: string): Generator<string> {
  const taken = new Set<string>();
  const fresh = (name: string): string => {
    let found = name;
    while (taken.has(found)) found += '_'; // two that are written alike stay two
    taken.add(found);
    return found;
  };
  const dimensions = given
    .filter(([name]) => name !== 'service')
    .map(([name, value]): [string, string] => [fresh(nameOf(name)), [...String(value)].slice(0, 1024).join('') || '-']);
  let part: [string, string, string][] = [];
  let named = new Set<string>();
  let size = 0;
  for (const { name: written, unit, values } of measured) {
    let name = nameOf(written);
    while (taken.has(name)) name += '_';
    for (let start = 0; start < values.length; start += MOST_VALUES) {
      const some = values.slice(start, start + MOST_VALUES);
      const said = some.length === 1 ? String(some[0]) : JSON.stringify(some);
      const weight = 4 * name.length + said.length + 64;
      if (part.length && (named.has(name) || part.length >= MOST_METRICS || size + weight > MOST - ROOM)) {
        yield documentOf(call, dimensions, part, moment);
        [part, named, size] = [[], new Set(), 0];
      }
      part.push([name, unit, said]);
      named.add(name);
      size += weight;
    }
  }
  if (part.length) yield documentOf(call, dimensions, part, moment);
}

const documentOf = (call: Invocation, dimensions: [string, string][], part: [string, string, string][], moment: string): string => {
  const sets = ['service', ...dimensions.slice(0, MOST_DIMENSIONS - 1).map(([name]) => name)];
  const key = `${sets.join('\n')}\n\n${part.map(([name, unit]) => `${unit} ${name}`).join('\n')}`;
  let head = heads.get(key);
  if (head === undefined) {
    const listed = part.map(([name, unit]) => `{"Name":${quoted(name)},"Unit":"${unit}"}`).join(',');
    head = `,"CloudWatchMetrics":[{"Namespace":${quoted(settings.namespace)},"Dimensions":[[${sets.map(quoted).join(',')}]],"Metrics":[${listed}]}]}`;
    if (heads.size < 256) heads.set(key, head);
  }
  let made = `{"_aws":{"Timestamp":${moment}${head}${call.common()}`;
  for (const [name, value] of dimensions) made += `,${quoted(name)}:${quoted(value)}`;
  for (const [name, , said] of part) made += `,${quoted(name)}:${said}`;
  return `${made}}\n`;
};
