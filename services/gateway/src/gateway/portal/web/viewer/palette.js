// Colours of what is drawn over images, by the state of a finding's suspicion. Near the set of Okabe and Ito (2008), the
// same as in the report; each state has its own line too, so that no information depends on colour alone.

/** @typedef {import('../core/types.d.ts').Assessment | 'unknown'} SuspicionState */

/** @type {Record<SuspicionState, {colour: string, dash: number[]}>} */
export const STATES = {
  malignancy_suspected: { colour: '#ff8c28', dash: [] },
  not_sure: { colour: '#f0e442', dash: [7, 4] },
  no_sign_of_malignancy: { colour: '#56b4e9', dash: [2, 4] },
  unknown: { colour: '#c8d2d8', dash: [2, 4] },
};
export const RIM = '#122634';
export const OWN = '#b9a7f5'; // of what readers draw, whatever they take it for

// Viridis (Smith and van der Walt, 2015), every 17th of its 256 colours: uniform to the eye, safe for the colour-blind.
const VIRIDIS = [
  '440154', '481a6c', '472f7d', '414487', '39568c', '31688e', '2a788e', '23888e',
  '1f988b', '22a884', '35b779', '54c568', '7ad151', 'a5db36', 'd2e21b', 'fde725',
].map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));

/** Colour of a strength from 0 to 255, as red, green, blue. @param {number} strength */
export function heatColour(strength) {
  const place = (strength / 255) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
  return VIRIDIS[below].map((value, channel) => value + (VIRIDIS[below + 1][channel] - value) * (place - below));
}
