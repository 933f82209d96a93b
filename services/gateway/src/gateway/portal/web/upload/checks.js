// Checks a file before it is sent: its format by its first bytes, and its size.

import { bytes } from '../core/numbers.js';
import { t } from '../core/words.js';

/** @typedef {{maxBytes: number, maxPixels: number, minSide: number}} Limits */

/** @type {[string, number, number[]][]} */
const SIGNATURES = [
  ['PNG', 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['JPEG', 0, [0xff, 0xd8, 0xff]],
  ['TIFF', 0, [0x49, 0x49, 0x2a, 0x00]],
  ['TIFF', 0, [0x4d, 0x4d, 0x00, 0x2a]],
  ['TIFF', 0, [0x49, 0x49, 0x2b, 0x00]],
  ['TIFF', 0, [0x4d, 0x4d, 0x00, 0x2b]],
  ['DICOM', 128, [0x44, 0x49, 0x43, 0x4d]],
  ['DICOM', 0, [0x44, 0x49, 0x43, 0x4d]],
  ['DICOM', 0, [0x02, 0x00, 0x00, 0x00, 0x55, 0x4c]], // without a preamble: meta information, or the identifying group
  ['DICOM', 0, [0x08, 0x00, 0x00, 0x00]],
  ['DICOM', 0, [0x08, 0x00, 0x05, 0x00]],
  ['DICOM', 0, [0x08, 0x00, 0x08, 0x00]],
  ['DICOM', 0, [0x08, 0x00, 0x16, 0x00]],
  ['GIF', 0, [0x47, 0x49, 0x46, 0x38]],
  ['BMP', 0, [0x42, 0x4d]],
  ['WebP', 8, [0x57, 0x45, 0x42, 0x50]],
  ['PDF', 0, [0x25, 0x50, 0x44, 0x46]],
];
const ACCEPTED = ['PNG', 'JPEG', 'TIFF', 'DICOM'];
const EXTENSIONS = ['png', 'jpg', 'jpeg', 'tif', 'tiff', 'svs', 'dcm', 'dicom', 'dic'];
const PIECE = 4 * 1024 * 1024;

/**
 * Judge a file.
 * @param {File} file
 * @param {Limits} limits
 * @returns {Promise<{format: string | null, problem: string | null, bits: number, previewable: boolean}>}
 *     `previewable`: whether the browser can show it as well as the server would.
 */
export async function examine(file, limits) {
  const head = await headOf(file);
  if (!head) return { format: null, bits: 8, previewable: false, problem: t('checks.unreadable') };
  const format = formatOf(head);
  const bits = format === 'PNG' && head.length > 24 ? head[24] : 8;
  const previewable = format === 'JPEG' || (format === 'PNG' && bits <= 8);
  return { format, bits, previewable, problem: problemOf(file, head, format, limits) };
}

/** @param {Uint8Array} head The first bytes of a file. */
export function formatOf(head) {
  const found = SIGNATURES.find(([, at, signature]) => signature.every((byte, index) => head[at + index] === byte));
  return found ? found[0] : null;
}

/** @param {File} file @param {Uint8Array} head @param {string | null} format @param {Limits} limits */
function problemOf(file, head, format, limits) {
  if (file.size === 0) return t('checks.empty');
  if (file.size > limits.maxBytes) return t('checks.too_large', { size: bytes(file.size), limit: bytes(limits.maxBytes) });
  const extension = extensionOf(file.name);
  const known = extension !== null && EXTENSIONS.includes(extension);
  if (format === null) return known ? t('checks.not_such', { extension }) : t('checks.no_image');
  if (!ACCEPTED.includes(format)) return t('checks.wrong_type', { format });
  if (extension && !known && format !== 'DICOM') return t('checks.wrong_name', { extension });
  if (format !== 'PNG' || head.length < 24) return null;
  const view = new DataView(head.buffer);
  return sizeProblem(view.getUint32(16), view.getUint32(20), limits);
}

/** The reason for which an image of this size cannot be analysed; null if it can. */
export function sizeProblem(/** @type {number} */ width, /** @type {number} */ height, /** @type {Limits} */ { maxPixels, minSide }) {
  if (width * height > maxPixels) return t('checks.too_many_pixels', { width, height, most: Math.floor(maxPixels / 1e6) });
  if (Math.min(width, height) < minSide) return t('checks.too_small', { width, height, least: minSide });
  return null;
}

/** Whether two files hold the same bytes; read piece by piece, and not at all where their sizes differ. */
export async function sameBytes(/** @type {File} */ one, /** @type {File} */ other) {
  if (one.size !== other.size) return false;
  for (let at = 0; at < one.size; at += PIECE) {
    const [a, b] = await Promise.all([one, other].map(async (file) => new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer())));
    if (!a.every((byte, index) => byte === b[index])) return false;
  }
  return true;
}

/** The first bytes of a file; null where the browser cannot read it, such as a folder or one that is gone. @param {File} file */
export async function headOf(file) {
  try {
    return new Uint8Array(await file.slice(0, 132).arrayBuffer());
  } catch {
    return null;
  }
}

/** @param {string} name */
function extensionOf(name) {
  const match = /\.([A-Za-z][A-Za-z0-9]{1,5})$/.exec(name);
  return match ? match[1].toLowerCase() : null;
}
