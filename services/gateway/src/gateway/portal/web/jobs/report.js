// Shows the report on the page: the conclusion and the annotated picture, and the full document on request.

import { address, call } from '../core/api.js';
import { noticesWords } from '../core/codes.js';
import { ASSESSMENT_ICONS, icon, listItems, role } from '../core/dom.js';
import { probability, shownProbability } from '../core/numbers.js';
import { apiLanguage, t } from '../core/words.js';

/** @typedef {import('../core/types.d.ts').Result} Result */

/**
 * The report section of a page.
 * @param {HTMLElement} root
 * @param {string} jobId
 */
export function reportView(root, jobId) {
  const params = { job_id: jobId };
  const frame = role(root, 'frame', HTMLIFrameElement);
  const source = (/** @type {string} */ format, more = {}) =>
    address('/api/v1/jobs/{job_id}/report', { params, query: { format, lang: apiLanguage, ...more } });

  role(root, 'full').addEventListener('toggle', () => {
    if (!frame.src) frame.src = source('html');
  });
  role(root, 'picture-again').addEventListener('click', () => showPicture());

  /** @param {Result} result @returns {string} The conclusion in words. */
  function conclude(result) {
    const { assessment, thresholds, model, notices } = result;
    const value = shownProbability(result);
    const name = t(`common.assessment.${assessment}`);
    const percent = value === null ? '' : probability(value, thresholds);
    role(root, 'conclusion').dataset.assessment = assessment;
    role(root, 'icon').replaceChildren(icon(ASSESSMENT_ICONS[assessment]));
    role(root, 'assessment').textContent = name;
    role(root, 'percent').textContent = percent;
    role(root, 'probability').hidden = !percent;
    role(root, 'model').textContent = t('jobs.model', { name: model.name, version: model.version });
    const items = listItems(noticesWords(notices));
    role(root, 'notices').hidden = items.length === 0;
    role(root, 'notices').replaceChildren(...items);
    return [name, percent].filter(Boolean).join(' ');
  }

  function link() {
    role(root, 'open', HTMLAnchorElement).href = source('html');
    for (const format of ['html', 'pdf', 'png', 'json'])
      role(root, `save-${format}`, HTMLAnchorElement).href = source(format, { download: 'true' });
  }

  /** Load the picture first, so that scrolling to the report ends where it should. */
  async function showPicture() {
    const picture = role(root, 'picture', HTMLImageElement);
    picture.removeAttribute('src'); // the same address once more is asked for again
    picture.src = source('png');
    const shown = await picture.decode().then(() => true, () => false);
    role(root, 'figure').hidden = !shown;
    role(root, 'no-picture').hidden = shown;
  }

  return {
    /**
     * Fetch and show the result of the job.
     * @param {boolean} complete Whether the rendered report is there too; where rendering failed, the conclusion is left.
     * @returns {Promise<string>} The conclusion in words.
     * @throws {import('../core/api.js').Problem}
     */
    async show(complete) {
      const { body: result } = await call('get', '/api/v1/jobs/{job_id}/result', { params });
      const conclusion = conclude(result);
      for (const part of ['links', 'figure', 'full']) role(root, part).hidden = !complete;
      root.hidden = false;
      if (complete) {
        link();
        await showPicture();
      }
      const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
      root.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'start' });
      root.focus({ preventScroll: true });
      return conclusion;
    },
  };
}
