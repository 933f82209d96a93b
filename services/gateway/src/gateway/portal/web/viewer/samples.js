// Converts samples of a grey film to pixels of the screen.

/** @typedef {{samples: Uint8Array | Uint16Array, width: number, height: number}} Level Samples row by row. */

/**
 * The screen pixel of each sample value.
 * @param {import('./window.js').Window} window
 * @param {number} range The number of sample values.
 */
export function tableOf({ low, high, inverted }, range) {
  const table = new Uint32Array(range);
  const slope = 255 / Math.max(1, high - low);
  for (let sample = 0; sample < range; sample += 1) {
    const grey = Math.min(255, Math.max(0, Math.round((sample - low) * slope)));
    const shown = inverted ? 255 - grey : grey;
    table[sample] = 0xff000000 | (shown << 16) | (shown << 8) | shown;
  }
  return table;
}

/**
 * A part of a film as a picture.
 * @param {Level} level
 * @param {{left: number, top: number, width: number, height: number}} part
 * @param {Uint32Array} table
 * @param {ImageData | null} [before] Serves again where it is as large.
 */
export function rendered({ samples, width: stride }, { left, top, width, height }, table, before = null) {
  const picture = before?.width === width && before.height === height ? before : new ImageData(width, height);
  const out = new Uint32Array(picture.data.buffer);
  for (let row = 0; row < height; row += 1) {
    let from = (top + row) * stride + left;
    let to = row * width;
    for (const end = to + width; to < end; to += 1, from += 1) out[to] = table[samples[from]];
  }
  return picture;
}

/** Half as fine: each sample is the mean of four. @param {Level} level @returns {Level} */
export function halved({ samples, width, height }) {
  const [columns, rows] = [Math.max(1, width >> 1), Math.max(1, height >> 1)];
  const half = samples instanceof Uint8Array ? new Uint8Array(columns * rows) : new Uint16Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    const above = Math.min(2 * row, height - 1) * width;
    const below = Math.min(2 * row + 1, height - 1) * width;
    for (let column = 0; column < columns; column += 1) {
      const left = Math.min(2 * column, width - 1);
      const right = Math.min(2 * column + 1, width - 1);
      const sum = samples[above + left] + samples[above + right] + samples[below + left] + samples[below + right];
      half[row * columns + column] = (sum + 2) >> 2;
    }
  }
  return { samples: half, width: columns, height: rows };
}

const COARSEST = 256; // samples of the longer side

/** A film and its coarser copies, each half as fine as the one before. @param {Level} level @returns {Level[]} */
export function levelsOf(level) {
  const levels = [level];
  while (Math.max(levels[levels.length - 1].width, levels[levels.length - 1].height) > COARSEST) levels.push(halved(levels[levels.length - 1]));
  return levels;
}
