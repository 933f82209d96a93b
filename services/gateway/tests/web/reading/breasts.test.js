import assert from 'node:assert/strict';
import { test } from 'node:test';

import { translator, useWords } from '#web/core/words.js';
import { breastContradictions } from '#web/reading/breast-contradictions.js';
import { askedAnew } from '#web/reading/case-feed.js';
import { NOTHING_YET } from '#web/reading/state.js';
import { asksForWhole, examined, sentBreasts, unstated } from '#web/reading/stated.js';
import { imageWith } from '../world.js';

useWords(translator({ 'reading.new_film': 'new: {what}' }, 'en'));

const high = { probability: 0.9, probability_malignant: 0.8 };
const low = { probability: 0.9, probability_malignant: 0.1 };
const RIGHT = imageWith({ id: 'r', view: 'RCC', assessment: 'malignancy_suspected', probability_malignant: 0.9, findings: [high, low] });
const LEFT = imageWith({ id: 'l', view: 'LMLO', assessment: 'no_sign_of_malignancy', probability_malignant: 0.1 });
const FIELD = imageWith({ id: 'f', film: false });
const FULL = { bi_rads: 2, density: 'b', recommendation: 'routine_screening' };
const [confirmed, dismissed] = ['confirmed', 'dismissed'];

const state = (images, breasts = {}) => ({ ...NOTHING_YET, images, breasts: { ...NOTHING_YET.breasts, ...breasts } });

test('each breast with a film of the current examination is asked for', () => {
  assert.deepEqual(examined(state([RIGHT, LEFT])), ['R', 'L']);
  assert.deepEqual(examined(state([{ ...LEFT, prior: true }, RIGHT])), ['R']);
  assert.deepEqual([asksForWhole(state([RIGHT, LEFT])), asksForWhole(state([RIGHT, FIELD])), asksForWhole(state([FIELD]))], [false, true, true]);
});

test('what is not stated is named, and nothing is sent before each breast has a category', () => {
  const half = state([RIGHT, LEFT], { R: FULL, L: { density: 'c' } });
  assert.deepEqual([unstated(half), sentBreasts(half)], [['L'], null]);
  assert.deepEqual(sentBreasts(state([RIGHT, LEFT], { R: FULL, L: FULL })), { right: FULL, left: FULL });
  assert.deepEqual(sentBreasts(state([RIGHT], { R: FULL, L: FULL })), { right: FULL, left: null }, 'of the other breast nothing was asked');
  assert.equal(sentBreasts(state([FIELD], { R: FULL })), null);
});

const CASES = [
  // what is stated of the right breast, verdicts on its findings: codes and findings
  [{ bi_rads: 1 }, {}, []],
  [{ bi_rads: 1 }, { 1: confirmed }, [['clear', [1]]]],
  [{ bi_rads: 2 }, { 1: confirmed }, []],
  [{ bi_rads: 2 }, { 0: confirmed }, [['clear', [0]]]],
  [{ bi_rads: 3 }, { 0: confirmed }, []],
  [{ bi_rads: 4 }, { 0: dismissed, 1: dismissed }, [['suspicious', [0, 1]]]],
  [{ bi_rads: 5 }, { 0: confirmed, 1: dismissed }, []],
  [{ bi_rads: 6 }, { 0: dismissed, 1: dismissed }, []],
  [{ bi_rads: 4, recommendation: 'routine_screening' }, {}, [['recommendation', []]]],
  [{ bi_rads: 0, recommendation: 'routine_screening' }, {}, [['recommendation', []]]],
  [{ bi_rads: 1, recommendation: 'biopsy' }, { 0: confirmed }, [['clear', [0]], ['recommendation', []]]],
  [{ bi_rads: 4, recommendation: 'biopsy' }, {}, []],
  [{ bi_rads: 5, recommendation: 'short_follow_up' }, {}, [['recommendation', []]]],
  [{ bi_rads: 0, recommendation: 'treatment' }, {}, [['recommendation', []]]],
  [{ bi_rads: 3, recommendation: 'routine_screening' }, {}, [['recommendation', []]]],
  [{ recommendation: 'biopsy' }, { 0: confirmed }, []],
];
for (const [stated, verdicts, said] of CASES)
  test(`${JSON.stringify(stated)} with ${JSON.stringify(verdicts)}: ${said.map(([code]) => code).join() || 'no contradiction'}`, () => {
    const verdictOf = ({ jobId, index }) => (jobId === RIGHT.jobId ? verdicts[index] ?? null : null);
    const found = breastContradictions({ R: stated, L: {} }, [RIGHT, LEFT], verdictOf);
    assert.deepEqual(found.map(({ code, targets }) => [code, targets.map(({ index }) => index)]), said);
    assert.deepEqual(breastContradictions({ R: {}, L: stated }, [RIGHT], verdictOf).filter(({ code }) => code !== 'recommendation'), []);
  });

