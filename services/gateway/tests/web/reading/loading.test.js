import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { createStore } from '#web/core/store.js';
import { createLoader } from '#web/reading/loading.js';
import { NOTHING_YET } from '#web/reading/state.js';
import { imageWith } from '../world.js';

const turns = async () => {
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
};

test('what did not arrive is asked for again after a while, not at every change of the page', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let asked = 0;
  globalThis.fetch = async () => {
    asked += 1;
    throw new TypeError('network');
  };
  const film = { ...imageWith({ id: 'r', view: 'RCC' }), source: { grey: true, coarse: true } };
  const store = createStore({ ...NOTHING_YET, overlays: {}, cropped: true, images: [film], activeId: 'r', layout: 'one', tool: 'magnify' });
  const loader = createLoader(store);
  await turns();
  const first = asked;
  assert.ok(first >= 1, 'the magnifier wants all samples');
  for (let change = 0; change < 20; change += 1) {
    store.update(({ images }) => ({ images: [...images] }));
    await loader.refine(film);
    await turns();
  }
  assert.equal(asked, first);
  mock.timers.tick(5000);
  await loader.refine(film);
  await turns();
  assert.ok(asked > first);
  mock.timers.reset();
});
