import assert from 'node:assert/strict';
import { test } from 'node:test';

import { contradiction, isMilder } from '#web/reading/contradiction.js';
import { imageWith } from '../world.js';

const high = { probability: 0.9, probability_malignant: 0.8 };
const low = { probability: 0.9, probability_malignant: 0.1 };
const unsureFinding = { probability: 0.9, probability_malignant: 0.3 };
const calcified = { ...high, label: 'calcification' };
const unknown = { probability: 0.9, probability_malignant: null };
const [clear, suspected, unsure] = ['no_sign_of_malignancy', 'malignancy_suspected', 'not_sure'];
const [confirmed, dismissed] = ['confirmed', 'dismissed'];
const CASES = [
  // assessment, its probability, findings, verdicts, conclusion: what is said
  [suspected, 0.9, [high, low], {}, clear, null],
  [suspected, 0.9, [high, low], { 0: confirmed }, clear, ['clear_but_confirmed', [0]]],
  [suspected, 0.9, [high, low], { 1: confirmed }, clear, null],
  [suspected, 0.9, [high, low], { null: confirmed }, clear, ['clear_but_confirmed', [null]]],
  [unsure, 0.4, [], { null: confirmed }, clear, ['clear_but_confirmed', [null]]],
  [unsure, 0.4, [unsureFinding], { 0: confirmed }, clear, ['clear_but_confirmed', [0]]],
  [suspected, 0.9, [unknown], { 0: confirmed }, clear, ['clear_but_confirmed', [0]]],
  [clear, 0.1, [unknown], { 0: confirmed }, clear, null],
  [suspected, 0.9, [high], { 0: confirmed }, unsure, null],
  [suspected, 0.9, [high], { 0: confirmed }, suspected, null],
  [suspected, 0.9, [high, low], {}, suspected, null],
  [suspected, 0.9, [high, low], { 0: dismissed }, suspected, null],
  [suspected, 0.9, [high], { 0: dismissed }, suspected, ['suspected_but_dismissed', [0]]],
  [suspected, 0.9, [high], { null: dismissed }, suspected, ['suspected_but_dismissed', [null]]],
  [suspected, 0.9, [high], { 0: dismissed, null: confirmed }, suspected, null],
  [suspected, 0.9, [], {}, suspected, null],
  [clear, 0.1, [], { null: dismissed }, suspected, ['suspected_but_dismissed', [null]]],
  [clear, 0.1, [], {}, suspected, null],
  [suspected, 0.9, [calcified], { 0: dismissed }, suspected, null],
  [suspected, 0.9, [high, calcified], { 0: dismissed, 1: dismissed }, suspected, ['suspected_but_dismissed', [0, 1]]],
  [suspected, 0.9, [high, calcified], { 0: dismissed }, suspected, null],
  [suspected, 0.9, [{ ...calcified, probability_malignant: null }], { 0: confirmed }, clear, null],
  [clear, 0.1, [calcified], { 0: confirmed }, clear, ['clear_but_confirmed', [0]]],
];

for (const [assessment, value, findings, verdicts, conclusion, said] of CASES)
  test(`${assessment} with ${JSON.stringify(verdicts)}, signed as ${conclusion}: ${said ? said[0] : 'no contradiction'}`, () => {
    const image = imageWith({ assessment, probability_malignant: value, findings });
    const waiting = imageWith({ id: 'waiting', result: null });
    const found = contradiction(conclusion, [image, waiting], ({ index }) => verdicts[index] ?? null);
    assert.deepEqual(found && [found.code, found.targets.map(({ index }) => index)], said);
  });

test('a case is not concluded to be less suspicious than one of its breasts is stated to be', () => {
  const stated = (right, left) => ({ right: right && { bi_rads: right }, left: left && { bi_rads: left } });
  assert.equal(isMilder(clear, stated(5, 1)), true);
  assert.equal(isMilder(unsure, stated(null, 4)), true);
  assert.equal(isMilder(clear, stated(3, null)), true);
  assert.equal(isMilder(suspected, stated(1, 1)), false, 'the field may be what is suspected');
  assert.equal(isMilder(clear, stated(2, 1)), false);
  assert.equal(isMilder('', stated(5, 5)), false);
  assert.equal(isMilder(clear, null), false);
});
