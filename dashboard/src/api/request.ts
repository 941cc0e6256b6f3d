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
type Given<N extends Name> = Record<never, never> extends Input<N> ? [input?: Input<N>] : [input: Input<N>];

interface Parts {
  path?: Record<string, string>;
  query?: Record<string, string | number | null>;
  body?: unknown;
}

/** Call one operation of the OpenAPI document by its name, as `call('GET /api/v1/sites/{site}', { path: { site } })`. */
export async function call<N extends Name>(name: N, ...[input]: Given<N>): Promise<Operations[N]['answer']> {
  const { path = {}, query = {}, body } = (input ?? {}) as Parts;
  const [method = 'GET', template = ''] = name.split(' ');
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (method !== 'GET' && connection.csrf) headers['x-sightline-csrf'] = connection.csrf;
  const response = await send(address(template, path, query), {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as Operations[N]['answer'];
  const error = await failure(response);
  if (error.status === 401 && connection.csrf) connection.onSignedOut();
  throw error;
}

function address(template: string, path: Parts['path'] = {}, query: Parts['query'] = {}): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  return given.length ? `${filled}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : filled;
}

export async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, credentials: 'same-origin', signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (cause) {
    const late = cause instanceof DOMException && cause.name === 'TimeoutError';
    throw new ApiError(0, { code: late ? 'timeout' : 'offline' });
  }
}

async function failure(response: Response): Promise<ApiError> {
  const document = (await response.json().catch(() => ({}))) as { error?: Record<string, string>; request_id?: string };
  return new ApiError(response.status, {
    code: `http_${response.status}`,
    ...document.error,
    requestId: document.request_id ?? response.headers.get('x-request-id'),
    retryAfter: Number(response.headers.get('retry-after')) || null,
  });
}
