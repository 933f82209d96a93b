import assert from 'node:assert/strict';
import { test } from 'node:test';

import { around, breastBox } from '#web/viewer/breast.js';

const [WIDTH, HEIGHT] = [600, 800];

/** A film with a half ellipse at its left edge, as a breast lies on it, and whatever else is drawn. */
function film(draw = () => null, type = Uint8Array) {
  const samples = new type(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) {
      const inside = (x / 300) ** 2 + ((y - 400) / 250) ** 2 < 1;
      samples[y * WIDTH + x] = draw(x, y) ?? (inside ? 120 : 0);
    }
  return { samples, width: WIDTH, height: HEIGHT };
}

/** Whether a box holds the ellipse, and how much of the film it leaves. */
const holdsBreast = ({ x, y, width, height }) => x <= 0 && y <= 150 && x + width >= 300 && y + height >= 650;
const share = ({ width, height }) => (width * height) / (WIDTH * HEIGHT);

test('the breast is found with a margin, and most of the background left out', () => {
  for (const type of [Uint8Array, Uint16Array]) {
    const box = breastBox(film(undefined, type));
    assert.ok(holdsBreast(box));
    assert.ok(share(box) < 0.42, `${share(box)}`);
  }
});

test('a label in the background does not count, skin that is hardly bright does', () => {
  const label = (x, y) => (x > 500 && y < 60 ? 255 : null);
  assert.ok(breastBox(film(label)).width < 360);
  const skin = (x, y) => ((x / 330) ** 2 + ((y - 400) / 280) ** 2 < 1 && (x / 300) ** 2 + ((y - 400) / 250) ** 2 >= 1 ? 6 : null);
  assert.ok(breastBox(film(skin)).width >= 330);
});

test('noise in the background is no tissue', () => {
  const noise = (x, y) => ((x / 300) ** 2 + ((y - 400) / 250) ** 2 < 1 ? null : (x * 7 + y * 13) % 3);
  assert.ok(share(breastBox(film(noise))) < 0.42);
});

test('where the background is not dark, or there is no breast, the whole film is shown', () => {
  assert.equal(breastBox(film(() => 90)), null);
  assert.equal(breastBox(film((x, y) => (x < 60 && y < 60 ? 255 : 0))), null);
  assert.equal(breastBox(film((x) => (x < 590 ? 100 : 0))), null);
});

test('two boxes lie in one', () => {
  assert.deepEqual(around({ x: 5, y: 5, width: 10, height: 10 }, { x: 0, y: 8, width: 10, height: 20 }), { x: 0, y: 5, width: 15, height: 23 });
});
