import assert from 'node:assert/strict';
import { test } from 'node:test';

import { translator, useWords } from '#web/core/words.js';
import { adopted, withDraft } from '#web/reading/drafts.js';
import { drafted, hiding, marksOf, shownTargets, toReview, unreviewed } from '#web/reading/findings.js';
import { stepped } from '#web/reading/navigation.js';
import { NOTHING_YET } from '#web/reading/state.js';
import { keyOf, targetOf } from '#web/reading/targets.js';
import { imageWith } from '../world.js';

useWords(translator({}, 'en'));

const FINDINGS = [{ probability: 0.8, probability_malignant: 0.75 }, { probability: 0.3, probability_malignant: 0.1 }];
const FILM = imageWith({ view: 'RCC', findings: FINDINGS });

const state = (more = {}, reviews = []) => ({ ...NOTHING_YET, images: [FILM], case: { reviews }, ...more });
const review = (id, verdict) => ({ job_id: FILM.jobId, finding_id: id, verdict });
const places = (targets) => targets.map(({ index }) => index);

test('what the threshold of the model hides is counted, and shown where the reader lowers it', () => {
  assert.deepEqual(places(shownTargets(state())), [0, null]);
  assert.deepEqual(hiding(state()), { count: 1, limit: 0.5, films: true });
  assert.deepEqual(places(shownTargets(state({ threshold: 0 }))), [0, 1, null]);
});

test('a mark is faded where it is dismissed, and selected where it is chosen', () => {
  const [mark] = marksOf(state({ chosen: targetOf(FILM, 0) }, [review('f1', 'dismissed')]), FILM);
  assert.deepEqual([mark.selected, mark.faded, mark.lit, mark.state, mark.tag.long], [true, true, false, 'malignancy_suspected', '1 · 75%']);
});

test('what the report marks needs a verdict, whatever is shown; earlier examinations do not', () => {
  assert.deepEqual(places(unreviewed(state({ threshold: 1 }))), [0]);
  assert.deepEqual(unreviewed(state({}, [review('f1', 'confirmed')])), []);
  assert.deepEqual(unreviewed(state({ images: [{ ...FILM, prior: true }] })), []);
});

test('a field waits for a verdict as a whole, after the findings; a film has its findings for that', () => {
  const field = { ...imageWith({ id: 'field', view: null, findings: [] }), film: false };
  const images = [field, FILM];
  assert.deepEqual(toReview(state({ images })), [targetOf(FILM, 0), targetOf(field)]);
  assert.deepEqual(unreviewed(state({ images }, [review('f1', 'confirmed')])), [targetOf(field)]);
  const judged = { job_id: field.jobId, finding_id: 'image', verdict: 'dismissed' };
  assert.deepEqual(unreviewed(state({ images }, [review('f1', 'confirmed'), judged])), []);
  assert.deepEqual(toReview(state({ images: [{ ...field, result: null }] })), []);
});

test('a comment is unsaved until it is what is saved', () => {
  const key = keyOf(targetOf(FILM, 1));
  const drafts = withDraft({}, key, 'A cyst.', '');
  assert.deepEqual(places(drafted(state({ drafts }))), [1]);
  assert.deepEqual(withDraft(drafts, key, 'A cyst.', 'A cyst.'), {});
});

test('what was typed of an analysis that another replaced goes to its image, and goes with the image', () => {
  const again = { ...FILM, jobId: 'job-2', formerJobs: [FILM.jobId] };
  const drafts = { [keyOf(targetOf(FILM, 0))]: 'A cyst.', [keyOf(targetOf(again))]: 'Dense.', 'job-other 0': 'kept', 'job-removed 0': 'dropped' };
  assert.deepEqual(adopted(drafts, [again, imageWith({ id: 'other' })]), { 'job-other 0': 'kept', [keyOf(targetOf(again))]: 'Dense.\nA cyst.' });
});

test('stepping begins at the image that is read, and goes round', () => {
  assert.equal(stepped(4, { chosen: -1, here: 2 }, 1), 2);
  assert.equal(stepped(4, { chosen: -1, here: -1 }, 1), 0);
  assert.equal(stepped(4, { chosen: -1, here: -1 }, -1), 3);
  assert.equal(stepped(4, { chosen: 3, here: 2 }, 1), 0);
  assert.equal(stepped(4, { chosen: 0, here: 0 }, -1), 3);
});
