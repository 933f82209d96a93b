import assert from 'node:assert/strict';
import { test } from 'node:test';

import { translator, useWords } from '#web/core/words.js';
import { byLesion, coupledTo, heads, marksOf, marksOfRow, shownTargets, toReview, withVerdict } from '#web/reading/findings.js';
import { NOTHING_YET } from '#web/reading/state.js';
import { numberOf } from '#web/reading/numbering.js';
import { nameOf, nameOfMarks, targetOf } from '#web/reading/targets.js';
import { changeWords, isWorse, lesionOf, lesionPlace, otherMarks, otherWords, placeOf } from '#web/reading/together.js';
import { imageWith } from '../world.js';

useWords(
  translator(
    {
      'breast.place.outer': 'outer',
      'breast.place.upper': 'upper',
      'breast.place.middle': 'middle third',
      'breast.place.hour': "{hour} o'clock",
      'breast.place.retroareolar': 'behind the nipple',
      'reading.finding.full': '{image} {number}',
      'findings.unnumbered': '{image} without a number',
      'reading.together': 'also {what}, {percent}',
      'reading.change.earlier': 'the earlier examination',
      'reading.change.new': 'new since {day}',
      'reading.change.stable': 'unchanged since {day}',
      'reading.change.grown.by': 'larger by {by} since {day}',
      'reading.change.smaller.by': 'smaller by {by} since {day}',
    },
    'en',
  ),
);

const FINDINGS = [{ probability: 0.8, probability_malignant: 0.75 }, { probability: 0.7, probability_malignant: 0.1 }];
const CC = imageWith({ id: 'c', view: 'LCC', findings: FINDINGS });
const MLO = imageWith({ id: 'm', view: 'LMLO', findings: FINDINGS });
const place = { across: 'outer', along: 'upper', clock: 2, depth: 'middle', retroareolar: false };
const mark = ({ jobId }, id, view) => ({ job_id: jobId, finding_id: id, view });
const PAIR = { marks: [mark(CC, 'f1', 'CC'), mark(MLO, 'f2', 'MLO')], probability_malignant: 0.75, same_lesion: 0.871, place, change: null };
const ALONE = { marks: [mark(CC, 'f2', 'CC')], probability_malignant: 0.1, same_lesion: null, place: null, change: null };
const state = { ...NOTHING_YET, images: [CC, MLO], case: { reviews: [] }, together: { breasts: [{ lesions: [PAIR, ALONE] }] } };

test('calcifications have a place, but no lesion', () => {
  const cluster = { mark: mark(MLO, 'f1', 'MLO'), place: { ...place, clock: null } };
  const known = { ...state, together: { breasts: [{ lesions: [PAIR, ALONE], calcifications: [cluster] }] } };
  assert.equal(lesionOf(known, targetOf(MLO, 0)), null);
  assert.equal(placeOf(known, targetOf(MLO, 0)), cluster.place);
  assert.equal(placeOf(known, targetOf(CC, 0)), place);
  assert.equal(placeOf(known, targetOf(CC, 1)), null);
});

test('a finding knows its lesion and its mark on the other view', () => {
  assert.equal(lesionOf(state, targetOf(CC, 0)), PAIR);
  assert.deepEqual(otherMarks(state, targetOf(CC, 0)), [targetOf(MLO, 1)]);
  assert.deepEqual(otherMarks(state, targetOf(MLO, 1)), [targetOf(CC, 0)]);
  assert.deepEqual(otherMarks(state, targetOf(CC, 1)), []);
  assert.deepEqual(otherMarks(state, null), []);
  assert.equal(lesionOf({ together: null }, targetOf(CC, 0)), null);
});

