import assert from 'node:assert/strict';
import { test } from 'node:test';

import { depthOf } from '#web/reading/place.js';

const film = ({ laterality = 'L', view = 'CC', notices = [] } = {}) => ({
  film: true,
  entry: { laterality, view },
  result: { notices, breast: { box: { x: 0, y: 0, width: 300, height: 600 } } },
});
const at = (x) => ({ box: { x: x - 5, y: 100, width: 10, height: 10 } });

test('the depth is measured from the chest wall of the side', () => {
  assert.deepEqual([50, 150, 250].map((x) => depthOf(film(), at(x))), ['posterior', 'middle', 'anterior']);
  assert.equal(depthOf(film({ laterality: 'R' }), at(50)), 'anterior');
});

test('nothing is told where side, view or orientation is not sure', () => {
  for (const code of ['hung_by_chest_wall', 'chest_wall_against_laterality', 'orientation_unknown', 'laterality_conflict'])
    assert.equal(depthOf(film({ notices: [{ code }] }), at(50)), null);
  for (const said of [{ laterality: null }, { view: 'ML' }]) assert.equal(depthOf(film(said), at(50)), null);
  assert.equal(depthOf({ ...film(), result: { notices: [] } }, at(50)), null);
});
