// What can be told of a file before it is sent: its kind by its first bytes, its size, and whether both are acceptable.

import { bytes } from './words.js';

const SIGNATURES = [
  ['PNG', 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['JPEG', 0, [0xff, 0xd8, 0xff]],
  ['TIFF', 0, [0x49, 0x49, 0x2a, 0x00]],
  ['TIFF', 0, [0x4d, 0x4d, 0x00, 0x2a]],
  ['TIFF', 0, [0x49, 0x49, 0x2b, 0x00]],
  ['TIFF', 0, [0x4d, 0x4d, 0x00, 0x2b]],
  ['DICOM', 128, [0x44, 0x49, 0x43, 0x4d]],
  ['GIF', 0, [0x47, 0x49, 0x46, 0x38]],
  ['BMP', 0, [0x42, 0x4d]],
  ['WebP', 8, [0x57, 0x45, 0x42, 0x50]],
  ['PDF', 0, [0x25, 0x50, 0x44, 0x46]],
];
const ACCEPTED = ['PNG', 'JPEG', 'TIFF', 'DICOM'];
const EXTENSIONS = ['png', 'jpg', 'jpeg', 'tif', 'tiff', 'dcm', 'dicom', 'dic'];

/**
 * Judge a file.
 * @param {File} file
 * @param {{maxBytes: number, maxPixels: number, minSide: number}} limits
 * @returns {Promise<{format: string | null, problem: string | null, previewable: boolean}>}
 */
export async function examine(file, limits) {
  const head = new Uint8Array(await file.slice(0, 132).arrayBuffer());
  const format = formatOf(head);
  return { format, problem: problemOf(file, head, format, limits), previewable: format === 'PNG' || format === 'JPEG' };
}

function formatOf(head) {
  const found = SIGNATURES.find(([, at, signature]) => signature.every((byte, index) => head[at + index] === byte));
  return found ? found[0] : null;
}

function problemOf(file, head, format, limits) {
  if (file.size === 0) return 'The file is empty (0 bytes). Please choose the image again.';
  if (file.size > limits.maxBytes)
    return `The file has ${bytes(file.size)}; at most ${bytes(limits.maxBytes)} can be uploaded. Please choose a single field or film.`;
  const extension = extensionOf(file.name);
  if (format === null && extension && EXTENSIONS.includes(extension))
    return `The file is named .${extension}, but what is in it is not such an image. It may be damaged; please export it again.`;
  if (!ACCEPTED.includes(format))
    return `This is ${format ? `a ${format} file` : 'not an image that Lobule knows'}. Please choose a PNG, JPEG, TIFF or DICOM file.`;
  if (extension && !EXTENSIONS.includes(extension) && format !== 'DICOM')
    return `Files named .${extension} are not accepted. Please choose a PNG, JPEG, TIFF or DICOM file.`;
  if (format === 'PNG' && head.length >= 24) {
    const view = new DataView(head.buffer);
    return sizeProblem(view.getUint32(16), view.getUint32(20), limits);
  }
  return null;
}

/** Why an image of this many pixels cannot be analysed; null where it can. */
export function sizeProblem(width, height, { maxPixels, minSide }) {
  const size = `The image has ${width} x ${height} pixels`;
  if (width * height > maxPixels)
    return `${size}; at most ${Math.floor(maxPixels / 1e6)} megapixels can be analysed. Please choose a single field or film, not a whole slide.`;
  if (Math.min(width, height) < minSide) return `${size}; at least ${minSide} on each side are needed.`;
  return null;
}

function extensionOf(name) {
  const match = /\.([A-Za-z][A-Za-z0-9]{1,5})$/.exec(name);
  return match ? match[1].toLowerCase() : null;
}
