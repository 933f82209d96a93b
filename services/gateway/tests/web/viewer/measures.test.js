import assert from 'node:assert/strict';
import { test } from 'node:test';

import { equalized, sharpened } from '#web/viewer/enhance.js';
import { lengthsOf } from '#web/viewer/image.js';
import { samePlace } from '#web/viewer/linking.js';
import { sizesOf } from '#web/viewer/measures.js';
import { smoothed } from '#web/viewer/overlay.js';
import { lengthFor } from '#web/viewer/scale.js';
import { placeTags } from '#web/viewer/tags.js';
import { turnBack, turnPoint, turnedOnce } from '#web/viewer/turn.js';

const points = (...pairs) => pairs.map(([x, y]) => ({ x, y }));

test('measures are told in mm where a row and a column have theirs, else in pixels', () => {
  const line = { kind: 'ruler', points: points([0, 0], [30, 40]) };
  assert.deepEqual(sizesOf(line, null), [50]);
  assert.ok(Math.abs(sizesOf(line, [0.1, 0.2])[0] - Math.hypot(4, 6)) < 1e-9);
  const [width, height, area] = sizesOf({ kind: 'ellipse', points: points([10, 10], [0, 30]) }, [0.5, 0.5]);
  assert.deepEqual([width, height], [5, 10]);
  assert.ok(Math.abs(area - (Math.PI / 4) * 50) < 1e-9);
  const angle = (...pairs) => sizesOf({ kind: 'angle', points: points(...pairs) }, null)[0];
  assert.ok(Math.abs(angle([10, 0], [0, 0], [0, 10]) - 90) < 1e-9);
  assert.ok(Math.abs(angle([-10, 1], [0, 0], [-10, -1]) - 2 * (Math.atan(0.1) * 180) / Math.PI) < 1e-9, 'never the long way round');
});

test('a field is measured in micrometres that somebody states, about in those of its magnification, and in no estimated ones', () => {
  const field = (tissue, um_per_pixel = null) => ({ film: false, result: { tissue, image: { um_per_pixel } } });
  const read = (scale_source) => field({ um_per_pixel: 0.5, scale_source });
  const scale = { spacing: [0.5, 0.5], unit: 'um' };
  for (const source of ['given', 'file']) assert.deepEqual(lengthsOf(read(source)), scale);
  assert.deepEqual(lengthsOf(field(null, 0.5)), scale, 'a field that is too small for the tissue network');
  assert.deepEqual(lengthsOf(read('magnification')), { ...scale, unit: 'nominal' });
  for (const image of [null, read('estimated'), field(null)]) assert.deepEqual(lengthsOf(image), { spacing: null, unit: 'pixels' });
  const film = { film: true, result: { tissue: null, image: { pixel_spacing_mm: [0.1, 0.2], spacing_plane: 'patient' } } };
  assert.deepEqual(lengthsOf(film), { spacing: [0.1, 0.2], unit: 'mm' });
});

test('a point goes back from every turn', () => {
  const size = { width: 30, height: 20 };
  for (const rotation of [0, 90, 180, 270])
    for (const mirrored of [false, true])
      assert.deepEqual(turnBack(turnPoint([3, 7], size, { rotation, mirrored }), size, { rotation, mirrored }), [3, 7]);
});

test('four quarters are none, two mirrors are none, and a quarter turns what is seen clockwise', () => {
  const steps = (...names) => names.reduce(turnedOnce, { rotation: 0, mirrored: false });
  assert.deepEqual(steps('rotate', 'rotate', 'rotate', 'rotate'), { rotation: 0, mirrored: false });
  assert.deepEqual(steps('flip', 'flip'), { rotation: 0, mirrored: false });
  const [size, mirrored] = [{ width: 30, height: 20 }, steps('flip')];
  const [x, y] = turnPoint([3, 7], size, mirrored);
  assert.deepEqual(turnPoint([3, 7], size, steps('flip', 'rotate')), turnPoint([x, y], size, steps('rotate')));
});

