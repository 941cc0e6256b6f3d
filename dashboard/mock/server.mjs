// @ts-check
/**
 * The API without a server behind it, for working on the dashboard: `npm run mock`, and `npm run dev` beside it.
 *
 *   node mock/server.mjs [--port 8788] [--static DIR] [--fresh]
 *
 * Everything is in memory and the answers have the shapes of openapi.json. It starts filled, with the users of
 * state.mjs (every password is "password of mock"); with --fresh it waits for its first admin and prints a setup link.
 * With --static it also serves a build, under the content security policy of the real server.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { Failure, routes } from './routes.mjs';
import { filled, fresh } from './state.mjs';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8788' },
    static: { type: 'string' },
    fresh: { type: 'boolean', default: false },
  },
});

const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.txt': 'text/plain' };
const state = values.fresh ? fresh() : filled();

/** @param {import('node:http').IncomingMessage} request */
async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    throw new Failure(422, 'invalid_value', 'this is no JSON');
  }
}

const COOKIE = /(?:^|;\s*)sightline=([^;]+)/;

/** @param {import('node:http').IncomingMessage} request @param {URL} url */
async function answer(request, url) {
  for (const { method, pattern, run, open } of routes) {
    const match = method === request.method ? pattern.exec(url.pathname) : null;
    if (!match) continue;
    const token = COOKIE.exec(request.headers.cookie ?? '')?.[1] ?? '';
    const signIn = state.signIns.find((each) => each.token === token);
    if (!open && !signIn) throw new Failure(401, 'not_signed_in', 'Sign in first.');
    if (!open && method !== 'GET' && request.headers['x-sightline-csrf'] !== signIn?.csrf)
      throw new Failure(403, 'csrf', 'the CSRF token is missing or wrong');
    const user = state.users.find((each) => each.id === signIn?.user_id);
    return run({ state, user, signIn, path: match.groups ?? {}, query: url.searchParams, body: await body(request) });
  }
  throw new Failure(404, 'not_found', 'there is no such address here');
}

/** @param {string} path @param {import('node:http').ServerResponse} response */
function serveFile(path, response) {
  const root = values.static ?? '';
  const wanted = join(root, normalize(path));
  const file = existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(root, 'index.html');
  const type = TYPES[/** @type {keyof TYPES} */ (extname(file))] ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': type, 'content-security-policy': CSP, 'cache-control': 'no-cache' });
  createReadStream(file).pipe(response);
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://mock');
  if (values.static && !/^\/(api|readyz|healthz)/.test(url.pathname)) return serveFile(url.pathname, response);
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  try {
    const { status = 200, json, cookie } = await answer(request, url);
    response.writeHead(status, cookie === undefined ? headers : { ...headers, 'set-cookie': `sightline=${cookie}; Path=/; HttpOnly; SameSite=Lax` });
    response.end(json === undefined ? undefined : JSON.stringify(json));
  } catch (error) {
    const { status, document } = error instanceof Failure ? error : new Failure(500, 'service', String(error));
    response.writeHead(status, headers);
    response.end(JSON.stringify({ error: document, request_id: '0123456789abcdef' }));
  }
});

server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`http://127.0.0.1:${port}${values.fresh ? `/setup#token=${state.setupToken}` : ''}`);
});
