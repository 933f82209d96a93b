import assert from 'node:assert/strict';
import { test } from 'node:test';

import { useModalities } from '#web/core/modalities.js';
import { isJudged, opinionOf } from '#web/reading/opinions.js';
import { NOTHING_YET } from '#web/reading/state.js';
import { PACKAGED } from '../modalities.js';
import { imageWith } from '../world.js';

useModalities(PACKAGED);

const FILM = imageWith({ view: 'RCC' });
const finding = (x) => ({ id: 'a', image_id: FILM.id, box: { x, y: 2, width: 3, height: 4 } });

test('an opinion is shown until the region changes', () => {
  const region = JSON.stringify([FILM.id, finding(1).box]);
  const state = { ...NOTHING_YET, opinions: { a: { region, words: ['Suspicion 70%.'] } } };
  assert.deepEqual(opinionOf(state, finding(1)), ['Suspicion 70%.']);
  assert.deepEqual(opinionOf(state, finding(2)), []);
  assert.deepEqual(opinionOf(NOTHING_YET, finding(1)), []);
});

test('films are judged where their modality says so, and no other image', () => {
  assert.equal(isJudged({ images: [FILM] }, finding(1)), true);
  assert.equal(isJudged({ images: [] }, finding(1)), false);
  assert.equal(isJudged({ images: [imageWith({ film: false })] }, finding(1)), false);
});
