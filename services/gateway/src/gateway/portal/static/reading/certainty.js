// How certain something is, in words.

import { t } from '../words.js';

const WORDS = [
  [0.9, 'very_likely'],
  [0.66, 'likely'],
  [0.33, 'even'],
  [0.1, 'unlikely'],
  [0, 'very_unlikely'],
];

/** A probability in words: the bands of the IPCC's calibrated language (Mastrandrea et al. 2010), as in the report. */
export const inWords = (value) => t(`reading.certainty.${WORDS.find(([bound]) => value >= bound)[1]}`);
