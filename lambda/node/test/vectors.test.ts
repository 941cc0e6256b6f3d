import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { fold } from '../src/masker/names.ts';
import { Rules } from '../src/masker/rules.ts';
import { cleanText, maskJson, maskText, maskUrl } from '../src/masker/texts.ts';
import exported from '../src/rules.json';
import type { Export } from '../src/masker/rules.ts';

const PRIVACY = process.env['VECTORS'] ?? new URL('../../../../tests/privacy/', import.meta.url).pathname;
const vectors = JSON.parse(readFileSync(`${PRIVACY}vectors.json`, 'utf-8')) as Record<string, [unknown, unknown][]>;
const rules = new Rules(exported as unknown as Export);

const ANSWERS: Record<string, (given: never) => unknown> = {
  fold,
  key: (key: string) => rules.fieldOfKey(key)?.name ?? null,
  parameter: (name: string) => rules.fieldOfParameter(name)?.name ?? null,
  text: (text: string) => maskText(rules, text),
  url: (url: string) => maskUrl(rules, url),
  json: (value: unknown) => maskJson(rules, value),
  headers: (name: string) => rules.headerAllowed(name),
};

for (const [kind, answer] of Object.entries(ANSWERS)) {
  test(`the golden vectors: ${kind}`, () => {
    assert.ok(vectors[kind]!.length >= 6);
    for (const [given, expected] of vectors[kind]!) assert.deepEqual(answer(given as never), expected, JSON.stringify(given));
  });
}

test('only the vectors of form fields are not run: a function sees no form', () => {
  assert.deepEqual(new Set([...Object.keys(ANSWERS), 'format', 'about', 'input']), new Set(Object.keys(vectors)));
});

test('labelled texts are masked as the server masks them', () => {
  // Made by the server (tests/functions/masked.py); but for telephone numbers, whose plans a function does not carry.
  const expected = JSON.parse(readFileSync(process.env['MASKED'] ?? '/dev/null', 'utf-8') || '[]') as [string, string][];
  const wrong = expected.filter(([given, masked]) => cleanText(rules, given) !== masked && !cleanText(rules, given).includes('[phone]'));
  assert.deepEqual(wrong.slice(0, 20).map(([given, masked]) => [given, masked, cleanText(rules, given)]), []);
  assert.ok(readdirSync(PRIVACY).includes('labelled'));
});
