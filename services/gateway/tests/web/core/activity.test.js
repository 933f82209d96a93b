import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tellActivity } from '#web/core/activity.js';

/** A page whose input the test makes, on a clock of its own. */
function createPage() {
  const heard = {};
  const page = { now: 1_000_000, told: 0, answers: async () => {} };
  page.input = (kind, isTrusted = true) => heard[kind]({ isTrusted });
  const target = { addEventListener: (kind, listener) => { heard[kind] = listener; } };
  tellActivity(target, () => { page.told += 1; return page.answers(); }, { now: () => page.now });
  return page;
}

test('input is told at once, and then once a minute', () => {
  const page = createPage();
  page.input('wheel');
  page.input('keydown');
  page.now += 59_999;
  page.input('pointerdown');
  assert.equal(page.told, 1);
  page.now += 1;
  page.input('pointerdown');
  assert.equal(page.told, 2);
});

test('what a script dispatches is no input', () => {
  const page = createPage();
  page.input('keydown', false);
  assert.equal(page.told, 0);
});

test('a failure is not shown', async () => {
  const page = createPage();
  page.answers = async () => { throw new Error('offline'); };
  page.input('keydown');
  await new Promise((done) => { setImmediate(done); }); // an unhandled rejection fails the test
  assert.equal(page.told, 1);
});
