// Web worker that enhances the samples of films, one after the other.

import { equalized, sharpened } from './enhance.js';

addEventListener('message', ({ data }) => {
  const { id, key, width, height, low, high, local, edges } = data;
  let { samples } = data;
  if (local) samples = equalized({ samples, width, height }, { low, high });
  if (edges) samples = sharpened({ samples, width, height });
  postMessage({ id, key, samples }, { transfer: [samples.buffer] });
});
