// Collects files that are chosen or dropped, from folders, ZIP archives and media with a DICOMDIR.

import { formatOf } from './checks.js';
import { ArchiveError, filesOf, isZip } from './zip.js';

const MOST = 500;
const HEAD = 132;
const DIRECTORY = 'DICOMDIR';
const READABLE = ['PNG', 'JPEG', 'TIFF', 'DICOM'];

/** @typedef {{files: File[], left: string[], damaged: string[]}} Found `left`: names of files that hold no image. */

/**
 * The files that a drop brings, those of folders included. To be called while the event is handled.
 * @param {DataTransfer} transfer
 * @returns {Promise<{files: File[], folder: boolean}>}
 */
export async function filesOfDrop({ items, files }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
  if (!entries.some((entry) => entry.isDirectory)) return { files: [...files], folder: false };
  /** @type {File[]} */
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return { files: found, folder: true };
}

/** @param {FileSystemEntry} entry @param {File[]} found */
async function walk(entry, found) {
  if (found.length >= MOST) return;
  if (entry.isFile) {
    found.push(await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject)));
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const read = () => /** @type {Promise<FileSystemEntry[]>} */ (new Promise((resolve, reject) => reader.readEntries(resolve, reject)));
  for (let some = await read(); some.length; some = await read()) for (const each of some) await walk(each, found);
}

/**
 * The files to inspect: archives are opened, and only images are taken from a folder or an archive. A DICOMDIR
 * only lists the files that lie beside it.
 * @param {File[]} files
 * @param {{folder: boolean, maxBytes: number}} options `folder`: nobody chose these files one by one.
 * @returns {Promise<Found>}
 */
export async function imagesIn(files, { folder, maxBytes }) {
  /** @type {Found} */
  const found = { files: [], left: [], damaged: [] };
  for (const file of files.slice(0, MOST)) {
    const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
    if (isZip(head)) await unpack(file, found, maxBytes);
    else if (isImage(file, head) || !folder) found.files.push(file);
    else leave(found, file.name);
  }
  found.left.push(...files.slice(MOST).map(({ name }) => name));
  return found;
}

/** A DICOMDIR only lists the others. @param {Found} found @param {string} name */
function leave(found, name) {
  if (name.toUpperCase() !== DIRECTORY) found.left.push(name);
}

/** @param {File} archive @param {Found} found @param {number} maxBytes */
async function unpack(archive, found, maxBytes) {
  try {
    for (const { name, size, read } of await filesOf(archive)) {
      const file = size <= maxBytes && found.files.length < MOST ? await read() : null;
      if (file && isImage(file, new Uint8Array(await file.slice(0, HEAD).arrayBuffer()))) found.files.push(file);
      else leave(found, name.split('/').at(-1) ?? name);
    }
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    found.damaged.push(archive.name);
  }
}

/** @param {File} file @param {Uint8Array} head */
const isImage = ({ name }, head) => READABLE.includes(formatOf(head) ?? '') && name.toUpperCase() !== DIRECTORY;
