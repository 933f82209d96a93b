// Reads ZIP archives in the browser (APPNOTE.TXT of PKWARE): the central directory, and one file at a time.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_BYTES = 22;
const COMMENT_BYTES = 65535;
const STORED = 0;
const DEFLATED = 8;

/** An archive that cannot be read: damaged, encrypted, or of a kind that this does not know. */
export class ArchiveError extends Error {}

/** Whether a file is a ZIP archive, by its first bytes. @param {Uint8Array} head */
export const isZip = (head) => head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;

/**
 * The files of an archive, each read when it is asked for.
 * @param {File} archive
 * @returns {Promise<{name: string, size: number, read: () => Promise<File>}[]>} In the archive's order, without folders.
 * @throws {ArchiveError}
 */
export async function filesOf(archive) {
  const directory = await directoryOf(archive);
  const found = [];
  for (let at = 0; at + 46 <= directory.byteLength && directory.getUint32(at, true) === ENTRY; ) {
    const [flags, method] = [directory.getUint16(at + 8, true), directory.getUint16(at + 10, true)];
    const [packed, size] = [directory.getUint32(at + 20, true), directory.getUint32(at + 24, true)];
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => directory.getUint16(at + field, true));
    const start = directory.getUint32(at + 42, true);
    if (at + 46 + nameLength > directory.byteLength) throw new ArchiveError(archive.name);
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, directory.byteOffset + at + 46, nameLength));
    at += 46 + nameLength + extra + comment;
    if (name.endsWith('/')) continue;
    const known = (flags & 1) === 0 && (method === STORED || method === DEFLATED) && size < 0xffffffff;
    if (!known) throw new ArchiveError(name);
    found.push({ name, size, read: () => fileOf(archive, { name, start, packed, size, method }) });
  }
  return found;
}

/** @param {File} archive */
async function directoryOf(archive) {
  const from = Math.max(0, archive.size - END_BYTES - COMMENT_BYTES);
  const tail = new DataView(await archive.slice(from).arrayBuffer());
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw new ArchiveError(archive.name);
  const [length, start] = [tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  if (start + length > archive.size) throw new ArchiveError(archive.name);
  return new DataView(await archive.slice(start, start + length).arrayBuffer());
}

/**
 * @param {File} archive
 * @param {{name: string, start: number, packed: number, size: number, method: number}} entry
 */
async function fileOf(archive, { name, start, packed, size, method }) {
  const head = new DataView(await archive.slice(start, start + 30).arrayBuffer());
  if (head.byteLength < 30) throw new ArchiveError(name);
  const body = start + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const bytes = archive.slice(body, body + packed);
  const content = method === STORED ? await bytes.arrayBuffer() : await inflated(bytes, size, name);
  return new File([content], name.split('/').at(-1) ?? name);
}

/** No more than the archive says: a small file may unpack to any size. @param {Blob} bytes @param {number} size @param {string} name */
async function inflated(bytes, size, name) {
  const whole = new Uint8Array(size);
  let at = 0;
  try {
    const reader = bytes.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (at + piece.value.length > size) throw new ArchiveError(name);
      whole.set(piece.value, at);
      at += piece.value.length;
    }
  } catch {
    throw new ArchiveError(name);
  }
  if (at < size) throw new ArchiveError(name);
  return whole;
}
