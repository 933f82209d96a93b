import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createStore } from '#web/core/store.js';
import { translator, useWords } from '#web/core/words.js';
import { createOwn } from '#web/reading/own.js';
import { NOTHING_YET } from '#web/reading/state.js';

const SAID = ['reading.own.name', 'reading.own.change', 'reading.own.changed'];
useWords(translator(Object.fromEntries(SAID.map((key) => [key, key])), 'en'));

const FINDING = { id: 'a', number: 1, image_id: 'i', kind: 'mass', shape: 'box', comment: '' };

/** What is sent for a finding whose case changed meanwhile into `there`; the server knows the ETag `new` alone. */
async function rename(/** @type {any} */ there) {
  const store = createStore({ ...NOTHING_YET, etag: 'old', case: /** @type {any} */ ({ id: 'c', reader_findings: [FINDING] }) });
  /** @type {string[]} */
  const [sent, failures] = [[], []];
  globalThis.fetch = /** @type {any} */ (
    async (/** @type {string} */ _target, /** @type {any} */ { headers }) => {
      sent.push(headers['If-Match']);
      const changed = headers['If-Match'] !== 'new';
      return new Response(JSON.stringify(changed ? { code: 'case_changed', detail: '-' } : FINDING), { status: changed ? 412 : 200 });
    }
  );
  const refresh = async () => store.update({ etag: 'new', case: /** @type {any} */ ({ id: 'c', reader_findings: [there] }) });
  const status = /** @type {any} */ ({ tell() {}, failed: (/** @type {null} */ _target, /** @type {any} */ { code }) => failures.push(code) });
  const own = createOwn(store, { feed: { refresh, wake() {} }, status, maySupersede: async () => true });
  const kept = await own.rename(/** @type {any} */ (FINDING), { kind: 'other', comment: '' });
  return { sent, kept, failures };
}

test('a change is sent again where only something else of the case changed', async () => {
  assert.deepEqual(await rename(FINDING), { sent: ['old', 'new'], kept: true, failures: [] });
});

test('a finding that somebody else changed meanwhile is not overwritten', async () => {
  assert.deepEqual(await rename({ ...FINDING, kind: 'distortion' }), { sent: ['old'], kept: false, failures: ['case_changed'] });
});
