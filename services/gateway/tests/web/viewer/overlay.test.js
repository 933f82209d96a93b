import assert from 'node:assert/strict';
import test from 'node:test';

import { drawOverlay } from '#web/viewer/overlay.js';

/** What is drawn for a finding of a kind: the corners of its lines, and the words beside it. */
function drawn(label) {
  const [corners, words] = [[], []];
  globalThis.Path2D = class {
    rect() { corners.push('rect'); }
    lineTo(x, y) { corners.push([x, y]); }
    closePath() {}
  };
  const context = new Proxy({ measureText: () => ({ width: 9 }), fillText: (text) => words.push(text) }, { get: (known, name) => known[name] ?? (() => {}), set: () => true });
  const finding = { label, box: { x: 10, y: 20, width: 40, height: 20 }, outline: null };
  const mark = { finding, index: 0, state: 'not_sure', tag: { short: '1', long: '1 · 40%' }, selected: false, faded: false, lit: false };
  const laid = { imageSize: { width: 100, height: 100 }, turn: { rotation: 0, mirrored: false }, transform: { scale: 1, x: 0, y: 0 }, size: { width: 100, height: 100 } };
  const overlays = { boxes: true, outlines: true, heat: false, tags: true, opacity: 1 };
  drawOverlay(context, laid, { heat: null, marks: [mark], own: [], band: null, overlays, regions: [] });
  return { corners, words };
}

test('calcifications have another shape than masses of the same suspicion, and a sign', () => {
  assert.deepEqual(drawn('malignant'), { corners: ['rect'], words: ['1'] });
  const { corners, words } = drawn('calcification');
  assert.deepEqual(words, ['∴ 1']);
  assert.equal(corners.length, 8);
  assert.ok(!corners.some(([x, y]) => [10, 50].includes(x) && [20, 40].includes(y)), 'no corner of the box');
});