test('the same place of two breasts is as far from both nipples, in mm where these are known', () => {
  const right = { origin: { x: 100, y: 500 }, inward: 1, spacing: 0.1, extent: 800 };
  const left = { origin: { x: 400, y: 250 }, inward: -1, spacing: 0.2, extent: 600 };
  assert.deepEqual(samePlace({ x: 300, y: 540 }, right, left), { x: 300, y: 270 });
  assert.deepEqual(samePlace({ x: 300, y: 580 }, { ...right, spacing: null }, left), { x: 250, y: 310 });
});

test('tags stand apart, inside the pane, and have a line back where they stand far off', () => {
  const pane = { width: 200, height: 150 };
  const crowd = Array.from({ length: 12 }, (_, index) => ({ box: { x: 150 + index, y: 2 + index, width: 40, height: 30 }, width: 46, height: 20, first: index === 5 }));
  const placed = placeTags(crowd, pane);
  assert.equal(placed[0].box, crowd[5].box, 'what is chosen has the choice');
  assert.ok(placed.length >= 7, `${placed.length}`);
  for (const { left, top, width, height } of placed) assert.ok(left >= 0 && top >= 0 && left + width <= 200 && top + height <= 150);
  for (const [index, a] of placed.entries())
    for (const b of placed.slice(index + 1))
      assert.ok(a.left >= b.left + b.width || b.left >= a.left + a.width || a.top >= b.top + b.height || b.top >= a.top + a.height);
  assert.ok(placed.some(({ lead }) => lead) && !placed[0].lead);
  assert.deepEqual(placeTags([{ box: { x: 300, y: 0, width: 10, height: 10 }, width: 20, height: 20 }], pane), [], 'out of sight');
});

test('an outline loses the steps of its pixels and nothing of its size', () => {
  const circle = Array.from({ length: 600 }, (_, at) => [100 + Math.round(80 * Math.cos(at / 600 * 2 * Math.PI)), 100 + Math.round(80 * Math.sin(at / 600 * 2 * Math.PI))]);
  const radii = smoothed(circle).map(([x, y]) => Math.hypot(x - 100, y - 100));
  assert.ok(Math.min(...radii) > 79.2 && Math.max(...radii) < 80.5, `${Math.min(...radii)} ${Math.max(...radii)}`);
});

test('a scale bar has a round length', () => {
  assert.deepEqual([10, 5, 100].map(lengthFor), [10, 20, 1]);
});

test('local contrast makes faint stripes stand out, and leaves the background and what is white', () => {
  const [width, height] = [256, 256];
  const stripe = (x) => (x % 16 < 8 ? 2000 : 2040);
  const samples = Uint16Array.from({ length: width * height }, (_, at) => (at % width < 40 ? 0 : at % width > 240 ? 4000 : stripe(at % width) + ((at * 7) % 31)));
  const out = equalized({ samples, width, height }, { low: 0, high: 4000 });
  const means = [0, 8].map((from) => [...out].filter((_, at) => at % width >= 80 && at % width < 208 && at % 16 >= from && at % 16 < from + 8).reduce((sum, value, _, { length }) => sum + value / length, 0));
  assert.equal(out[100 * width + 10], 0);
  assert.equal(out[100 * width + 250], 4000);
  assert.ok(means[1] - means[0] > 60, `${means}`);
});

test('an edge is enhanced on both of its sides, and nothing else', () => {
  const [width, height] = [80, 40];
  const samples = Uint16Array.from({ length: width * height }, (_, at) => (at % width < 40 ? 1000 : 2000));
  const row = [...sharpened({ samples, width, height }).slice(20 * width, 21 * width)];
  assert.ok(row[39] < 1000 && row[40] > 2000);
  assert.deepEqual([row[5], row[75]], [1000, 2000]);
});
