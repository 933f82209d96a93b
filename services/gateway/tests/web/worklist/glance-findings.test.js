import assert from 'node:assert/strict';
import { test } from 'node:test';

import { useModalities } from '#web/core/modalities.js';
import { translator, useWords } from '#web/core/words.js';
import { findingsOf } from '#web/worklist/glance-findings.js';

useWords(translator({ 'examined.laterality.R': 'right' }, 'en'));
useModalities([{ name: 'mammography', labels: { calcification: 'Calcifications (experimental)' } }]);

const finding = (id, label, suspicion) => ({ id, label, probability: 0.8, probability_malignant: suspicion, box: { x: 0, y: 0, width: 100, height: 80 } });
const result = {
  image: { modality: 'mammography', width: 1000, height: 1000, pixel_spacing_mm: null },
  thresholds: { low: 0.2, high: 0.6, finding: 0.3 },
  findings: [finding('f1', 'malignant', 0.7), finding('f2', 'calcification', 0.4)],
};
const films = [{ jobId: 'a', name: 'RCC' }];
const lesion = { marks: [{ job_id: 'a', finding_id: 'f1', view: 'CC' }], probability_malignant: 0.7 };

test('calcifications are named, and stand beside the lesions, which are masses', () => {
  const named = (together) => findingsOf(films, { a: result }, together).map(({ suspicion, words }) => [suspicion, words.includes('Calcifications (experimental)')]);
  assert.deepEqual(named(null), [[0.7, false], [0.4, true]]);
  assert.deepEqual(named({ breasts: [{ laterality: 'R', lesions: [lesion] }] }), [[0.7, false], [0.4, true]]);
});
