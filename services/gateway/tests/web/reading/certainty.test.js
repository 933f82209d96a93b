import assert from 'node:assert/strict';
import { test } from 'node:test';

import { useWords } from '#web/core/words.js';
import { certaintyOf } from '#web/reading/certainty.js';

useWords({ t: (key) => key });

const together = (code, assessment = 'not_sure') => ({
  breasts: [{ laterality: 'R', assessment, probability_malignant: 0.09, reasons: [{ code }] }],
});

test('the number of a breast with a film that was not evaluated does not decide', () => {
  const doubted = certaintyOf(0.09, null, together('not_evaluated')); // it read "not sure, malignancy: very unlikely"
  assert.equal(doubted, 'reading.certainty.doubted');
  for (const reading of [together('view_by_itself'), together('not_evaluated', 'malignancy_suspected'), null])
    assert.equal(certaintyOf(0.09, null, reading), 'reading.certainty.very_unlikely');
  assert.equal(certaintyOf(0.4, null, together('not_evaluated')), 'reading.certainty.even', 'of something else');
});
