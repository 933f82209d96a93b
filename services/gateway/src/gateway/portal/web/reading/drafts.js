// Comments that are not saved yet. Pure functions.

import { isOfJob, keyOf, targetOf } from './targets.js';

/** @typedef {Record<string, string>} Drafts */

/** Keep a typed comment, unless it equals the saved one. */
export function withDraft(/** @type {Drafts} */ drafts, /** @type {string} */ key, /** @type {string} */ text, /** @type {string} */ saved) {
  const { [key]: _, ...others } = drafts;
  return text === saved ? others : { ...others, [key]: text };
}

/**
 * A comment on an analysis that was replaced moves to its image as a whole; one on a removed image is dropped.
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
