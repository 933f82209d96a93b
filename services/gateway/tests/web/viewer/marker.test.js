import assert from 'node:assert/strict';
import { test } from 'node:test';

import { markerOf } from '#web/viewer/marker.js';

const [WIDTH, HEIGHT] = [180, 256];
const BREAST = { x: 0.5, y: 0.1, width: 0.5, height: 0.8 };

/** A right breast at the right edge. @param {[number, number, number, number][]} more Lit boxes: left, top, width, height. */
function film(more, { frame = 0 } = {}) {
  const samples = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) {
      const breast = ((x - WIDTH) / 90) ** 2 + ((y - HEIGHT / 2) / 100) ** 2 < 1;
      const edge = Math.min(x, y, WIDTH - 1 - x, HEIGHT - 1 - y) < frame;
      const lit = more.some(([left, top, width, height]) => x >= left && x < left + width && y >= top && y < top + height);
      samples[y * WIDTH + x] = edge || lit ? 250 : breast ? 120 : 3;
    }
  return { samples, width: WIDTH, height: HEIGHT };
}

/** @type {[number, number, number, number][]} */
const LETTERS = [[20, 30, 4, 8], [27, 30, 4, 8], [34, 30, 4, 8]];
const pixels = (box) => box && [box.x * WIDTH, box.y * HEIGHT, box.width * WIDTH, box.height * HEIGHT].map(Math.round);

test('letters in the air beside the breast are the marker, together', () => {
  assert.deepEqual(pixels(markerOf(film(LETTERS), BREAST)), [20, 30, 18, 8]);
  assert.deepEqual(pixels(markerOf(film(LETTERS), null)), [20, 30, 18, 8], 'where the breast is not known, too');
});

test('a finer film has it at the same place', () => {
  const coarse = film(LETTERS);
  const fine = { samples: new Uint8Array(4 * WIDTH * HEIGHT), width: 2 * WIDTH, height: 2 * HEIGHT };
  for (let at = 0; at < fine.samples.length; at += 1) fine.samples[at] = coarse.samples[(Math.floor(at / (4 * WIDTH))) * WIDTH + (Math.floor(at / 2) % WIDTH)];
  assert.deepEqual(pixels(markerOf(fine, BREAST)), [20, 30, 18, 8]);
});

test('neither frame, dust, round corners of the film nor the breast is a marker', () => {
  assert.equal(markerOf(film([], { frame: 3 }), BREAST), null);
  assert.equal(markerOf(film([[40, 60, 2, 2]]), BREAST), null, 'dust');
  assert.equal(markerOf(film([[4, 4, 9, 9]]), BREAST), null, 'a corner');
  assert.equal(markerOf(film([[120, 20, 12, 5]]), BREAST), null, 'on the side of the chest wall');
});
