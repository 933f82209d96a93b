// Says what a deletion takes with it, as the API counts it now.

import { call } from '../core/api.js';
import { has, list, t } from '../core/words.js';

/** @typedef {import('../core/types.d.ts').Losses} Losses */

/** @type {(keyof Losses & ('images' | 'analyses' | 'reviews' | 'drawn_findings' | 'reports' | 'dicom_objects'))[]} */
const COUNTED = ['images', 'analyses', 'reviews', 'drawn_findings', 'reports', 'dicom_objects'];

/** The reason for which a deletion is refused, or what it deletes, in words. @param {Losses} losses @returns {{words: string, refused: boolean}} */
function lossesWords(losses) {
  const { refused } = losses;
  if (refused) {
    const key = [`errors.${refused}.case_deletion`, `errors.${refused}`, 'errors.unknown'].find(has);
    return { words: t(key ?? 'errors.unknown'), refused: true };
  }
  const lost = COUNTED.filter((name) => losses[name] > 0).map((name) => t(`reading.losses.${name}`, { count: losses[name] }));
  return { words: lost.length ? t('reading.losses', { what: list(lost) }) : t('reading.losses.nothing'), refused: false };
}

/** What the deletion of a case would delete. @param {string} id */
export async function lossesOfCase(id) {
  const { body } = await call('get', '/api/v1/cases/{case_id}/deletion', { params: { case_id: id } });
  return lossesWords(body);
}

/** What the removal of an image would delete. @param {string} id */
export async function lossesOfImage(id) {
  const { body } = await call('get', '/api/v1/images/{image_id}/deletion', { params: { image_id: id } });
  return lossesWords(body);
}
