import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createStore } from '#web/core/store.js';

test('a view is told at once, and whenever one of its parts changed', () => {
  const store = createStore({ a: 1, b: 2 });
  const seen = [];
  store.subscribe(['a'], ({ a }) => seen.push(a));
  store.update({ b: 3 });
  store.update({ a: 2 });
  store.update({ a: 2 });
  store.update(({ a }) => ({ a: a + 1 }));
  assert.deepEqual(seen, [1, 2, 3]);
});

test('parts that change together are told once', () => {
  const store = createStore({ a: 1, b: 2 });
  const seen = [];
  store.subscribe(['a', 'b'], ({ a, b }) => seen.push([a, b]));
  store.update({ a: 10, b: 20 });
  assert.deepEqual(seen, [[1, 2], [10, 20]]);
});

test('a view that changes the state is told again, and nobody sees states in the wrong order', () => {
  const store = createStore({ wanted: 0, shown: 0 });
  const seen = [];
  store.subscribe(['wanted'], ({ wanted }) => store.update({ shown: wanted }));
  store.subscribe(['wanted', 'shown'], ({ wanted, shown }) => seen.push([wanted, shown]));
  store.update({ wanted: 7 });
  assert.deepEqual(seen.at(-1), [7, 7]);
  assert.ok(seen.every(([wanted, shown]) => wanted === shown));
});

test('who left is told no more', () => {
  const store = createStore({ a: 1 });
  let told = 0;
  const leave = store.subscribe(['a'], () => { told += 1; });
  leave();
  store.update({ a: 2 });
  assert.equal(told, 1);
});

test('a view that fails keeps neither this change nor the next from the others', () => {
  const store = createStore({ a: 1 });
  const seen = [];
  store.subscribe(['a'], ({ a }) => { if (a === 2) throw new Error('broken view'); });
  store.subscribe(['a'], ({ a }) => seen.push(a));
  assert.throws(() => store.update({ a: 2 }), /broken view/);
  assert.equal(seen.at(-1), 2);
  store.update({ a: 3 });
  assert.equal(seen.at(-1), 3);
});
