import assert from 'node:assert/strict';
import { test } from 'node:test';

import { shortDayOf } from '#web/viewer/strip.js';
import { imageWith } from '../world.js';

/** @param {string[]} days */
const priorsOf = (...days) => days.map((examination, index) => {
  const image = imageWith({ id: `p${index}`, view: 'RCC', prior: true });
  return { ...image, entry: { ...image.entry, examination } };
});

test('earlier examinations are told apart by their years, and by months where two are of one year', () => {
  assert.equal(shortDayOf(priorsOf('2022-03-01', '2024-03-01', '2024-03-01'))('2024-03-01'), '2024');
  assert.equal(shortDayOf(priorsOf('2024-03-01', '2024-11-01'))('2024-11-01'), 'Nov 2024');
  assert.equal(shortDayOf([imageWith({ view: 'RCC' })])(''), '');
});
