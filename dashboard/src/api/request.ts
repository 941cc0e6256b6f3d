/** One request to the API: JSON both ways, the CSRF token on what changes something, errors as ApiError. */

import { ApiError } from './errors.ts';
import type { Operations } from './schema.ts';

export const connection = {
  csrf: '',
  /** Called when the server no longer knows this sign-in. */
  onSignedOut: (): void => undefined,
};

const PATIENCE_MS = 20_000;

type Name = keyof Operations;
/** What an operation must be given, and what it may be: no body and no path where it has none. */
type Input<N extends Name> = (Operations[N]['path'] extends undefined ? unknown : { path: Operations[N]['path'] }) &
  (Operations[N]['body'] extends undefined ? unknown : { body: Operations[N]['body'] }) &
  (Operations[N]['query'] extends undefined ? unknown : { query?: Operations[N]['query'] });
/** `signal` ends a request that nobody waits for any more; the server then ends its work, too. */
type Given<N extends Name> = Record<never, never> extends Input<N> ? [input?: Input<N> & Waited] : [input: Input<N> & Waited];

interface Waited {
  signal?: AbortSignal | undefined;
  /** The token of a shared report, in whose name it is asked. */
  share?: string | undefined;
}

type Value = string | number | boolean | null | undefined;

interface Parts extends Waited {
  path?: Record<string, string>;
  query?: Record<string, Value | readonly Value[]>;
  body?: unknown;
}

/** Call one operation of the OpenAPI document by its name, as `call('GET /api/v1/sites/{site}', { path: { site } })`. */
export async function call<N extends Name>(name: N, ...[input]: Given<N>): Promise<Operations[N]['answer']> {
  const { path = {}, query = {}, body, signal, share } = (input ?? {}) as Parts;
  const [method = 'GET', template = ''] = name.split(' ');
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (share) headers['x-sightline-share'] = share;
  if (method !== 'GET' && connection.csrf) headers['x-sightline-csrf'] = connection.csrf;
  const response = await send(address(template, path, query), {
    method,
    headers,
    ...(signal ? { signal } : {}),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as Operations[N]['answer'];
  const error = await failure(response);
  if (error.status === 401 && connection.csrf && !share) connection.onSignedOut();
  throw error;
}

/** The address of an operation; a list in the query stands there once for each of its values. */
export function address(template: string, path: Parts['path'] = {}, query: Parts['query'] = {}): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
  const given = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((one) => one !== null && one !== undefined)
      .map((one): [string, string] => [name, String(one)]),
  );
  return given.length ? `${filled}?${new URLSearchParams(given)}` : filled;
}

export async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    const late = AbortSignal.timeout(PATIENCE_MS);
    // A browser without `any` waits for as long as the server does.
    const signal = !init.signal ? late : 'any' in AbortSignal ? AbortSignal.any([init.signal, late]) : init.signal;
    return await fetch(path, { ...init, credentials: 'same-origin', signal });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    const late = cause instanceof DOMException && cause.name === 'TimeoutError';
    throw new ApiError(0, { code: late ? 'timeout' : 'offline' });
  }
}

export async function failure(response: Response): Promise<ApiError> {
  const document = (await response.json().catch(() => ({}))) as { error?: Record<string, string>; request_id?: string };
  return new ApiError(response.status, {
    code: `http_${response.status}`,
    ...document.error,
    requestId: document.request_id ?? response.headers.get('x-request-id'),
    retryAfter: Number(response.headers.get('retry-after')) || null,
  });
}
