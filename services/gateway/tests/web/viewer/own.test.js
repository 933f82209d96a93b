import assert from 'node:assert/strict';
import test from 'node:test';

import { drawn, stored } from '#web/viewer/drawn.js';
import { hung, letterOf, ownMarksOf } from '#web/viewer/own.js';
import { turnResult } from '#web/viewer/hung.js';

const film = (hanging) => ({ id: 'i', result: { image: { width: 40, height: 30, hanging } } });

test('letters go on after Z', () => {
  assert.deepEqual([1, 26, 27, 52, 53, 702, 703].map(letterOf), ['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA']);
});

test('what is drawn on a film that hangs turned lies where its file has it, and back', () => {
  for (const rotation of [0, 90, 180, 270])
    for (const mirrored of [false, true]) {
      const image = film({ rotation, mirrored });
      const outline = drawn('outline', [{ x: 3, y: 4 }, { x: 13, y: 4 }, { x: 8, y: 20 }], image.result.image);
      assert.deepEqual(hung(stored(outline, image), image), outline, `${rotation} ${mirrored}`);
    }
  const turned = film({ rotation: 90, mirrored: false }); // the file's picture is 30 wide and 40 high
  const box = drawn('box', [{ x: 10, y: 5 }, { x: 20, y: 25 }], turned.result.image);
  assert.deepEqual(stored(box, turned).box, { x: 5, y: 20, width: 20, height: 10 });
});

test('what is drawn on a film whose pixels are not square lies where its file has it, and back', () => {
  for (const hanging of [null, { rotation: 90, mirrored: true }]) {
    const { image } = turnResult({ image: { width: 71, height: 37, hanging, pixel_spacing_mm: [0.15, 0.225] }, findings: [], breast: null });
    const viewed = { id: 'i', result: { image } };
    const box = drawn('box', [{ x: -5, y: -5 }, { x: 500, y: 500 }], image);
    assert.deepEqual(stored(box, viewed).box, { x: 0, y: 0, width: 71, height: 37 }, 'no more than the file has');
    const outline = drawn('outline', [{ x: 3, y: 4 }, { x: 13, y: 4 }, { x: 8, y: 20 }], image);
    const again = hung(stored(outline, viewed), viewed);
    for (const [at, point] of outline.outline.entries()) for (const axis of [0, 1]) assert.ok(Math.abs(again.outline[at][axis] - point[axis]) < 1e-9);
  }
});

test('a hand that leaves the film draws to its edge, and a click draws nothing', () => {
  const image = film(null);
  assert.deepEqual(drawn('box', [{ x: 50, y: 40 }, { x: 30, y: 10 }], image.result.image)?.box, { x: 30, y: 10, width: 10, height: 20 });
  assert.equal(drawn('ellipse', [{ x: 5, y: 5 }, { x: 5, y: 5 }], image.result.image), null);
  const long = Array.from({ length: 5000 }, (_, at) => ({ x: 20 + 10 * Math.cos(at / 800), y: 15 + 10 * Math.sin(at / 800) }));
  assert.ok((drawn('outline', long, image.result.image)?.outline ?? []).length <= 400);
});

test('only what is drawn on an image is shown on it', () => {
  const finding = { id: 'a', image_id: 'i', number: 2, shape: 'box', box: { x: 1, y: 2, width: 3, height: 4 }, outline: null };
  const marks = ownMarksOf([finding, { ...finding, id: 'b', image_id: 'other' }], film(null), 'a');
  assert.deepEqual(marks.map(({ letter, selected }) => [letter, selected]), [['B', true]]);
});
