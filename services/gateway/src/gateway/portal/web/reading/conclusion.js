// What the system says of the case, with its reasons, and what is missing.

import { ASSESSMENT_ICONS, icon, role, write } from '../core/dom.js';
import { probability } from '../core/numbers.js';
import { t } from '../core/words.js';
import { inWords } from './certainty.js';

/** The conclusion section of the panel. */
export class Conclusion {
  constructor(root, page) {
    Object.assign(this, { root, page });
  }

  show() {
    const { conclusion } = this.page.case;
    const { assessment, probability_malignant: value } = conclusion;
    this.root.dataset.assessment = assessment || '';
    role(this.root, 'symbol').replaceChildren(icon(ASSESSMENT_ICONS[assessment] || 'queue'));
    write(role(this.root, 'assessment'), assessment ? t(`common.assessment.${assessment}`) : t('reading.conclusion.none'));
    write(role(this.root, 'percent'), value === null ? '' : probability(value, this.#thresholds(value)));
    write(role(this.root, 'of'), value === null ? '' : t('reading.probability.highest', { words: inWords(value) }));
    this.#list('reasons', conclusion.reasons);
    this.#list('suggestions', conclusion.suggestions);
  }

  /** The thresholds of the image whose probability is shown: rounding must not carry it over one. */
  #thresholds(value) {
    return this.page.studies.find(({ result }) => result?.probability_malignant === value)?.result.thresholds || null;
  }

  #list(name, items) {
    const section = role(this.root, name);
    section.hidden = items.length === 0;
    const list = section.querySelector('ul');
    const words = JSON.stringify(items);
    if (list.dataset.words === words) return;
    list.dataset.words = words;
    list.replaceChildren(...items.map((item) => this.#item(item)));
  }

  #item({ text, job_id: job }) {
    const line = document.createElement('li');
    const study = job && this.page.studies.find(({ jobId }) => jobId === job);
    if (study) {
      const go = document.createElement('button');
      go.type = 'button';
      go.className = 'plain';
      go.textContent = text;
      go.addEventListener('click', () => this.page.onChoose(study));
      line.append(go);
    } else line.textContent = text;
    return line;
  }
}
