import assert from 'node:assert/strict';
import { test } from 'node:test';

import { shortDayOf, shortName } from '#web/viewer/strip.js';
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

test('the fields of a slide are told apart by the ends of their names, and films by their views', () => {
  const named = (name, entry) => ({ name, entry: { modality: 'histopathology', file_name: name, ...entry } });
  assert.equal(shortName(named('SOB_M_PC-14-15704-100-005.jpg', {})), '…-005');
  assert.equal(shortName(named('field.png', {})), 'field.png');
  assert.equal(shortName(imageWith({ view: 'RMLO' })), imageWith({ view: 'RMLO' }).name);
});
