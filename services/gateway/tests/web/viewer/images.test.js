import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useModalities } from '#web/core/modalities.js';
import { imagesOf, shownOf } from '#web/viewer/image.js';
import { PACKAGED } from '../modalities.js';

useModalities(PACKAGED);

const entry = (said = {}) => ({
  id: 'i', modality: 'mammography', file_name: 'a.png', laterality: 'L', view: 'CC', is_prior: false, examination: null, job: { id: 'job' }, ...said,
});
const loaded = { result: { image: {} }, source: {}, breast: {}, tip: {} };

test('an image keeps what was loaded as long as its analysis, its side and its view are the same', () => {
  const [first] = imagesOf([entry()], []);
  const known = { ...first, ...loaded };
  assert.equal(imagesOf([entry()], [known])[0].result, loaded.result);
});

test('a film whose side or view is corrected is loaded anew: it may hang otherwise', () => {
  const known = { ...imagesOf([entry()], [])[0], ...loaded };
  for (const change of [{ laterality: 'R' }, { view: 'MLO' }]) {
    const [now] = imagesOf([entry(change)], [known]);
    assert.deepEqual([now.result, now.source, now.breast, now.tip, now.formerJobs], [null, null, null, null, []]);
    assert.notEqual(shownOf(now), shownOf(known));
  }
});

test('another analysis is loaded anew, and the former one is remembered', () => {
  const known = { ...imagesOf([entry()], [])[0], ...loaded };
  const [now] = imagesOf([entry({ job: { id: 'next' } })], [known]);
  assert.deepEqual([now.result, now.formerJobs], [null, ['job']]);
});