test('both marks of a lesion have its number, and what is no lesion the numbers after', () => {
  const numbers = (/** @type {object} */ of) => [CC, MLO].map((image) => image.result.findings.map((_, index) => numberOf({ ...state, ...of }, targetOf(image, index))));
  const other = { ...ALONE, marks: [mark(MLO, 'f1', 'MLO')], probability_malignant: 0.9 };
  assert.deepEqual(numbers({}), [[1, 2], [3, 1]], 'the most suspicious lesion first');
  assert.deepEqual(numbers({ together: { breasts: [{ lesions: [PAIR] }, { lesions: [other] }] } }), [[2, 3], [1, 2]], 'of both breasts');
  assert.deepEqual(numbers({ together: null }), [[1, 2], [1, 2]], 'each film by itself until the films were read together');
  assert.deepEqual(marksOf({ ...state, threshold: 0 }, MLO).map(({ tag }) => tag.short), ['3', '1']);
  assert.equal(nameOf(state, targetOf(MLO, 1)), `${MLO.name} 1`);
  assert.equal(nameOfMarks(state, [targetOf(CC, 0), targetOf(MLO, 1)]), `${CC.name} and ${MLO.name} 1`);
  assert.equal(nameOfMarks(state, [targetOf(CC, 0), targetOf(MLO, 0)]), `${CC.name} 1 and ${MLO.name} 3`, 'two lesions');
});

test('the marks of a lesion look like its row, unless they are spoken of apart', () => {
  const looks = (/** @type {object} */ of) => [CC, MLO].map((image) => marksOf({ ...state, threshold: 0, ...of }, image).map(({ state: said, tag }) => [said, tag.long]));
  const [suspected, clear] = [['malignancy_suspected', '1 · 75%'], ['no_sign_of_malignancy', '2 · 10%']];
  assert.deepEqual(looks({}), [[suspected, clear], [['malignancy_suspected', '3 · 75%'], suspected]]);
  const dismissed = { reviews: [{ job_id: MLO.jobId, finding_id: 'f2', verdict: 'dismissed', comment: '' }] };
  assert.deepEqual(looks({ case: dismissed })[1][1], ['no_sign_of_malignancy', '1 · 10%'], 'it has a row of its own');
  assert.deepEqual(looks({ together: null })[1][1], clear, 'before the films were read together');
});

test('what is shown has numbers without a gap: marked findings come before weak ones, and these by probability', () => {
  const films = ['a', 'b'].map((id) => imageWith({ id, findings: [0.9, 0.4, id === 'a' ? 0.2 : 0.3].map((probability) => ({ probability, probability_malignant: 0.1 })) }));
  const apart = { ...state, images: films, together: { breasts: [] } };
  assert.deepEqual(films.map((image) => [0, 1, 2].map((index) => numberOf(apart, targetOf(image, index)))), [[1, 3, 6], [2, 4, 5]]);
});

test('an earlier mark has the number of its lesion, on every film, and any other one has none', () => {
  const [before, older] = ['before', 'older'].map((id) => ({ ...imageWith({ id, view: 'LMLO', prior: true, findings: FINDINGS }) }));
  const grown = { ...ALONE, earlier_marks: [mark(before, 'f1', 'MLO'), mark(older, 'f2', 'MLO')], change: { change: 'grown', prior: mark(older, 'f2', 'MLO') } };
  const earlier = { ...state, images: [CC, before, older], together: { breasts: [{ lesions: [PAIR, grown] }] } };
  assert.deepEqual([before, older].map((image) => [0, 1].map((index) => numberOf(earlier, targetOf(image, index)))), [[2, null], [null, 2]]);
  assert.deepEqual(marksOf({ ...earlier, threshold: 0 }, before).map(({ tag }) => [tag.short, tag.long]), [['2', '2 · 75%'], ['10%', '10%']]);
  assert.equal(nameOf(earlier, targetOf(before, 1)), `${before.name} without a number`);
  const [apart] = marksOf({ ...earlier, together: null, threshold: 0 }, before);
  assert.equal(apart.tag.short, '75%', 'before the films were read together, a number would be that of another finding');
});

