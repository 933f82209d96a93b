import assert from 'node:assert/strict';
import { test } from 'node:test';

import { translator, useWords } from '#web/core/words.js';
import { sizeInShort, sizeOn, sizeWords } from '#web/reading/sizes.js';
import { unitOf } from '#web/viewer/image.js';

useWords(translator({
  'findings.millimetres': '{width} x {height} mm',
  'reading.finding.size.detector': '{width} x {height} mm (detector)',
  'reading.finding.size.unknown': '{width} x {height} mm (plane unknown)',
  'reading.finding.size.um': '{width} x {height} um',
  'reading.finding.size.nominal': 'about {width} x {height} um',
  'reading.finding.size.pixels': '{width} x {height} pixels',
}, 'en'));

const finding = { box: { x: 0, y: 0, width: 105, height: 80 } };
const image = (plane, spacing = [0.1, 0.1]) => ({ pixel_spacing_mm: spacing, spacing_plane: plane });

test('a size claims to be that in the breast only where the file says so', () => {
  assert.deepEqual(['patient', 'detector', null].map((plane) => sizeInShort(image(plane), finding)), ['11 mm', '≈ 11 mm', '≈ 11 mm']);
  assert.deepEqual(['patient', 'detector', null].map((plane) => sizeWords(image(plane), finding)), ['11 x 8 mm', '11 x 8 mm (detector)', '11 x 8 mm (plane unknown)']);
  assert.equal(sizeInShort(image(null, null), finding), '105 px');
  assert.equal(sizeWords(image(null, null), finding), '105 x 80 pixels');
  assert.deepEqual(['patient', 'detector', null].map((plane) => unitOf({ film: true, result: { image: image(plane) } })), ['mm', 'detector', 'unknown']);
});

test('on a field a size is told in micrometres where its scale is known', () => {
  const field = (tissue) => ({ film: false, result: { tissue, image: {} } });
  const read = (scale_source) => field({ um_per_pixel: 0.5, scale_source });
  const sizes = ['given', 'magnification', 'estimated'].map((source) => sizeOn(read(source), finding));
  assert.deepEqual(sizes, ['53 x 40 um', 'about 53 x 40 um', '105 x 80 pixels']);
  assert.equal(sizeOn({ film: true, result: { image: image('patient') } }, finding), '11 x 8 mm');
});
