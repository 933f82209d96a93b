// Lists what is still open when a report is signed. Pure functions.

import { doubtsOf } from '../core/codes.js';
import { drafted, unreviewed } from './findings.js';
import { judged } from './state.js';
import { targetOf } from './targets.js';

/** What is still open, by the names that the API and the signing dialog use. @param {import('./state.js').Reading} state */
export function lackingIn(state) {
  const ofState = (/** @type {string} */ wanted) =>
    judged(state).filter(({ entry }) => entry.state === wanted).map((image) => targetOf(image));
  const doubted = judged(state).filter(({ result }) => doubtsOf(result?.notices ?? []).length).map((image) => targetOf(image));
  return { doubted, unreviewed: unreviewed(state), not_assessed: ofState('failed'), pending: ofState('pending'), unseen: unseenIn(state).map((image) => targetOf(image)), drafts: drafted(state) };
}

/** The images whose picture was never shown in a pane. @param {import('./state.js').Reading} state */
const unseenIn = (state) => judged(state).filter(({ id, entry, source }) => (source || entry.state === 'assessed') && !state.seen.includes(id));