test('what is open is listed by lesion, as in the panel', () => {
  const [cc, other, mlo] = [targetOf(CC, 0), targetOf(CC, 1), targetOf(MLO, 1)];
  const listed = (/** @type {object} */ more, targets = [other, mlo, cc]) => byLesion({ ...state, ...more }, targets).map((marks) => nameOfMarks({ ...state, ...more }, marks));
  assert.deepEqual(listed({}), [`${CC.name} and ${MLO.name} 1`, `${CC.name} 2`]);
  assert.deepEqual(listed({}, [mlo]), [`${MLO.name} 1`], 'its other mark is not open');
  assert.deepEqual(listed({ together: null }), [`${CC.name} 1`, `${CC.name} 2`, `${MLO.name} 2`], 'film by film until the films were read together');
});

test('choosing a mark selects the other one as well', () => {
  const chosen = { ...state, chosen: targetOf(CC, 0) };
  assert.deepEqual(marksOf(chosen, MLO).map(({ selected }) => selected), [false, true]);
  assert.deepEqual(marksOf(chosen, CC).map(({ selected }) => selected), [true, false]);
});

test('words name the other mark, the place and the change', () => {
  assert.equal(otherWords(state, targetOf(CC, 0)), `also ${MLO.name}, 87%`);
  assert.equal(otherWords(state, targetOf(CC, 1)), '');
  assert.deepEqual(lesionPlace(place), ["2 o'clock", 'middle third']);
  assert.deepEqual(lesionPlace({ ...place, clock: null }), ['upper', 'outer', 'middle third']);
  assert.deepEqual(lesionPlace({ ...place, retroareolar: true }), ['behind the nipple']);
  const since = (change) => changeWords({ ...ALONE, change: { growth: null, growth_mm: null, prior: null, ...change } });
  assert.equal(since({ change: 'new' }), 'new since the earlier examination');
  assert.equal(since({ change: 'not_comparable' }), '');
  assert.equal(since({ change: 'grown', growth: 0.4, growth_mm: 7.96 }), 'larger by 8 mm since the earlier examination');
  assert.equal(since({ change: 'grown', growth_mm: 7.9, before_mm: 10.4, now_mm: 18.5 }), 'larger by 9 mm since the earlier examination', 'of the sizes that are shown');
  assert.equal(since({ change: 'smaller', growth: -0.25 }), 'smaller by 25% since the earlier examination');
  assert.equal(since({ change: 'stable', growth: 0.05 }), 'unchanged since the earlier examination');
  const earlier = { ...imageWith({ id: 'old', view: 'LCC', prior: true }) };
  earlier.entry = { ...earlier.entry, examination: '2022-11-21' };
  const grown = { ...ALONE, change: { change: 'grown', growth: 0.4, growth_mm: 8.7, prior: null, earlier: earlier.jobId } };
  assert.equal(changeWords(grown, [CC, earlier]), 'larger by 9 mm since 21 Nov 2022');
  assert.equal(changeWords(grown, [CC]), 'larger by 9 mm since the earlier examination', 'of another case');
  const [kept, fresh] = ['stable', 'new'].map((change) => ({ change: { ...grown.change, change } }));
  assert.equal(changeWords(kept, [CC, earlier]), 'unchanged since 21 Nov 2022');
  assert.equal(changeWords(fresh, [CC, earlier]), 'new since 21 Nov 2022');
});

test('that a lesion is new or has grown is said whatever its sizes show', () => {
  const worse = ['new', 'grown', 'stable', 'smaller', 'not_comparable'].map((change) => isWorse({ ...ALONE, change: { change, growth: null, growth_mm: null, prior: null } }));
  assert.deepEqual(worse, [true, true, false, false, false]);
  assert.equal(isWorse({ ...ALONE, change: null }), false);
});

