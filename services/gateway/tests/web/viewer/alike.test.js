import assert from 'node:assert/strict';
import { test } from 'node:test';

import { alikeOf, pixelRatio } from '#web/viewer/alike.js';
import { imageWith } from '../world.js';

/** @param {number} height @param {number | null} spacing */
const film = (height, spacing = null, plane = null) => imageWith({ view: 'RCC', image: { width: 100, height, pixel_spacing_mm: spacing && [spacing, spacing], spacing_plane: plane } });

test('films with spacing share one scale in mm, if the mm are of one plane', () => {
  const [coarse, fine, detector, without] = [film(900, 0.2, 'patient'), film(4000, 0.05, 'patient'), film(4000, 0.05, 'detector'), film(4000)];
  assert.deepEqual(alikeOf(coarse, [coarse, fine, detector, without]), [coarse, fine]);
  assert.equal(pixelRatio(coarse, fine), 4);
});

test('films without spacing share one scale per pixel, unless one is of another resolution', () => {
  const [small, large, half] = [film(1900), film(2500), film(950)];
  assert.deepEqual(alikeOf(small, [small, null, large, half]), [small, large]);
  assert.deepEqual(alikeOf(half, [small, large, half]), [half]);
  assert.equal(pixelRatio(small, large), 1);
});

test('what a film is alike to is alike to it, however many lie between', () => {
  const films = [film(1000), film(1300), film(1700)];
  for (const one of films) assert.deepEqual(alikeOf(one, films), films);
});

test('a field, and a film of which nothing is known yet, have no scale in common with others', () => {
  const field = imageWith({ film: false, image: { width: 100, height: 100, pixel_spacing_mm: null } });
  assert.deepEqual(alikeOf(field, [field, film(100)]), []);
  const unknown = { ...imageWith({ result: null }), size: null };
  assert.deepEqual(alikeOf(unknown, [unknown, film(100)]), []);
  assert.deepEqual(alikeOf(null, [film(100)]), []);
  const refused = { ...film(100), entry: { ...film(100).entry, state: 'failed' } };
  assert.deepEqual(alikeOf(refused, [refused, film(100)]), []);
});
