import assert from 'node:assert/strict';
import test from 'node:test';

import { unpacked } from '#web/viewer/overview.js';

test('the head says what follows', () => {
  const head = new TextEncoder().encode(`${JSON.stringify({ facts: { bits: 12 }, width: 3, height: 2 })} `);
  const even = head.length % 2 ? head.slice(0, -1) : head;
  const samples = Uint16Array.of(0, 1, 256, 4095, 65535, 7);
  const buffer = new Uint8Array(4 + even.length + 12);
  new DataView(buffer.buffer).setUint32(0, even.length, true);
  buffer.set(even, 4);
  buffer.set(new Uint8Array(samples.buffer), 4 + even.length);
  const read = unpacked(buffer.buffer);
  assert.deepEqual([read.facts.bits, read.width, read.height, ...read.samples], [12, 3, 2, ...samples]);
});
