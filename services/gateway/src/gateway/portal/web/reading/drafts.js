// Comments that are not saved yet. Pure functions.

import { isOfJob, keyOf, targetOf } from './targets.js';

/** @typedef {Record<string, string>} Drafts */

/** Keep what is typed; nothing where it is what is saved already. */
export function withDraft(/** @type {Drafts} */ drafts, /** @type {string} */ key, /** @type {string} */ text, /** @type {string} */ saved) {
  const { [key]: _, ...others } = drafts;
  return text === saved ? others : { ...others, [key]: text };
}

/**
 * What was typed of an analysis that another has replaced goes to its image as a whole; of an image that was removed, away.
 * @param {Drafts} drafts
 * @param {import('../viewer/image.js').ViewedImage[]} images
 */
export function adopted(drafts, images) {
  let kept = drafts;
  for (const key of Object.keys(drafts)) {
    if (images.some(({ jobId }) => isOfJob(key, jobId))) continue;
    const image = images.find(({ formerJobs }) => formerJobs.some((job) => isOfJob(key, job)));
    const { [key]: text, ...others } = kept;
    const whole = image && keyOf(targetOf(image));
    kept = !whole ? others : { ...others, [whole]: [others[whole], text].filter(Boolean).join('\n') };
  }
  return kept;
}
