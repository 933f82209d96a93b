import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createStore } from '#web/core/store.js';
import { translator, useWords } from '#web/core/words.js';
import { createAbout } from '#web/reading/about.js';
import { createEdit } from '#web/reading/edit.js';
import { NOTHING_YET } from '#web/reading/state.js';

import { createApi, createDialog } from '../page.js';
import { imageWith } from '../world.js';

const SAID = ['reading.losses.nothing', 'errors.unknown', 'errors.case_changed'];
useWords(translator(Object.fromEntries(SAID.map((key) => [key, key])), 'en'));

const NOTHING_LOST = { images: 0, analyses: 0, reviews: 0, drawn_findings: 0, reports: 0, dicom_objects: 0, refused: null };

/** A dialog, the case that it is about, and the requests that wait for an answer. */
function opened(create) {
  const [dialog, api] = [createDialog(), createApi()];
  const store = createStore({ ...NOTHING_YET, etag: 'old', case: { id: 'c', pseudonym: 'P-1', reviews: [] } });
  const refresh = async () => store.update({ etag: 'new' });
  const made = create(dialog, store, { maySupersede: async () => true, refresh, onRenamed() {}, onDeleted() {}, onChanged: async () => {} });
  return { api, dialog, ...made, part: (name) => dialog.querySelector(`[data-role="${name}"]`) };
}

test('what a case loses is asked for again where the case changed after the question', async () => {
  const { api, open, part } = opened(createAbout);
  open();
  part('remove').click();
  await api.shift().answer(200, NOTHING_LOST);
  assert.equal(part('confirm').hidden, false);
  part('sure').click();
  await api.shift().answer(412, { code: 'case_changed' });
  assert.deepEqual([part('confirm').hidden, part('remove').disabled], [true, false]);
});

test('an answer about another image than the one that the dialog is open for asks nothing', async () => {
  const { api, dialog, open, part } = opened(createEdit);
  const image = (id) => ({ ...imageWith({ id }), entry: { file_name: `${id}.dcm`, conflicts: [], removable: true } });
  open(image('a'));
  part('remove').click();
  dialog.close();
  open(image('b'));
  await api.shift().answer(200, NOTHING_LOST);
  assert.equal(part('confirm').hidden, true);
  part('remove').click();
  await api.shift().answer(200, NOTHING_LOST);
  assert.equal(part('confirm').hidden, false, 'its own does');
});