test('a lesion that both views show is one row, until its marks are spoken of apart', () => {
  const rows = (reviews = []) => shownTargets({ ...state, threshold: 0, case: { reviews } }).flatMap(({ imageId, index }) => (index === null ? [] : [`${imageId}${index}`]));
  const said = (image, finding_id, verdict, comment = '') => ({ job_id: image.jobId, finding_id, verdict, comment });
  assert.deepEqual(rows(), ['c0', 'm0', 'c1'], 'the more suspicious mark stands for both');
  assert.deepEqual(rows([said(CC, 'f1', 'confirmed'), said(MLO, 'f2', 'confirmed')]), ['c0', 'm0', 'c1']);
  assert.deepEqual(rows([said(CC, 'f1', 'confirmed'), said(MLO, 'f2', 'dismissed')]), ['c0', 'm0', 'm1', 'c1']);
  assert.deepEqual(rows([said(MLO, 'f2', null, 'Skin fold.')]), ['c0', 'm0', 'm1', 'c1']);
  assert.equal(toReview(state).length, 3);
});

test('a mark without a verdict stands for itself where the other mark has one', () => {
  const judged = withVerdict(state, [targetOf(CC, 0)], 'dismissed');
  assert.deepEqual(toReview(judged).map(({ imageId, index }) => `${imageId}${index}`), ['c0', 'm0', 'm1', 'c1']);
  assert.equal(toReview(withVerdict(judged, [targetOf(MLO, 1)], 'dismissed')).length, 3);
});

test('a verdict holds for both marks of a lesion only where both are drawn on films that hang', () => {
  const drawn = { ...CC, source: {} };
  const shown = { ...state, images: [drawn, { ...MLO, source: {} }], activeId: 'c', layout: 'hang', overlays: { boxes: true, outlines: true } };
  const head = targetOf(CC, 0);
  assert.deepEqual(coupledTo(shown, head), [targetOf(MLO, 1)]);
  assert.deepEqual(coupledTo({ ...shown, layout: 'one' }, head), [], 'the other film does not hang');
  assert.deepEqual(coupledTo({ ...shown, threshold: 0.75 }, head), [], 'the threshold hides the other mark');
  assert.deepEqual(coupledTo({ ...shown, peek: 'marks' }, head), []);
  assert.deepEqual(coupledTo({ ...shown, overlays: { boxes: false, outlines: false } }, head), []);
  assert.deepEqual(coupledTo({ ...shown, images: [drawn, MLO] }, head), [], 'the other film is not there yet');
  assert.deepEqual(coupledTo(withVerdict(shown, [head], 'confirmed'), head), [], 'they are spoken of apart');
});

test('a lesion on a repeated film is one row and has one verdict with its other marks', () => {
  const again = { ...imageWith({ id: 'r', view: 'LCC', findings: FINDINGS }), name: 'LCC 2', source: {} };
  const lesion = { ...PAIR, marks: [PAIR.marks[0], mark(again, 'f1', 'CC'), PAIR.marks[1]] };
  const images = [{ ...CC, source: {} }, again, { ...MLO, source: {} }];
  const shown = { ...state, images, activeId: 'c', overlays: { boxes: true, outlines: true }, together: { breasts: [{ lesions: [lesion] }] } };
  const [cc, repeated, mlo] = [targetOf(CC, 0), targetOf(again, 0), targetOf(MLO, 1)];
  assert.deepEqual(otherMarks(shown, cc), [mlo, repeated], 'that on the other view first');
  assert.deepEqual(marksOfRow(shown, mlo), [cc, repeated, mlo]);
  assert.equal(heads(shown, [cc, repeated, mlo]).length, 1);
  assert.equal(otherWords(shown, mlo), `also ${CC.name} and LCC 2, 87%`);
  assert.equal(otherWords({ ...shown, together: { breasts: [{ lesions: [{ ...lesion, marks: lesion.marks.slice(0, 2), same_lesion: null }] }] } }, cc), '');
  assert.deepEqual(marksOf({ ...shown, chosen: mlo }, again).map(({ selected }) => selected), [true, false]);
});
