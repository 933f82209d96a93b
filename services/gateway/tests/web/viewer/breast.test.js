import assert from 'node:assert/strict';
import { test } from 'node:test';

import { breastOf, findBreast } from '#web/viewer/breast.js';
import { around } from '#web/viewer/geometry.js';

const [WIDTH, HEIGHT] = [600, 800];
const breastBox = (film) => findBreast(film)?.box ?? null;

/** A film with a half ellipse at its left edge, as a breast lies on it, and whatever else is drawn. */
function film(draw = () => null, type = Uint8Array) {
  const samples = new type(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) {
      const out = (x / 300) ** 2 + ((y - 400) / 250) ** 2;
      samples[y * WIDTH + x] = draw(x, y) ?? (out < 1 ? 160 - 100 * out : 0);
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
  const label = (x, y) => (x > 530 && y < 60 ? 255 : null);
  assert.ok(breastBox(film(label)).width < 360);
  const skin = (x, y) => ((x / 330) ** 2 + ((y - 400) / 280) ** 2 < 1 && (x / 300) ** 2 + ((y - 400) / 250) ** 2 >= 1 ? 6 : null);
  assert.ok(breastBox(film(skin)).width >= 330);
});

test('a white frame is no tissue, and bright tissue at the chest wall is no frame', () => {
  const frame = (x, y) => (x < 25 || x >= 575 || y < 30 || y >= 780 ? 250 : null);
  for (const type of [Uint8Array, Uint16Array]) {
    const { x, y, width, height } = breastBox(film(frame, type));
    assert.ok(x <= 30 && y <= 150 && x + width >= 300 && y + height >= 650 && x + width < 360 && y > 60, JSON.stringify({ x, y, width, height }));
  }
  const dense = (x, y) => ((x / 300) ** 2 + ((y - 400) / 250) ** 2 < 1 ? 255 - 0.7 * x : null);
  assert.ok(holdsBreast(breastBox(film(dense))));
});

test('lines along the edges and a label beside the breast do not join it', () => {
  const lines = (x, y) => (x >= 594 || y < 8 || y >= 792 ? 180 : x > 480 && x < 560 && y > 60 && y < 200 ? 230 : null);
  const box = breastBox(film(lines));
  assert.ok(holdsBreast(box) && box.width < 360 && box.y > 60, JSON.stringify(box));
});

test('noise in the background is no tissue', () => {
  const noise = (x, y) => ((x / 300) ** 2 + ((y - 400) / 250) ** 2 < 1 ? null : (x * 7 + y * 13) % 3);
  assert.ok(share(breastBox(film(noise))) < 0.42);
});

test('skin and fat that are nearly black are tissue, as far as the skin', () => {
  const out = (x, y) => (x / 300) ** 2 + ((y - 400) / 250) ** 2;
  assert.ok(holdsBreast(breastBox(film((x, y) => (out(x, y) < 1 && out(x, y) > 0.8 ? 4 : null)))), 'a faint rim');
  const core = (x, y) => (x ** 2 + (y - 400) ** 2 < 150 ** 2 ? 3000 + x * 5 : out(x, y) < 1 ? 150 + x / 10 : 0);
  assert.ok(holdsBreast(breastBox(film(core, Uint16Array))), 'fat that a window from 500 would show black');
});

test('a part of the tissue that black fat cuts off is kept', () => {
  const axilla = (x, y) => (x < 200 && y < 120 ? 60 + x / 4 : null);
  const box = breastBox(film(axilla));
  assert.ok(holdsBreast(box) && box.y === 0, JSON.stringify(box));
});

test('a film on which tissue is darker than the background is not cropped', () => {
  for (const [breast, background] of [[120, 200], [20, 200], [0, 255], [0, 120]])
    for (const edge of [150, 300, 450])
      assert.equal(breastBox(film((x, y) => (x < edge + 20 * Math.sin(y / 250) ? breast : background))), null, `${breast} ${edge}`);
});

test('the box is told in pixels of the image', () => {
  const [box, { breast: twice }] = [breastBox(film()), breastOf(film(), { width: 2 * WIDTH })];
  assert.deepEqual(twice, { x: 2 * box.x, y: 2 * box.y, width: 2 * box.width, height: 2 * box.height });
});

test('where the background is not dark, or there is no breast, the whole film is shown', () => {
  assert.equal(breastBox(film(() => 90)), null);
  assert.equal(breastBox(film((x, y) => (x < 60 && y < 60 ? 255 : 0))), null);
  assert.equal(breastBox(film((x) => (x < 590 ? 100 : 0))), null);
});

test('two boxes lie in one', () => {
  assert.deepEqual(around({ x: 5, y: 5, width: 10, height: 10 }, { x: 0, y: 8, width: 10, height: 20 }), { x: 0, y: 5, width: 15, height: 23 });
});

test('the tip of the breast is told by its outline and the side of the chest wall', () => {
  const { tip } = breastOf(film(), { width: WIDTH }, 'L');
  assert.ok(Math.abs(tip.x - 300) <= 4 && Math.abs(tip.y - 400) <= 10, JSON.stringify(tip));
  assert.equal(breastOf(film(), { width: WIDTH }, 'R').tip.x, 0);
  assert.equal(breastOf(film(), { width: WIDTH }, null).tip, null);
});
