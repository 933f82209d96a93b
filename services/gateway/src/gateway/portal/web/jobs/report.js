// The report in the page: the conclusion at once, the annotated picture, and the full document on demand.

import { call, url } from '../core/api.js';
import { ASSESSMENT_ICONS, icon, listItems, role } from '../core/dom.js';
import { noticesWords } from '../core/codes.js';
import { probability } from '../core/numbers.js';
import { language, t } from '../core/words.js';

/** The report section of a page. */
export class Report {
  constructor(root, urls) {
    this.root = root;
    this.urls = urls;
    this.conclusion = '';
    role(root, 'full').addEventListener('toggle', () => {
      const frame = role(root, 'frame');
      if (!frame.src) frame.src = frame.dataset.src;
    });
  }

  /**
   * Fetch and show the result of a job.
   * @param {string} jobId
   * @param {boolean} complete Whether the rendered report is there too; a rendering that failed leaves the conclusion.
   * @throws {Problem}
   */
  async show(jobId, complete) {
    const { body: result } = await call(url(this.urls.resultUrl, jobId));
    this.#conclude(result);
    for (const part of ['links', 'figure', 'full']) role(this.root, part).hidden = !complete;
    if (complete) this.#link(url(this.urls.reportUrl, jobId));
    this.root.hidden = false;
    if (complete) await this.#picture(`${url(this.urls.reportUrl, jobId)}?format=png&lang=${language.slice(0, 2)}`);
    this.#scroll();
  }

  #conclude(result) {
    const name = t(`common.assessment.${result.assessment}`);
    const percent = probability(result.probability_malignant, result.thresholds);
    this.conclusion = `${name}, ${percent}`;
    role(this.root, 'conclusion').dataset.assessment = result.assessment;
    role(this.root, 'icon').replaceChildren(icon(ASSESSMENT_ICONS[result.assessment]));
    role(this.root, 'assessment').textContent = name;
    role(this.root, 'percent').textContent = percent;
    role(this.root, 'model').textContent = t('jobs.model', result.model);
    const notices = role(this.root, 'notices');
    const items = listItems(noticesWords(result.notices));
    notices.hidden = items.length === 0;
    notices.replaceChildren(...items);
  }

  #link(report) {
    const lang = `lang=${language.slice(0, 2)}`;
    role(this.root, 'open').href = `${report}?format=html&${lang}`;
    for (const format of ['html', 'pdf', 'png', 'json'])
      role(this.root, `save-${format}`).href = `${report}?format=${format}&${lang}&download=true`;
    role(this.root, 'frame').dataset.src = `${report}?format=html&${lang}`;
  }

  /** Load the picture first, so that scrolling to the report ends where it should. */
  async #picture(source) {
    const picture = role(this.root, 'picture');
    role(this.root, 'picture-again').onclick = () => this.#picture(source);
    picture.removeAttribute('src'); // the same address once more is asked for again
    picture.src = source;
    const shown = await picture.decode().then(() => true, () => false);
    role(this.root, 'figure').hidden = !shown;
    role(this.root, 'no-picture').hidden = shown;
  }

  #scroll() {
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.root.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'start' });
    this.root.focus({ preventScroll: true });
  }
}
