import assert from 'node:assert/strict';
import { test } from 'node:test';

import { translator } from '#web/core/words.js';

const ENGLISH = { 'case.open': 'Open {name}', 'images.one': '{count} image', 'images.other': '{count} images', 'age.days': '{count} d' };

test('a sentence gets its blanks filled in, and keeps those that nothing is given for', () => {
  const { t } = translator(ENGLISH, 'en');
  assert.equal(t('case.open', { name: 'P-1' }), 'Open P-1');
  assert.equal(t('case.open'), 'Open {name}');
  assert.equal(t('age.days', { count: 1 }), '1 d');
});

test('a number chooses the plural form of the language', () => {
  const english = translator(ENGLISH, 'en');
  assert.deepEqual([0, 1, 2].map((count) => english.t('images', { count })), ['0 images', '1 image', '2 images']);
  const chinese = translator({ 'images.other': '{count} 幅图像' }, 'zh-Hans');
  assert.equal(chinese.t('images', { count: 1 }), '1 幅图像');
});

test('a sentence that is not there is a fault of ours', () => {
  const { t, has } = translator(ENGLISH, 'en');
  assert.throws(() => t('case.close'), /case\.close/);
  assert.throws(() => t('toString', { count: 1 }), /toString/);
  assert.deepEqual([has('case.open'), has('case.close'), has('toString')], [true, false, false]);
});
