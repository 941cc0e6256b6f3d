import { dom } from './dom.ts';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { address, text } from '../src/core/clean.ts';

dom();

// What every implementation of the dictionary is held against. The page's cleaner knows a part of it, and the server all.
const vectors = JSON.parse(readFileSync(new URL('../../../tests/privacy/vectors.json', import.meta.url), 'utf-8')) as {
  text: [string, string][];
  url: [string, string][];
};
/** The fields that the cleaner has: whatever is a number or an address of mail. */
const FIELDS = /^(email|card|phone|bank_account)$/;

/** What the server hides in a text, by field. */
const hidden = (given: string, expected: string): [string, string][] => {
  const parts = expected.split(/\[(\w+)\]/);
  const pattern = parts.map((part, index) => (index % 2 ? '([^]+)' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))).join('');
  const found = new RegExp(`^${pattern}$`).exec(given)?.slice(1) ?? [];
  return found.map((value, index) => [parts[2 * index + 1]!, value]);
};

test('the cleaner hides in every golden text what it knows of', () => {
  let held = 0;
  for (const [given, expected] of vectors.text) {
    for (const [field, value] of hidden(given, expected)) {
      if (!FIELDS.test(field) || value === `[${field}]`) continue;
      assert.ok(!text(given).includes(value), `${field} in ${JSON.stringify(given)}: ${text(given)}`);
      held += 1;
    }
  }
  assert.ok(held >= 8, `${held} golden texts were held`);
});

test('the cleaner never keeps a parameter of a golden address that the server would hide', () => {
  let held = 0;
  for (const [given, expected] of vectors.url) {
    if (!given.includes('?')) continue;
    const kept = new URLSearchParams(address(given).split('?')[1] ?? '');
    const allowed = new URLSearchParams(expected.split('?')[1] ?? '');
    for (const [name, value] of kept) assert.equal(allowed.get(name), value, given);
    held += 1;
  }
  assert.ok(held >= 5, `${held} golden addresses were held`);
});

test('the cleaner hides in the path of a golden address whom it names, and which', () => {
  let held = 0;
  for (const [given, expected] of vectors.url) {
    const asked = given.split(/[?#]/)[0]!.split('/');
    expected.split('?')[0]!.split('/').forEach((segment, index) => {
      const value = asked[index] ?? '';
      if (!/^:(email|text)$/.test(segment) && !(segment === ':id' && /\d{5}/.test(value))) return;
      assert.ok(!address(given).includes(value), given);
      held += 1;
    });
  }
  assert.ok(held >= 3, `${held} golden paths were held`);
});

test('no golden address leaves with a user, a password, a fragment or a script', () => {
  for (const [given] of vectors.url) assert.ok(!/jane:pw|#|alert|hi$/.test(address(given)), given);
});
