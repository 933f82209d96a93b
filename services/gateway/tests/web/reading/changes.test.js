import assert from 'node:assert/strict';
import { test } from 'node:test';

import { changesOf } from '#web/reading/changes.js';

/** A film with findings at [x, y, side] in pixels. */
function film(findings, { prior = false, spacing = 0.1, tip = { x: 1000, y: 500 }, day = '2026-03-01', side = 'R' } = {}) {
  const found = findings.map(([x, y, size, probability = 0.5]) => ({ probability, box: { x: x - size / 2, y: y - size / 2, width: size, height: size / 2 } }));
  const image = { pixel_spacing_mm: spacing && [spacing, spacing], width: 2000, height: 1000 };
  return { film: true, prior, view: prior ? null : `${side}CC`, tip, entry: { laterality: side, view: 'CC', examination: day }, result: { image, thresholds: { finding: 0.2 }, findings: found } };
}

test('the nearest mark of the newest earlier film says how a finding has grown, in mm of each film', () => {
  const now = film([[500, 500, 200], [100, 100, 100, 0.1]]);
  const before = film([[1000, 875, 220], [900, 1250, 100]], { prior: true, spacing: 0.05, tip: { x: 2000, y: 750 }, day: '2024-03-01' });
  const older = film([[500, 500, 10]], { prior: true, day: '2022-03-01' });
  const [change, ...others] = changesOf([now, before, older]);
  assert.deepEqual(others, [], 'what is not marked is not followed');
  assert.deepEqual([change.now, Math.round(change.before), change.day], [20, 11, '2024-03-01']);
});

test('a place without a mark then is said, and what cannot be compared is left out', () => {
  assert.equal(changesOf([film([[500, 500, 200]]), film([[500, 900, 200]], { prior: true })])[0].before, null);
  for (const options of [{ spacing: null }, { tip: null }, { side: 'L' }]) assert.deepEqual(changesOf([film([[500, 500, 200]]), film([[500, 500, 200]], { prior: true, ...options })]), []);
  assert.deepEqual(changesOf([film([[500, 500, 200]])]), []);
});

test('a second mass near an old one has no mark then, and neither a weak mark nor another plane is compared with', () => {
  const old = [500, 500, 160];
  const both = changesOf([film([[620, 500, 160], old]), film([old], { prior: true })]);
  assert.deepEqual(both.map(({ before }) => before), [null, 16]);
  assert.equal(changesOf([film([old]), film([[500, 500, 160, 0.01]], { prior: true })])[0].before, null);
  const [now, before] = [film([old]), film([old], { prior: true })];
  now.result.image.spacing_plane = 'patient';
  assert.deepEqual(changesOf([now, before]), []);
});
