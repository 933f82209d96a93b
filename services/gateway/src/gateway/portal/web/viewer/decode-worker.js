// Beside the page: turns a film's samples as it hangs, makes the coarser copies of it, and finds the breast. On the page this
// would keep a hand waiting.

import { breastOf } from './breast.js';
import { levelsOf } from './samples.js';
import { turnSamples } from './turn.js';

addEventListener('message', ({ data: { number, buffer, size, hanging, image, laterality } }) => {
  const levels = levelsOf(turnSamples(new Uint16Array(buffer), size, hanging));
  const transfer = levels.map(({ samples }) => samples.buffer);
  postMessage({ number, levels, ...breastOf(levels[0], image, laterality) }, { transfer });
});
