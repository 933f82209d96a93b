import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Problem } from '#web/core/api.js';
import { translator, useWords } from '#web/core/words.js';
import { createFollower } from '#web/jobs/follower.js';
import { createWorld } from '../world.js';

useWords(translator({ 'errors.unknown': 'Something went wrong.' }, 'en'));

/** A follower of jobs whose answers a test writes: by job, a state, a failure, or null for "as before". */
function following(answers) {
  const world = createWorld();
  const told = [];
  const troubles = [];
  const asked = [];
  const follower = createFollower({
    world,
    onProgress: (jobId, { state }) => told.push(`${jobId} ${state}`),
    onTrouble: (problem, seconds, ...gone) => troubles.push(problem && [problem.status, seconds, ...gone]),
    async ask(jobId, etag) {
      asked.push(`${jobId} ${etag}`);
      const answer = answers[jobId].shift();
      if (answer instanceof Problem) throw answer;
      const progress = answer && { job_id: jobId, state: answer, steps: [], poll_after_ms: 1000 };
      return { progress, etag: answer };
    },
  });
  return { world, told, troubles, asked, follower };
}

test('a job is followed until it is over, with the tag of what was seen last', async () => {
  const { world, told, asked, follower } = following({ a: ['queued', null, 'running', 'done'] });
  follower.follow('a');
  for (let turn = 0; turn < 6; turn += 1) await world.pass(turn ? 1000 : 0);
  assert.deepEqual(told, ['a queued', 'a running', 'a done']);
  assert.deepEqual(asked, ['a null', 'a queued', 'a queued', 'a running']);
  assert.deepEqual(world.waiting, []);
});

test('one loop follows all jobs, and goes on with those that are left', async () => {
  const { world, told, follower } = following({ a: ['running', 'done'], b: ['running', 'running', 'failed'] });
  follower.follow('a');
  follower.follow('b');
  for (let turn = 0; turn < 4; turn += 1) await world.pass(turn ? 1000 : 0);
  assert.deepEqual(told, ['a running', 'b running', 'a done', 'b running', 'b failed']);
});

test('a job that is tried again is followed anew', async () => {
  const { world, told, follower } = following({ a: ['failed', 'queued', 'done'] });
  follower.follow('a');
  await world.pass(0);
  await world.pass(60000);
  assert.deepEqual(told, ['a failed']);
  follower.follow('a');
  await world.pass(0);
  await world.pass(1000);
  assert.deepEqual(told, ['a failed', 'a queued', 'a done']);
});

test('trouble that passes is told and gone again; the job is still followed', async () => {
  const { world, told, troubles, follower } = following({ a: [new Problem(0, {}), 'done'] });
  follower.follow('a');
  await world.pass(0);
  await world.pass(1000);
  assert.deepEqual(troubles, [[0, 1], null]);
  assert.deepEqual(told, ['a done']);
});

test('trouble that does not pass ends the loop until a job is followed again', async () => {
  const { world, told, troubles, follower } = following({ a: [new Problem(401, {}), 'running'], b: ['done'] });
  follower.follow('a');
  await world.pass(0);
  assert.deepEqual([troubles, world.waiting], [[[401, null]], []]);
  follower.follow('b');
  await world.pass(0);
  assert.deepEqual(told, ['a running', 'b done']);
});

test('a job that is gone is told and dropped; the others are followed on', async () => {
  const { world, told, troubles, asked, follower } = following({ a: [new Problem(404, {})], b: ['running', 'done'] });
  follower.follow('a');
  follower.follow('b');
  for (let turn = 0; turn < 3; turn += 1) await world.pass(turn ? 1000 : 0);
  assert.deepEqual([told, troubles], [['b running', 'b done'], [[404, null, 'a'], null]]);
  assert.deepEqual(asked, ['a null', 'b null', 'b running']);
  assert.deepEqual(world.waiting, []);
});

test('who stops hears nothing of a request under way', async () => {
  const { world, told, follower } = following({ a: ['running'] });
  follower.follow('a');
  const passing = world.pass(0);
  follower.stop();
  await passing;
  assert.deepEqual([told, world.waiting], [[], []]);
});
