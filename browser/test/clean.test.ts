import { dom } from './dom.ts';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { address, selector, stack, text } from '../src/core/clean.ts';

dom();

test('an address keeps its path, and of its query what the dictionary keeps readable', () => {
  assert.equal(address('/search?q=anna&sort=price&utm_source=news#top'), 'https://shop.test/search?sort=price&utm_source=news');
  assert.equal(address('https://u:p@shop.test/users/12345/orders'), 'https://shop.test/users/:id/orders');
  assert.equal(address('/reset/ann%40example.com/now'), 'https://shop.test/reset/:email/now');
  assert.equal(address('/people/Ann Smith'), 'https://shop.test/people/:text');
  assert.equal(address('/a?sort=ann@example.com'), 'https://shop.test/a');
  assert.equal(address('javascript:alert(1)'), 'javascript:');
  assert.equal(address('data:text/html,ann'), 'data:');
  assert.equal(address('/app#/one/ann@example.com?x=1', true), 'https://shop.test/app#/one/:email');
  assert.equal(address('/app#/one'), 'https://shop.test/app');
});

test('the parameters are those of the dictionary and no other', () => {
  const source = readFileSync(new URL('../../../src/sightline/privacy/default.toml', import.meta.url), 'utf-8');
  const listed = /\[url\][^]*?parameters = \[([^\]]*)\]/.exec(source)?.[1] ?? '';
  const names = [...listed.matchAll(/"([^"]+)"/g)].map((match) => match[1]!);
  assert.ok(names.length > 40);
  for (const name of names) assert.equal(address(`/x?${name}=a`), `https://shop.test/x?${name}=a`, name);
  for (const name of ['q', 'email', 'token', 'session', 'name', 'utm_email', 'pages']) assert.equal(address(`/x?${name}=a`), 'https://shop.test/x', name);
});

test('a text loses addresses of mail and long numbers', () => {
  assert.equal(text('to ann.smith@example.com, now'), 'to [email], now');
  assert.equal(text('card 4111 1111 1111 1111 refused'), 'card ******** refused');
  assert.equal(text('call +41 79 123 45 67'), 'call ********');
  assert.equal(text('took 250 ms for 12 items'), 'took 250 ms for 12 items');
});

test('a stack keeps lines and columns and loses queries', () => {
  const given = 'Error: x\n    at f (https://shop.test/a.js?user=ann:1:123456)\n    at https://shop.test/b.js:12:345678';
  assert.equal(stack(given), 'Error: x\n    at f (https://shop.test/a.js:1:123456)\n    at https://shop.test/b.js:12:345678');
});

test('a stack keeps the address of the page itself, whatever digits are in it', () => {
  const { origin } = location;
  assert.equal(stack(`    at f (${origin}/a.js?user=ann:1:2)`), `    at f (${origin}/a.js:1:2)`);
  assert.equal(stack('    at f (http://127.0.0.1:42333/ann@example.com/a.js:1:2)').includes('ann@'), false);
});

test('a selector says where, never what', () => {
  document.body.innerHTML = '<main><div class="row css-1a2b345"><button id="buy" class="big">Ann</button><i></i></div></main>';
  assert.equal(selector(document.querySelector('button')), 'button#buy');
  assert.equal(selector(document.querySelector('i')), 'body>main>div.row>i');
  assert.equal(selector(null), '');
});
