import assert from 'node:assert/strict';
import { test } from 'node:test';

import { keepFresh } from '#web/core/fresh.js';
import { translator, useWords } from '#web/core/words.js';

useWords(translator({ 'errors.unknown': 'Something went wrong.' }, 'en'));
Object.assign(globalThis, {
  document: { hidden: false, addEventListener() {}, removeEventListener() {} },
  addEventListener() {},
  removeEventListener() {},
  DOMParser: class {
    parseFromString = () => ({ getElementById: () => null });
  },
});

test('that the server answers is told after trouble alone: other messages stay', async () => {
  const told = [];
  let asked = () => {};
  let status = 200;
  globalThis.fetch = async () => {
    setTimeout(asked);
    return new Response('', { status });
  };
  const list = { id: 'list', dataset: { url: '/', live: 'false' }, querySelectorAll: () => [] };
  const fresh = keepFresh(list, (problem) => told.push(problem && problem.status));
  await new Promise((done) => setTimeout(done)); // the list is as it was sent
  for (status of [200, 200, 503, 200, 200])
    await new Promise((done) => {
      asked = done;
      fresh.wake();
    });
  fresh.stop();
  assert.deepEqual(told, [503, null]);
});
