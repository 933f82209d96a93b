import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';

import { imagesIn } from '#web/upload/sources.js';
import { allIsWell } from '#web/upload/opening.js';
import { newEntry } from '#web/upload/state.js';
import { ArchiveError, filesOf } from '#web/upload/zip.js';

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...new Array(200).fill(7)]);
const OPTIONS = { folder: true, maxBytes: 1000 };

/** A ZIP archive of [name, content, deflated]. */
function zip(files) {
  const [locals, central] = [[], []];
  let at = 0;
  for (const [name, content, deflated, said = content.length] of files) {
    const body = deflated ? deflateRawSync(content) : content;
    const fields = (buffer, from) => {
      buffer.writeUInt16LE(deflated ? 8 : 0, from);
      buffer.writeUInt32LE(body.length, from + 10);
      buffer.writeUInt32LE(said, from + 14);
      buffer.writeUInt16LE(Buffer.byteLength(name), from + 18);
      return buffer;
    };
    const local = fields(Buffer.alloc(30), 8);
    local.writeUInt32LE(0x04034b50, 0);
    const entry = fields(Buffer.alloc(46), 10);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt32LE(at, 42);
    locals.push(local, Buffer.from(name), body);
    central.push(entry, Buffer.from(name));
    at += 30 + Buffer.byteLength(name) + body.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return new File([...locals, directory, end], 'study.zip');
}

test('an archive gives its files, stored or deflated, and no folders', async () => {
  const found = await filesOf(zip([['a/', Buffer.alloc(0), false], ['a/RCC.png', PNG, true], ['LCC.png', PNG, false]]));
  assert.deepEqual(found.map(({ name }) => name), ['a/RCC.png', 'LCC.png']);
  for (const { read } of found) assert.deepEqual(Buffer.from(await (await read()).arrayBuffer()), PNG);
  assert.equal((await found[0].read()).name, 'RCC.png');
});

test('of an archive only images count, and no file unpacks to more than it says', async () => {
  const archive = zip([['RCC.png', PNG, true], ['viewer.exe', Buffer.from('MZ…'), true], ['DICOMDIR', Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]), false], ['big.png', Buffer.concat([PNG, Buffer.alloc(2000)]), true]]);
  const { files, left, damaged } = await imagesIn([archive], OPTIONS);
  assert.deepEqual([files.map(({ name }) => name), left, damaged], [['RCC.png'], ['viewer.exe', 'big.png'], []]);
  const bomb = zip([['RCC.png', Buffer.concat([PNG, Buffer.alloc(5000)]), true, 300]]);
  assert.deepEqual((await imagesIn([bomb], OPTIONS)).damaged, ['study.zip']);
});

test('what is no archive is said to be damaged', async () => {
  const broken = new File([Buffer.from([0x50, 0x4b, 3, 4, ...new Array(300).fill(0)])], 'broken.zip');
  await assert.rejects(filesOf(broken), ArchiveError);
  assert.deepEqual((await imagesIn([broken], OPTIONS)).damaged, ['broken.zip']);
});

test('an archive whose directory names more than it holds is damaged', async () => {
  const bytes = new Uint8Array(await zip([['RCC.png', PNG, false]]).arrayBuffer());
  bytes.fill(0xff, bytes.length - 22 - 'RCC.png'.length - 18, bytes.length - 22 - 'RCC.png'.length - 16); // length of the name
  assert.deepEqual((await imagesIn([new File([bytes], 'study.zip')], OPTIONS)).damaged, ['study.zip']);
});

test('of a folder only images count; a file that somebody chose is always looked at', async () => {
  const files = [new File([PNG], 'RCC.png'), new File(['text'], 'readme.txt'), new File([Buffer.alloc(128), 'DICM'], 'DICOMDIR')];
  assert.deepEqual((await imagesIn(files, OPTIONS)).left, ['readme.txt']);
  assert.equal((await imagesIn(files, { ...OPTIONS, folder: false })).files.length, 3);
});

test('a file that cannot be read keeps no other from being looked at, and the page says so', async () => {
  const gone = { name: 'gone.png', size: 9, slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException('', 'NotReadableError')) }) };
  for (const folder of [true, false])
    assert.deepEqual((await imagesIn([gone, new File([PNG], 'RCC.png')], { ...OPTIONS, folder })).files.map(({ name }) => name), ['gone.png', 'RCC.png']);
});

test('the case opens by itself only where nothing wants to be seen', () => {
  const entry = { ...newEntry({ name: 'a.png' }), stage: 'done' };
  const state = { entries: [entry], started: true, caseId: 'c' };
  assert.equal(allIsWell(state), true);
  for (const change of [{ stage: 'failed' }, { stage: 'following' }, { conflicts: { words: 'x' } }, { alsoIn: { words: 'x' } }])
    assert.equal(allIsWell({ ...state, entries: [entry, { ...entry, ...change }] }), false);
  assert.equal(allIsWell({ ...state, entries: [entry, { ...entry, stage: 'refused' }] }), true);
  assert.equal(allIsWell({ ...state, entries: [] }), false);
});
