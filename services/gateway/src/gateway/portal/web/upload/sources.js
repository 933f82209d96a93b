// Collects files that are chosen or dropped, from folders, ZIP archives and media with a DICOMDIR.

import { formatOf, headOf } from './checks.js';
import { ArchiveError, filesOf, isZip } from './zip.js';

const MOST = 500;
const DIRECTORY = 'DICOMDIR';
const READABLE = ['PNG', 'JPEG', 'TIFF', 'DICOM'];

/** @typedef {{files: File[], left: string[], damaged: string[]}} Found `left`: names of files that hold no image. */
/** @typedef {{files: File[], unread: string[]}} Walked `unread`: names of files and folders that the browser may not read. */

/**
 * The files that a drop brings, those of folders included. To be called while the event is handled.
 * @param {DataTransfer} transfer
 * @returns {Promise<Walked & {folder: boolean}>}
 */
export async function filesOfDrop({ items, files }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
  if (!entries.some((entry) => entry.isDirectory)) return { files: [...files], unread: [], folder: false };
  /** @type {Walked} */
  const found = { files: [], unread: [] };
  for (const entry of entries) await walk(entry, found);
  return { ...found, folder: true };
}

/** @param {FileSystemEntry} entry @param {Walked} found */
async function walk(entry, found) {
  if (found.files.length >= MOST) return;
  try {
    await collect(entry, found);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    found.unread.push(entry.name);
  }
}

/** @param {FileSystemEntry} entry @param {Walked} found @throws {DOMException} */
async function collect(entry, found) {
  if (entry.isFile) {
    found.files.push(await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject)));
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const read = () => /** @type {Promise<FileSystemEntry[]>} */ (new Promise((resolve, reject) => reader.readEntries(resolve, reject)));
  for (let some = await read(); some.length; some = await read()) for (const each of some) await walk(each, found);
}

/**
 * The files to inspect: archives are opened, and only images are taken from a folder or an archive. A DICOMDIR
 * only lists the files that lie beside it. A file that cannot be read is one to inspect, so that the page says so.
 * @param {File[]} files
 * @param {{folder: boolean, maxBytes: number}} options `folder`: nobody chose these files one by one.
 * @returns {Promise<Found>}
 */
export async function imagesIn(files, { folder, maxBytes }) {
  /** @type {Found} */
  const found = { files: [], left: [], damaged: [] };
  for (const file of files.slice(0, MOST)) {
    const head = await headOf(file);
    if (head && isZip(head)) await unpack(file, found, maxBytes);
    else if (!head || isImage(file, head) || !folder) found.files.push(file);
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
      const head = file && (await headOf(file));
      if (head && isImage(file, head)) found.files.push(file);
      else leave(found, name.split('/').at(-1) ?? name);
    }
  } catch (error) {
    if (!(error instanceof ArchiveError || error instanceof DOMException)) throw error;
    found.damaged.push(archive.name);
  }
}

/** @param {File} file @param {Uint8Array} head */
const isImage = ({ name }, head) => READABLE.includes(formatOf(head) ?? '') && name.toUpperCase() !== DIRECTORY;
