import assert from 'node:assert/strict';
import { test } from 'node:test';

import { firstToRead, layoutOf, missingViews, preferredLayout, readIn, sideOf, slotsOf, stepOf, stepsOf } from '#web/viewer/hanging.js';
import { useModalities } from '#web/core/modalities.js';
import { PACKAGED } from '../modalities.js';
import { imageWith } from '../world.js';

useModalities(PACKAGED);

const FOUR = ['RCC', 'LCC', 'RMLO', 'LMLO'].map((view) => imageWith({ id: view, view }));
const FIELD = imageWith({ id: 'field', film: false });

const hung = (images, activeId, more = {}) => ({ images, activeId, layout: 'hang', lastFilmId: null, lastFieldId: null, ...more });
const names = (state) => slotsOf(state).map(({ id }) => id);

test('four views hang in their order; the others share the glass of a missing one, which is named', () => {
  assert.deepEqual(names(hung(FOUR, 'LCC')), ['RCC', 'LCC', 'RMLO', 'LMLO']);
  assert.deepEqual(names(hung(FOUR.slice(1), 'LCC')), ['LCC', 'RMLO', 'LMLO']);
  assert.deepEqual(missingViews(FOUR.slice(1)), ['RCC']);
  assert.deepEqual([missingViews(FOUR), missingViews([FIELD])], [[], []]);
});

test('a work-up lacks no view of an examination shortly before, and of an old one all', () => {
  const taken = (/** @type {object} */ image, /** @type {string} */ day) => ({ ...image, entry: { ...image.entry, examination: day } });
  const before = (/** @type {string} */ day) => FOUR.map((image) => taken({ ...image, id: `old ${image.id}`, view: null, prior: true }, day));
  const [now] = FOUR.map((image) => taken(image, '2026-09-01'));
  assert.deepEqual(missingViews([now, ...before('2026-05-04')]), [], '120 days');
  assert.deepEqual(missingViews([now, ...before('2026-05-03')]), ['LCC', 'RMLO', 'LMLO']);
  assert.deepEqual(missingViews([FOUR[0], ...before('2026-05-04')]), ['LCC', 'RMLO', 'LMLO'], 'of a film without a date nobody knows');
});

test('both breasts hang in one view, where the image that is read is among them', () => {
  assert.deepEqual(names(hung(FOUR, 'LCC', { layout: 'cc' })), ['RCC', 'LCC']);
  assert.deepEqual(names(hung(FOUR, 'RMLO', { layout: 'mlo' })), ['RMLO', 'LMLO']);
  assert.equal(layoutOf(hung(FOUR, 'LMLO', { layout: 'cc' })), 'hang');
  assert.equal(readIn('mlo', hung(FOUR, 'LCC')).view, 'RMLO');
  assert.equal(readIn('cc', hung(FOUR, 'LCC')).view, 'LCC');
});

test('the steps of reading go round, there and back', () => {
  const walk = (images, by) => {
    const steps = [];
    for (let layout = 'hang', turn = 0; turn < 6; turn += 1) {
      const state = hung(images, readIn(layout, hung(images, images[0].id)).id, { layout });
      layout = stepOf(state, by);
      steps.push(layout);
    }
    return steps;
  };
  assert.deepEqual(walk(FOUR, 1), ['row', 'cc', 'mlo', 'one', 'two', 'hang']);
  assert.deepEqual(walk(FOUR, -1), ['two', 'one', 'mlo', 'cc', 'row', 'hang']);
  assert.deepEqual(walk([FIELD, imageWith({ id: 'g', film: false })], 1).slice(0, 3), ['one', 'two', 'hang']);
});

test('of several films of a view the one that is read hangs, else the most suspicious', () => {
  const images = [imageWith({ id: 'a', view: 'RCC', probability_malignant: 0.1 }), imageWith({ id: 'b', view: 'RCC', probability_malignant: 0.9 }), FOUR[1]];
  assert.deepEqual(names(hung(images, 'LCC'))[0], 'b');
  assert.deepEqual(names(hung(images, 'a'))[0], 'a');
});

test('a field is not hidden by four views: it stands beside the film that was read last', () => {
  const state = hung([...FOUR, FIELD], 'field', { lastFilmId: 'LMLO' });
  assert.equal(layoutOf(state), 'two');
  assert.deepEqual(names(state), ['LMLO', 'field']);
});

test('side by side stand both views of a breast', () => {
  assert.deepEqual(names(hung(FOUR, 'LMLO', { layout: 'two' })), ['LCC', 'LMLO']);
});

test('an earlier film stands beside the current one of its view', () => {
  const prior = imageWith({ id: 'old', view: 'LCC', prior: true });
  assert.deepEqual(names(hung([...FOUR, prior], 'old', { layout: 'two' })), ['LCC', 'old']);
});

test('both breasts hang above the same view of the newest earlier examination', () => {
  const earlier = ['RCC', 'LCC', 'LMLO'].flatMap((view) => ['2022-03-01', '2024-03-01'].map((examination) => {
    const image = imageWith({ id: `${view} ${examination}`, view, prior: true });
    return { ...image, entry: { ...image.entry, examination } };
  }));
  const all = [...FOUR, ...earlier];
  assert.deepEqual(names(hung(all, 'LCC', { layout: 'prior' })), ['RCC', 'LCC', 'RCC 2024-03-01', 'LCC 2024-03-01']);
  assert.deepEqual(names(hung(all, 'LMLO', { layout: 'prior' })), ['RMLO', 'LMLO', 'LMLO 2024-03-01']);
  assert.deepEqual(names(hung(all, 'RCC 2022-03-01', { layout: 'prior' })), ['RCC', 'LCC', 'RCC 2022-03-01', 'LCC 2022-03-01']);
  assert.equal(layoutOf(hung(FOUR, 'LCC', { layout: 'prior' })), 'hang');
  assert.equal(stepOf(hung(all, 'RMLO', { layout: 'mlo' }), 1), 'prior');
});

test('steps that would show nothing are none', () => {
  assert.deepEqual(stepsOf(hung(FOUR, 'LCC')), ['hang', 'row', 'cc', 'mlo', 'one', 'two']);
  assert.deepEqual(stepsOf(hung([FIELD], 'field')), ['hang', 'one']);
});

test('fields hang four at a time, with the one that is read among them', () => {
  const fields = [0, 1, 2, 3, 4].map((number) => imageWith({ id: `f${number}`, film: false }));
  assert.deepEqual(names(hung(fields, 'f1')), ['f0', 'f1', 'f2', 'f3']);
  assert.deepEqual(names(hung(fields, 'f4')), ['f4']);
});

test('nothing hangs before there are images', () => {
  assert.deepEqual(slotsOf(hung([], null, { layout: null })), []);
});

test('reading begins with the most suspicious film, with as much glass as there are images', () => {
  const suspicious = imageWith({ id: 'field', film: false, probability_malignant: 0.99 });
  const worst = imageWith({ id: 'worst', view: 'RMLO', probability_malignant: 0.8 });
  assert.equal(firstToRead([...FOUR, worst, suspicious]).id, 'worst');
  assert.equal(firstToRead([]), null);
  assert.deepEqual([[FIELD], [FOUR[0]], [FIELD, FIELD]].map(preferredLayout), ['one', 'hang', 'hang']);
});

test('chest walls meet in the middle', () => {
  assert.deepEqual(FOUR.slice(0, 2).map((image) => sideOf(image, 'hang')), ['right', 'left']);
  assert.equal(sideOf(FOUR[0], 'one'), 'centre');
  assert.equal(sideOf(FIELD, 'hang'), 'centre');
});
