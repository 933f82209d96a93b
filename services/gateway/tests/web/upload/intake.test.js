import assert from 'node:assert/strict';
import { test } from 'node:test';

import { useModalities } from '#web/core/modalities.js';
import { translator, useWords } from '#web/core/words.js';
import { formatOf } from '#web/upload/checks.js';
import { guess } from '#web/upload/guess.js';
import { currentFilms } from '#web/upload/hanging.js';
import { worthAnother } from '#web/upload/sending.js';
import { newEntry, saidOf } from '#web/upload/state.js';
import { viewsNote } from '#web/upload/views.js';

import { PACKAGED } from '../modalities.js';
const SENTENCES = { 'newcase.views.missing': 'missing {views}', 'newcase.views.twice': 'twice {view}', 'newcase.views.complete': 'complete' };
useWords(translator(SENTENCES, 'en'));
useModalities(PACKAGED);

const film = (laterality, view) => ({ ...newEntry({ name: 'a.png' }), stage: 'chosen', options: { modality: 'mammography', laterality, view, study_date: '', um_per_pixel: '', magnification: '' } });

test('a name tells view, side and magnification', () => {
  const cases = [
    ['P_1_RIGHT_MLO.png', 'PNG', 'mammography', 'MLO', 'R', ''],
    ['case7-LCC.dcm', 'DICOM', 'mammography', 'CC', 'L', ''],
    ['mdb001.pgm', null, 'mammography', 'MLO', '', ''],
    ['SOB_B_A-14-1-200-001.png', 'PNG', 'histopathology', '', '', '200X'],
    ['scan', 'DICOM', 'mammography', '', '', ''],
    ['picture.png', 'PNG', 'histopathology', '', '', ''],
  ];
  for (const [name, format, modality, view, laterality, magnification] of cases)
    assert.deepEqual(guess(name, format), { modality, view, laterality, magnification }, name);
});

test('a pattern of file names that is none does not keep files from being guessed', () => {
  const look = { colours: null, windowed: false, file_names: '(?i)sono[' };
  useModalities([{ ...PACKAGED[0], name: 'sonography', look }, ...PACKAGED]);
  assert.equal(guess('case7-LCC.png', 'PNG').modality, 'mammography');
  assert.equal(guess('sono.png', 'PNG').modality, 'histopathology');
  useModalities(PACKAGED);
});

test('what the file says goes before its name, and nothing known does not hide what the name tells', () => {
  assert.equal(guess('x_RCC.dcm', 'DICOM', { view: 'MLO', laterality: null }).view, 'MLO');
  assert.equal(guess('x_RCC.dcm', 'DICOM', { view: null, laterality: null }).laterality, 'R');
});

test('only what a kind has, and what is known, is sent', () => {
  const { options } = film('R', '');
  assert.deepEqual(saidOf(options), { modality: 'mammography', laterality: 'R' });
  const field = { ...options, modality: 'histopathology', um_per_pixel: '0.25', magnification: '40X' };
  assert.deepEqual(saidOf(field), { modality: 'histopathology', um_per_pixel: '0.25', magnification: '40X' });
  assert.deepEqual(saidOf({ ...field, modality: 'mammography' }), { modality: 'mammography', laterality: 'R' });
});

test('the page says which of the four views are missing, or there twice', () => {
  const words = (...entries) => viewsNote({ entries, started: false }).words;
  assert.equal(words(film('R', 'CC'), film('L', 'MLO')), 'missing LCC and RMLO');
  assert.equal(words(film('R', 'CC'), film('R', 'CC')), 'twice RCC');
  assert.equal(words(film('R', 'CC'), film('L', 'CC'), film('R', 'MLO'), film('L', 'MLO')), 'complete');
  assert.equal(words(), '');
});

test('earlier films are no views of the current examination', () => {
  const on = (entry, day) => ({ ...entry, options: { ...entry.options, study_date: day } });
  const prior = on(film('R', 'CC'), '2024-10-01');
  const words = (...entries) => viewsNote({ entries, started: false }).words;
  assert.equal(words(prior, on(film('R', 'CC'), '2026-11-20')), 'missing LCC, RMLO and LMLO');
  assert.equal(words(prior, on(film('L', 'CC'), '2026-11-20')), 'missing RCC, RMLO and LMLO');
  assert.equal(words(on(film('R', 'CC'), '2026-11-20'), film('R', 'CC')), 'twice RCC', 'without a date it belongs to the current one');
  assert.deepEqual(currentFilms([prior, on(film('L', 'CC'), '2026-11-20')]).map(({ options }) => options.laterality), ['L']);
});

test('a kind is told by the first bytes', () => {
  assert.equal(formatOf(new Uint8Array([0xff, 0xd8, 0xff, 0xe0])), 'JPEG');
  assert.equal(formatOf(new Uint8Array([...new Array(128).fill(0), 0x44, 0x49, 0x43, 0x4d])), 'DICOM');
  for (const start of [[0x02, 0, 0, 0, 0x55, 0x4c], [0x08, 0, 0x05, 0], [0x08, 0, 0x08, 0], [0x08, 0, 0x16, 0]])
    assert.equal(formatOf(new Uint8Array([...start, ...new Array(128).fill(0)])), 'DICOM', 'a film without a preamble');
  assert.equal(formatOf(new Uint8Array(132)), null);
});

test('an upload is tried again for ever without a network, and a few times where the server fails', () => {
  assert.equal(worthAnother({ code: 'offline', status: 0 }, 100), true);
  assert.deepEqual([5, 6].map((tries) => worthAnother({ code: 'unknown', status: 503 }, tries)), [true, false]);
  assert.equal(worthAnother({ code: 'storage_full', status: 507 }, 1), false);
  assert.equal(worthAnother({ code: 'not_mammogram', status: 422 }, 1), false);
});