test('a confirmed finding does not speak against category 2 in a breast that is clear as a whole', () => {
  const [finding, film] = [0, null].map((which) => ({ index }) => (index === which ? confirmed : null));
  const said = (verdictOf, cleared) => breastContradictions({ R: { bi_rads: 2 }, L: {} }, [RIGHT], verdictOf, [], cleared).map(({ code }) => code);
  assert.deepEqual([said(finding, []), said(finding, ['L'])], [['clear'], ['clear']]);
  assert.deepEqual(said(finding, ['R']), [], 'the system suggested category 2 itself');
  assert.deepEqual(said(film, ['R']), ['clear'], 'the reader finds the film suspicious');
});

test('what the reader drew speaks against category 1, and supports categories 4 and 5', () => {
  const drawn = [{ id: 'a', number: 1, kind: 'mass', image_id: 'r' }];
  const said = (side, category, own = drawn, verdictOf = () => null) =>
    breastContradictions({ R: {}, L: {}, [side]: { bi_rads: category } }, [RIGHT, LEFT], verdictOf, own).map((found) => [found.code, found.drawn.length]);
  assert.deepEqual(said('R', 1), [['drawn', 1]]);
  assert.deepEqual([said('L', 1), said('R', 2), said('R', 3)], [[], [], []], 'another breast; a cyst is drawn, too');
  assert.deepEqual([said('R', 4, [], () => dismissed), said('R', 4, drawn, () => dismissed)], [[['suspicious', 0]], []]);
});

test('a breast is stated again when one of its films comes later', () => {
  const before = { ...state([RIGHT, LEFT], { R: FULL, L: FULL }), case: {} };
  const late = imageWith({ id: 'late', view: 'RMLO' });
  const asked = askedAnew(before, [RIGHT, LEFT, late]);
  assert.deepEqual([asked.breasts.R.bi_rads, asked.breasts.R.density, asked.breasts.L], [undefined, 'b', FULL]);
  assert.equal(asked.line.bad, true);
  assert.deepEqual(askedAnew(before, [RIGHT, LEFT]), {});
  assert.deepEqual(askedAnew(before, [RIGHT, LEFT, { ...late, prior: true }, FIELD]), {});
  const moved = { ...LEFT, entry: { ...LEFT.entry, laterality: 'R' } };
  const both = askedAnew(before, [RIGHT, moved]).breasts;
  assert.deepEqual([both.R.bi_rads, both.L.bi_rads], [undefined, undefined], 'a film was taken for the other breast');
  const again = { ...LEFT, jobId: 'job-again' };
  assert.deepEqual(askedAnew(before, [RIGHT, again]).breasts.L.bi_rads, undefined, 'and analysed anew');
  const suspected = { ...LEFT, entry: { ...LEFT.entry, job: { assessment: 'malignancy_suspected' } } };
  assert.deepEqual(askedAnew(before, [RIGHT, suspected]).breasts.L.bi_rads, undefined, 'and suspected since');
  assert.deepEqual(askedAnew({ ...before, images: [RIGHT, suspected] }, [RIGHT, LEFT]), {});
  assert.deepEqual(askedAnew({ ...before, case: null }, [RIGHT, LEFT, late]), {}, 'all films are new at first');
});
