// What a pane draws: a grey film with window and level in its full depth, or a coloured field.

const FINEST_SMOOTHED = 3; // device pixels for a pixel of the image; beyond this, pixels are shown as squares

/** A coloured field: drawn as it is. */
export class ColourSource {
  constructor(bitmap) {
    this.bitmap = bitmap;
    this.grey = false;
    this.bits = 8;
  }

  /** Draw what is seen of it; `seen` in image pixels, `image` the image's size, the context already transformed. */
  draw(context, seen, image, scale) {
    context.imageSmoothingEnabled = scale * (image.width / this.bitmap.width) < FINEST_SMOOTHED;
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.bitmap, 0, 0, image.width, image.height);
  }
}

/** A grey film. `window` is {low, high} in samples: black and white. */
export class GreySource {
  /**
   * @param {Uint8Array | Uint16Array} samples Row by row.
   * @param {{width: number, height: number, low: number, high: number, bits: number, windows?: object[]}} facts
   *     `windows`: {low, high, name}, that the file names
   */
  constructor(samples, { width, height, low, high, bits, windows = [] }) {
    this.levels = [{ samples, width, height }];
    this.first = { low, high };
    this.windows = windows;
    this.bits = bits;
    this.grey = true;
    this.range = samples instanceof Uint8Array ? 256 : 65536;
    this.canvas = document.createElement('canvas');
  }

  /** A film from a decoded 8-bit picture. */
  static fromBitmap(bitmap) {
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const samples = new Uint8Array(bitmap.width * bitmap.height);
    for (let at = 0; at < samples.length; at += 1) samples[at] = data[4 * at];
    return new GreySource(samples, { width: bitmap.width, height: bitmap.height, low: 0, high: 255, bits: 8 });
  }

  /** Draw what is seen of it; `seen` in image pixels, `scale` in device pixels for an image pixel. */
  draw(context, seen, image, scale, { low, high, inverted }) {
    const level = this.#levelFor((scale * image.width) / this.levels[0].width);
    const [across, down] = [level.width / image.width, level.height / image.height];
    const x1 = Math.max(0, Math.floor(seen.x1 * across) - 1);
    const y1 = Math.max(0, Math.floor(seen.y1 * down) - 1);
    const x2 = Math.min(level.width, Math.ceil(seen.x2 * across) + 1);
    const y2 = Math.min(level.height, Math.ceil(seen.y2 * down) + 1);
    if (x2 <= x1 || y2 <= y1) return;
    this.#paint(level, x1, y1, x2 - x1, y2 - y1, this.#table(low, high, inverted));
    context.imageSmoothingEnabled = scale / across < FINEST_SMOOTHED;
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.canvas, 0, 0, x2 - x1, y2 - y1, x1 / across, y1 / down, (x2 - x1) / across, (y2 - y1) / down);
  }

  /** The coarsest copy that still has a sample for every device pixel; each is half as fine as the one before. */
  #levelFor(devicePixelsPerSample) {
    let index = 0;
    while (devicePixelsPerSample * 2 ** (index + 1) <= 1) {
      index += 1;
      if (index === this.levels.length) this.levels.push(halved(this.levels[index - 1]));
    }
    return this.levels[index];
  }

  #paint({ samples, width }, left, top, columns, rows, table) {
    this.canvas.width = columns;
    this.canvas.height = rows;
    const context = this.canvas.getContext('2d');
    const picture = context.createImageData(columns, rows);
    const out = new Uint32Array(picture.data.buffer);
    for (let row = 0; row < rows; row += 1) {
      let from = (top + row) * width + left;
      let to = row * columns;
      for (const end = to + columns; to < end; to += 1, from += 1) out[to] = table[samples[from]];
    }
    context.putImageData(picture, 0, 0);
  }

  /** What each sample looks like, as pixels of the screen. */
  #table(low, high, inverted) {
    const key = `${low} ${high} ${inverted}`;
    if (this.tableKey === key) return this.tableOf;
    const table = new Uint32Array(this.range);
    const slope = 255 / Math.max(1, high - low);
    for (let sample = 0; sample < this.range; sample += 1) {
      const grey = Math.min(255, Math.max(0, Math.round((sample - low) * slope)));
      const shown = inverted ? 255 - grey : grey;
      table[sample] = 0xff000000 | (shown << 16) | (shown << 8) | shown;
    }
    [this.tableKey, this.tableOf] = [key, table];
    return table;
  }
}

function halved({ samples, width, height }) {
  const [columns, rows] = [Math.max(1, width >> 1), Math.max(1, height >> 1)];
  const half = new samples.constructor(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    const above = Math.min(2 * row, height - 1) * width;
    const below = Math.min(2 * row + 1, height - 1) * width;
    for (let column = 0; column < columns; column += 1) {
      const left = Math.min(2 * column, width - 1);
      const right = Math.min(2 * column + 1, width - 1);
      half[row * columns + column] = (samples[above + left] + samples[above + right] + samples[below + left] + samples[below + right] + 2) >> 2;
    }
  }
  return { samples: half, width: columns, height: rows };
}
