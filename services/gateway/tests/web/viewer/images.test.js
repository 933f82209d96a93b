import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useModalities } from '#web/core/modalities.js';
import { imagesOf, partOf, shownOf, tipOf } from '#web/viewer/image.js';
import { turnResult } from '#web/viewer/hung.js';
import { PACKAGED } from '../modalities.js';

useModalities(PACKAGED);

const entry = (said = {}) => ({
  id: 'i', modality: 'mammography', file_name: 'a.png', laterality: 'L', view: 'CC', is_prior: false, examination: null, job: { id: 'job' }, ...said,
});
const loaded = { result: { image: {} }, source: {} };

test('an image keeps what was loaded as long as its analysis, its side and its view are the same', () => {
  const [first] = imagesOf([entry()], []);
  const known = { ...first, ...loaded };
  assert.equal(imagesOf([entry()], [known])[0].result, loaded.result);
});

test('a film whose side or view is corrected is loaded anew: it may hang otherwise', () => {
  const known = { ...imagesOf([entry()], [])[0], ...loaded };
  for (const change of [{ laterality: 'R' }, { view: 'MLO' }]) {
    const [now] = imagesOf([entry(change)], [known]);
    assert.deepEqual([now.result, now.source, now.formerJobs], [null, null, []]);
    assert.notEqual(shownOf(now), shownOf(known));
  }
});

test('a film of another view is called by its side and view, as in reports', () => {
  const name = (/** @type {object} */ said) => imagesOf([entry(said)], [])[0].name;
  assert.deepEqual([{ view: 'XCCL' }, { view: 'M' }, { view: 'S' }, { view: null }, { laterality: null, view: 'ML' }].map(name), ['L XCCL', 'L MAG', 'L SPOT', 'a.png', 'a.png']);
  const shown = {
    MCC: 'CC MAG', SMLO: 'MLO SPOT', SMMLO: 'MLO SPOT MAG', SML: 'ML SPOT', MLM: 'LM MAG', MML: 'ML MAG', MLMO: 'LMO MAG', SMLM: 'LM SPOT MAG', SM: 'SPOT MAG',
    CCRL: 'CC RL', MLORM: 'MLO RM', MLRS: 'ML RS', RL: 'RL', MXCCL: 'XCCL MAG', STAN: 'TAN SPOT', MSIO: 'SIO MAG',
    ML: 'ML', LM: 'LM', LMO: 'LMO', MLO: 'MLO', SIO: 'SIO', ISO: 'ISO', FB: 'FB', XCCM: 'XCCM', AT: 'AT', CV: 'CV', TAN: 'TAN',
  };
  for (const [view, words] of Object.entries(shown)) assert.equal(imagesOf([entry({ view })], [])[0].name, view === 'MLO' ? 'LMLO' : `L ${words}`);
});

test('no two images of an examination have one name, as in reports', () => {
  const field = (/** @type {string} */ name) => entry({ id: name, modality: 'histopathology', file_name: name, laterality: null, view: null });
  const names = (/** @type {string[]} */ ...files) => imagesOf(files.map(field), []).map(({ name }) => name);
  assert.deepEqual(names('A', 'A', 'A 2', 'A'), ['A', 'A 2', 'A 2 2', 'A 3']);
  assert.deepEqual(names('A 2', 'A', 'A', 'A 2'), ['A 2', 'A', 'A 3', 'A 2 2']);
});

test('another analysis is loaded anew, and the former one is remembered', () => {
  const known = { ...imagesOf([entry()], [])[0], ...loaded };
  const [now] = imagesOf([entry({ job: { id: 'next' } })], [known]);
  assert.deepEqual([now.result, now.formerJobs], [null, ['job']]);
});

const analysed = (hanging = null) => turnResult({
  image: { width: 600, height: 800, hanging },
  findings: [{ box: { x: 400, y: 100, width: 50, height: 50 } }],
  breast: { box: { x: 0, y: 150, width: 300, height: 500 }, tips: [[0, 380], [290, 400]] },
});

test('a film fills its pane with the breast and all findings, or whole where the breast is not known', () => {
  assert.deepEqual(partOf({ result: analysed() }, true), { x: 0, y: 100, width: 450, height: 550 });
  for (const part of [partOf({ result: analysed() }, false), partOf({ result: { ...analysed(), breast: null } }, true)])
    assert.deepEqual(part, { x: 0, y: 0, width: 600, height: 800 });
});

test('the breast is told as the film hangs, and its tip by the side of the chest wall', () => {
  const mirrored = analysed({ rotation: 0, mirrored: true });
  assert.deepEqual(mirrored.breast.box, { x: 300, y: 150, width: 300, height: 500 });
  assert.deepEqual(tipOf({ result: mirrored, entry: { laterality: 'R' } }), { x: 310, y: 400 });
  assert.deepEqual(tipOf({ result: analysed(), entry: { laterality: 'L' } }), { x: 290, y: 400 });
  assert.deepEqual(tipOf({ result: analysed({ rotation: 90, mirrored: false }), entry: { laterality: 'L' } }), { x: 420, y: 0 });
  assert.equal(tipOf({ result: analysed(), entry: { laterality: null } }), null);
});

test('pixels that are not square are stretched to the finer spacing, with everything on the film', () => {
  const stored = {
    image: { width: 400, height: 800, hanging: null, pixel_spacing_mm: [0.1, 0.15] },
    findings: [{ box: { x: 100, y: 100, width: 40, height: 60 }, outline: [[99.5, 99.5]] }],
    breast: { box: { x: 0, y: 150, width: 200, height: 500 }, tips: [[0, 380], [190, 400]] },
  };
  const { image, findings, breast } = turnResult(stored);
  const near = (/** @type {number} */ one, /** @type {number} */ other) => assert.ok(Math.abs(one - other) < 1e-9, `${one} ${other}`);
  near(image.width, 600);
  assert.deepEqual([image.height, image.pixel_spacing_mm], [800, [0.1, 0.1]]);
  near(findings[0].box.x, 150);
  near(findings[0].box.width, 60);
  assert.deepEqual([findings[0].box.y, findings[0].box.height], [100, 60], 'as tall as it is wide: 6 mm');
  near(findings[0].outline[0][0], 149.5);
  near(breast.tips[1][0], 285);
  const turned = turnResult({ ...stored, image: { ...stored.image, hanging: { rotation: 90, mirrored: false } } });
  assert.equal(turned.image.width, 800, 'its rows are columns now');
  near(turned.image.height, 600);
  const unsized = { ...stored.image, pixel_spacing_mm: null, pixel_aspect: 2 / 3 };
  near(turnResult({ ...stored, image: unsized }).image.width, 600);
  assert.equal(turnResult({ ...stored, image: unsized }).image.pixel_spacing_mm, null);
  near(turnResult({ ...stored, image: { ...unsized, hanging: { rotation: 90, mirrored: false } } }).image.height, 600);
  assert.equal(turnResult({ ...stored, image: { ...stored.image, pixel_spacing_mm: [0.1, 0.1004] } }).image.width, 400, 'a spacing that was rounded');
});
