import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Problem } from '#web/core/api.js';
import { loop } from '#web/core/poll.js';
import { translator, useWords } from '#web/core/words.js';
import { createWorld } from '../world.js';

useWords(translator({ 'errors.unknown': 'Something went wrong.' }, 'en'));

test('it asks at the pace of the answers until there is nothing more to ask', async () => {
  const world = createWorld();
  const paces = [1000, 250, null];
  const asked = [];
  loop(async () => { asked.push(world.now); return paces.shift(); }, () => {}, world);
  for (const step of [0, 1000, 250, 5000]) await world.pass(step);
  assert.deepEqual(asked, [0, 1000, 1250]);
  assert.deepEqual(world.waiting, []);
});

test('in trouble it waits longer each time, and as usual once it is over', async () => {
  const world = createWorld();
  const troubles = [];
  let failing = true;
  loop(async () => { if (failing) throw new Problem(503, {}); return 100; }, (_, seconds) => troubles.push(seconds), world);
  for (const step of [0, 1000, 2000, 4000]) await world.pass(step);
  assert.deepEqual(troubles, [1, 2, 4, 8]);
  failing = false;
  await world.pass(8000);
  assert.deepEqual(world.waiting, [world.now + 100]);
});

test('what will not pass ends it', async () => {
  const world = createWorld();
  const troubles = [];
  loop(async () => { throw new Problem(404, {}); }, (_, seconds) => troubles.push(seconds), world);
  await world.pass(0);
  assert.deepEqual([troubles, world.waiting], [[null], []]);
});

test('while nobody looks it asks nothing, and at once when somebody comes back', async () => {
  const world = createWorld();
  let asked = 0;
  loop(async () => { asked += 1; return 1000; }, () => {}, world);
  await world.pass(0);
  world.watched = false;
  await world.pass(60000);
  assert.equal(asked, 1);
  await world.comeBack();
  assert.equal(asked, 2);
});

test('never two requests at once: who is woken while asking asks again afterwards', async () => {
  const world = createWorld();
  let answer;
  let asked = 0;
  const { wake } = loop(() => { asked += 1; return new Promise((resolve) => { answer = resolve; }); }, () => {}, world);
  await world.pass(0);
  wake();
  await world.pass(5000);
  assert.equal(asked, 1);
  answer(60000);
  await world.pass(0);
  await world.pass(0);
  assert.equal(asked, 2);
});
