import assert from 'node:assert/strict';
import { test } from 'node:test';

import { halved, tableOf } from '#web/viewer/samples.js';
import { adjusted, fromPercent, toPercent } from '#web/viewer/window.js';

const SOURCE = { first: { low: 1000, high: 3000 }, range: 65536 };
const FIRST = { ...SOURCE.first, inverted: false };

test('more contrast narrows the window about its middle, brighter moves it down', () => {
  assert.deepEqual(adjusted(FIRST, SOURCE, 0.5, 0), { low: 1500, high: 2500, inverted: false });
  assert.deepEqual(adjusted(FIRST, SOURCE, 0, 0.25), { low: 500, high: 2500, inverted: false });
});

test('sliders and windows are the same thing', () => {
  assert.deepEqual(toPercent(SOURCE.first, FIRST), { contrast: 100, brightness: 100 });
  for (const percent of [{ contrast: 200, brightness: 120 }, { contrast: 50, brightness: 80 }])
    assert.deepEqual(toPercent(SOURCE.first, fromPercent(SOURCE.first, percent, false)), percent);
});

test('samples below the window are black and above it white, or the other way round', () => {
  const grey = (window) => [...tableOf(window, 256)].map((pixel) => pixel & 0xff);
  const table = grey({ low: 50, high: 150, inverted: false });
  assert.deepEqual([table[0], table[50], table[90], table[150], table[255]], [0, 0, 102, 255, 255]);
  assert.deepEqual(grey({ low: 50, high: 150, inverted: true }), table.map((value) => 255 - value));
});

test('a coarser copy holds means of four', () => {
  const level = { samples: new Uint16Array([0, 2, 10, 20, 4, 6, 30, 40]), width: 4, height: 2 };
  assert.deepEqual(halved(level), { samples: new Uint16Array([3, 25]), width: 2, height: 1 });
});
