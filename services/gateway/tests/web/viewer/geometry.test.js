import assert from 'node:assert/strict';
import { test } from 'node:test';

import { turnSamples } from '#web/viewer/decoding.js';
import { MOST_ZOOM, fit, frame, holds, pan, toImage, toPane, visible, zoom } from '#web/viewer/geometry.js';
import { turnPoint } from '#web/viewer/turn.js';

const IMAGE = { x: 0, y: 0, width: 200, height: 400 };
const PANE = { width: 300, height: 400 };

test('an image fits its pane, against the side where the chest wall is hung', () => {
  assert.deepEqual(fit(IMAGE, PANE, 'left'), { scale: 1, x: 0, y: 0 });
  assert.deepEqual(fit(IMAGE, PANE, 'right'), { scale: 1, x: 100, y: 0 });
  assert.deepEqual(fit(IMAGE, PANE), { scale: 1, x: 50, y: 0 });
});

test('a part of an image fits as well, at a given scale too', () => {
  const part = { x: 100, y: 100, width: 100, height: 200 };
  assert.deepEqual(fit(part, PANE, 'right'), { scale: 2, x: 300 - 2 * 200, y: -200 });
  assert.deepEqual(fit(part, PANE, 'left', 1), { scale: 1, x: -100, y: 0 });
});

test('what is under the pointer stays there while zooming', () => {
  const fitted = fit(IMAGE, PANE);
  const at = { x: 120, y: 77 };
  const zoomed = zoom(fitted, 3, at, fitted);
  assert.deepEqual(toImage(zoomed, at), toImage(fitted, at));
  assert.equal(zoom(fitted, 1e6, at, fitted).scale, MOST_ZOOM);
  assert.equal(zoom(fitted, 1e-6, at, fitted).scale, 0.25);
});

test('an image never leaves its pane', () => {
  const far = pan(fit(IMAGE, PANE), { x: -5000, y: 5000 }, IMAGE, PANE);
  assert.deepEqual(far, { scale: 1, x: 40 - 200, y: 400 - 40 });
});

test('a finding comes into the middle, and can be seen', () => {
  const box = { x: 20, y: 300, width: 40, height: 20 };
  const framed = frame(box, PANE, fit(IMAGE, PANE));
  const middle = toPane(framed, { x: 40, y: 310 });
  assert.ok(Math.abs(middle.x - 150) < 1e-9 && Math.abs(middle.y - 200) < 1e-9);
  assert.equal(frame(box, PANE, fit(IMAGE, PANE), 1.5).scale, 1.5, 'no larger than on another film');
  const { x1, y1, x2, y2 } = visible(framed, IMAGE, PANE);
  assert.ok(x1 <= 20 && y1 <= 300 && x2 >= 60 && y2 >= 320);
});

test('a point lies in a box from its first pixel to before its end', () => {
  const box = { x: 10, y: 10, width: 5, height: 5 };
  assert.deepEqual([10, 14.9, 15, 9.9].map((x) => holds(box, { x, y: 12 })), [true, true, false, false]);
});

test('samples are turned as their points are', () => {
  const size = { width: 3, height: 2 };
  const samples = new Uint16Array([0, 1, 2, 3, 4, 5]);
  for (const rotation of [0, 90, 180, 270])
    for (const mirrored of [false, true]) {
      const turned = turnSamples(samples, size, { rotation, mirrored });
      for (let at = 0; at < samples.length; at += 1) {
        const [x, y] = turnPoint([(at % 3) + 0.5, Math.floor(at / 3) + 0.5], size, { rotation, mirrored });
        assert.equal(turned.samples[Math.floor(y) * turned.width + Math.floor(x)], samples[at], `${rotation} ${mirrored}`);
      }
    }
});
