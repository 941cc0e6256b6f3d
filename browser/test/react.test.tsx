import { dom } from './dom.ts';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { StrictMode, createElement as h } from 'react';
import { renderToString } from 'react-dom/server';
import { SightlineErrorBoundary, SightlineOverlay, SightlineProvider, useSightline } from '../src/react/index.tsx';
import { mock } from '../src/mock.ts';

dom();

test('a component finds the client that was handed down', () => {
  const client = mock('42');
  const Shown = () => h('b', null, useSightline().visitId());
  assert.equal(renderToString(h(StrictMode, null, h(SightlineProvider, { client }, h(Shown)))), '<b>42</b>');
});

test('without a provider everything is there and does nothing', () => {
  const Shown = () => {
    useSightline().track('x');
    return h('b', null, `visit ${useSightline().visitId()}`);
  };
  assert.equal(renderToString(h(Shown)), '<b>visit </b>');
});

test('the overlay says what the SDK is doing', () => {
  assert.match(renderToString(h(SightlineProvider, { client: mock('42') }, h(SightlineOverlay))), /visit 42 · sent 0/);
});

test('a boundary reports what its children threw, and shows the fallback with the visit', () => {
  const client = mock('42');
  const boundary = new SightlineErrorBoundary({ context: { order: 1 }, fallback: (_error, _retry, visit) => `sorry, ${visit}` });
  boundary.context = client;
  const error = new Error('broken');
  boundary.componentDidCatch(error, { componentStack: '\n at Cart' });
  boundary.state = SightlineErrorBoundary.getDerivedStateFromError(error);
  assert.deepEqual(client.calls, [{ name: 'error', given: [error, { order: 1 }, 'react', '\n at Cart'] }]);
  assert.equal(boundary.render(), 'sorry, 42');
});

test('a boundary without a fallback hides nothing', () => {
  const boundary = new SightlineErrorBoundary({});
  boundary.state = { error: new Error('broken'), failed: true };
  assert.throws(() => boundary.render(), /broken/);
});

test('the mock remembers the events of a test', () => {
  const client = mock();
  client.track('order', { revenue: 1 });
  assert.deepEqual(client.events(), [['order', { revenue: 1 }]]);
});
