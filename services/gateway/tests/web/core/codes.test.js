import assert from 'node:assert/strict';
import { test } from 'node:test';

import { conflictWords, noticesWords, tissueWords } from '#web/core/codes.js';
import { timeLeft } from '#web/core/numbers.js';
import { list, translator, useWords } from '#web/core/words.js';

useWords(translator({
  'notice.laterality_conflict': 'The side of the image itself ({side}) is used.',
  'notice.special_view': 'This is a special view ({view}).',
  'examined.tumour.said': 'Carcinoma: {value}',
  'examined.tumour.likeliest': '{percent}',
  'examined.tumour.value': '{percent}; {share} from {mark} on',
  'examined.laterality.L': 'left',
  'examined.laterality.R': 'right',
  'common.conflict.laterality': 'You entered side {said}, but the file says {file}.',
  'common.conflict.study_date': 'You entered {said}, but the file says {file}.',
  'steps.left.seconds.one': 'about a second left',
  'steps.left.seconds.other': 'about {count} seconds left',
  'steps.left.minutes.one': 'about a minute left',
  'steps.left.minutes.other': 'about {count} minutes left',
}, 'en'));

test('a notice is written from its code and values, a side in words', () => {
  const notices = [
    { code: 'laterality_conflict', detail: 'English.', values: { side: 'L' } },
    { code: 'special_view', detail: 'English.', values: { view: 'TAN' } },
  ];
  assert.deepEqual(noticesWords(notices), ['The side of the image itself (left) is used.', 'This is a special view (TAN).']);
});

test('a notice keeps its own English where its code is unknown or a value is missing', () => {
  const notices = [{ code: 'of_tomorrow', detail: 'New.' }, { code: 'special_view', detail: 'Old.' }];
  assert.deepEqual(noticesWords(notices), ['New.', 'Old.']);
});

test('tissue is said where it was read', () => {
  const tissue = { model: 'm 1', um_per_pixel: 1.2, scale_source: 'file', probability_tumour: 0.914, tumour_share: 0.5, marked_from: 0.39, unlike_training: 0.1, regions: [] };
  const map = { kind: 'tumour', file: 'heat.png', method: 'how', meaning: 'what' };
  assert.deepEqual(tissueWords({ tissue, heat_map: map }), ['Carcinoma: 91%; 50% from 39% on']);
  for (const other of [{ ...map, kind: 'evidence' }, null]) assert.deepEqual(tissueWords({ tissue, heat_map: other }), ['Carcinoma: 91%'], 'nothing of a map');
  assert.deepEqual(tissueWords({ tissue: null, heat_map: null }), []);
});

test('advice of a pipeline is left to the case', () => {
  assert.deepEqual(noticesWords([{ code: 'further_imaging_suggested', detail: 'Advice.' }]), []);
});

test('conflicts name sides in words and days as dates', () => {
  assert.equal(conflictWords([{ of: 'laterality', said: 'L', file: 'R' }]), 'You entered side left, but the file says right.');
  const days = [{ of: 'study_date', said: '2025-01-02', file: '2026-03-01' }];
  assert.equal(conflictWords(days), 'You entered 2 Jan 2025, but the file says 1 Mar 2026.');
});

test('lists and times left read as in a sentence', () => {
  assert.equal(list(['RCC', 'LCC', 'RMLO']), 'RCC, LCC and RMLO');
  assert.deepEqual([0.2, 1, 2, 59.4, 61, 125].map(timeLeft), [
    'about a second left', 'about a second left', 'about 2 seconds left', 'about 59 seconds left', 'about a minute left',
    'about 2 minutes left',
  ]);
});
