/** A logger that writes lines of JSON, and what brings `console` into the same form. */

import { createHmac } from 'node:crypto';
import { format } from 'node:util';
import { cleaner } from './cleaner.ts';
import { current } from './invocations.ts';
import { MOST, STANDARD, jsonOf, quoted, stamp, write } from './lines.ts';
import { settings } from './settings.ts';

export type Fields = Record<string, unknown>;
const keys = new Map<string, string>();

/** Context as JSON, each with a comma before; names that a line has itself get a `_` behind. */
const contextOf = (fields: Fields): string => {
  let made = '';
  for (const name in fields) {
    let shown = keys.get(name);
    if (shown === undefined) {
      const key = cleaner().key(name);
      shown = `,${quoted(STANDARD.has(key) ? `${key}_` : key)}:`;
      if (keys.size < 2048) keys.set(name, shown);
    }
    made += shown + jsonOf(cleaner().value(name, fields[name]));
  }
  return made;
};

/** What was raised, as fields: its name and its stack with the whole chain, cleaned. */
export const errorFields = (error: Error): string => {
  let text = String(error.stack ?? `${error.name}: ${error.message}`);
  for (let cause = error.cause, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth += 1) text += `\nCaused by: ${cause.stack ?? cause.message}`;
  if (text.length > 32_768) text = `${text.slice(0, 16_384)}\n…\n${text.slice(-16_384)}`;
  return `,"exception_name":${quoted(error.name)},"exception":${quoted(cleaner().trace(text))}`;
};

/** Who has called: `function:line`, as AWS Powertools for Python writes it. */
const location = (skip: (...all: never[]) => unknown): string => {
  const { prepareStackTrace: before, stackTraceLimit: limit } = Error;
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_, [site]) => (site ? `${site.getFunctionName() ?? '<anonymous>'}:${site.getLineNumber() ?? 0}` : '');
    const holder: { stack?: unknown } = {};
    Error.captureStackTrace(holder, skip);
    return String(holder.stack);
  } finally {
    Error.prepareStackTrace = before;
    Error.stackTraceLimit = limit;
  }
};

/** A line of JSON. */
export const line = (level: string, text: string, place: string, rest: string): string => {
  const call = current();
  const said = cleaner().text(text);
  const made =
    `{"level":"${level}","location":${quoted(place)},"message":${quoted(said)},` +
    `"timestamp":"${stamp(Date.now())}"${call.common()}${call.values}${rest}}\n`;
  // Letters take up to three bytes of UTF-8 each.
  return made.length < MOST / 3 || Buffer.byteLength(made) <= MOST ? made : cut(level, said, place);
};

/** A line that is too long for CloudWatch: without its context, and with as much of the message as there is room. */
const cut = (level: string, text: string, place: string): string => {
  const common = current().common();
  const left = Math.floor((MOST - Buffer.byteLength(common) - place.length - 300) / 2);
  let short = text.slice(0, left);
  while (Buffer.byteLength(JSON.stringify(short)) > 2 * left) short = short.slice(0, short.length >> 1);
  return `{"level":"${level}","location":${quoted(place)},"message":${quoted(short)},"timestamp":"${stamp(Date.now())}"${common},"truncated":true}\n`;
};

const log = (level: string, text: unknown, fields: Fields | undefined, skip: (...all: never[]) => unknown): void => {
  try {
    let rest = '';
    let raised = '';
    if (fields instanceof Error) raised = errorFields(fields);
    else if (fields) {
      const { error } = fields;
      if (error instanceof Error) {
        raised = errorFields(error);
        const { error: _, ...others } = fields;
        rest = contextOf(others);
      } else rest = contextOf(fields);
    }
    write(line(level, typeof text === 'string' ? text : format(text), location(skip), rest + raised));
  } catch (error) {
    write(`{"level":"${level}","message":"a line could not be written: ${(error as Error)?.name}","timestamp":"${stamp(Date.now())}"}\n`);
  }
};

const isWanted = (level: number): boolean => settings.level <= level || current().level === 10;

/** Writes lines. Context is given as an object, in which `error` may be what was raised. */
export const logger = {
  debug(text: unknown, fields?: Fields): void {
    if (isWanted(10)) log('DEBUG', text, fields, logger.debug);
  },
  info(text: unknown, fields?: Fields): void {
    if (isWanted(20)) log('INFO', text, fields, logger.info);
  },
  warning(text: unknown, fields?: Fields): void {
    if (isWanted(30)) log('WARNING', text, fields, logger.warning);
  },
  warn(text: unknown, fields?: Fields): void {
    if (isWanted(30)) log('WARNING', text, fields, logger.warn);
  },
  error(text: unknown, fields?: Fields): void {
    if (isWanted(40)) log('ERROR', text, fields, logger.error);
  },
  critical(text: unknown, fields?: Fields): void {
    log('CRITICAL', text, fields, logger.critical);
  },
  /** Context for every further line of this invocation. */
  append(fields: Fields): void {
    try {
      current().values += contextOf(fields);
    } catch {
      // Logging stops no function.
    }
  },
  /** Say who this is about: lines carry a keyed hash of the id, where `SIGHTLINE_USER_KEY` is set. */
  user(id: unknown): void {
    const call = current();
    call.user = settings.userKey ? createHmac('sha256', settings.userKey).update(String(id)).digest('hex').slice(0, 32) : '';
    call.forget();
  },
};

const CONSOLE = { debug: 10, log: 20, info: 20, warn: 30, error: 40, trace: 10 } as const;
const LEVELS: Record<number, string> = { 10: 'DEBUG', 20: 'INFO', 30: 'WARNING', 40: 'ERROR' };
const CAPTURED = Symbol.for('sightline.lambda.console');

/**
 * Bring `console.*` into the same form. Its own levels decide what is written, by the environment; an error among its
 * arguments stands as one. `console.table` and the like stay as they are.
 */
export const capture = (): void => {
  const held = console as unknown as Record<string | symbol, unknown>;
  if (held[CAPTURED]) return;
  held[CAPTURED] = true;
  for (const [name, level] of Object.entries(CONSOLE)) {
    const captured = (...given: unknown[]): void => {
      if (!isWanted(level)) return;
      const error = given.find((one): one is Error => one instanceof Error);
      const texts = given.map((one) => (one instanceof Error ? `${one.name}: ${one.message}` : one));
      log(LEVELS[level]!, format(...texts), error && { error }, captured);
    };
    held[name] = captured;
  }
};
