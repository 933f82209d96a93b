import assert from 'node:assert/strict';
import test from 'node:test';

import { bandOf } from '#web/viewer/band.js';

const film = (view, laterality, spacing, tip, plane = 'patient') => ({
  film: true,
  view: `${laterality}${view}`,
  entry: { laterality },
  result: { image: { width: 1000, height: 1000, pixel_spacing_mm: spacing && [spacing, spacing], spacing_plane: plane }, breast: tip && { tips: [[tip.x, tip.y], [laterality === 'R' ? 1000 : 0, 0]] } },
});
const box = { x: 390, y: 200, width: 20, height: 20 }; // its middle is 300 pixels from a nipple at 100

test('as far from the nipple in mm, ten to each side, towards the chest wall of either side', () => {
  const right = film('CC', 'R', 0.1, { x: 100, y: 500 });
  assert.deepEqual(bandOf(right, box, film('MLO', 'R', 0.05, { x: 50, y: 700 })), { x1: 450, x2: 850 });
  const left = film('CC', 'L', 0.1, { x: 700, y: 500 });
  assert.deepEqual(bandOf(left, box, film('MLO', 'L', 0.1, { x: 900, y: 700 })), { x1: 500, x2: 700 });
});

test('not on the same view, the other breast, or without nipple or spacing, or in another plane', () => {
  const here = film('CC', 'R', 0.1, { x: 100, y: 500 });
  for (const there of [here, film('MLO', 'L', 0.1, { x: 1, y: 1 }), film('MLO', 'R', null, { x: 1, y: 1 }), film('MLO', 'R', 0.1, null), film('MLO', 'R', 0.1, { x: 1, y: 1 }, null)])
    assert.equal(bandOf(here, box, there), null);
});
