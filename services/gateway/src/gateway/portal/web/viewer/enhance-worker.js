// Beside the page: enhances the samples of one film after another.

import { equalized, sharpened } from './enhance.js';

addEventListener('message', ({ data }) => {
  const { id, key, width, height, low, high, local, edges } = data;
  let { samples } = data;
  if (local) samples = equalized({ samples, width, height }, { low, high });
  if (edges) samples = sharpened({ samples, width, height });
  postMessage({ id, key, samples }, { transfer: [samples.buffer] });
});
