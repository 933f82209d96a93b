// Correcting what was guessed or said of an image.

import { Problem, call, url } from '../core/api.js';
import { message, role } from '../core/dom.js';
import { conflictWords } from '../core/codes.js';
import { t } from '../core/words.js';

const FIELDS = ['modality', 'laterality', 'view', 'study_date', 'magnification'];

/** The dialog about one image. */
export class Edit {
  constructor(dialog, page) {
    Object.assign(this, { dialog, page });
    this.form = dialog.querySelector('form');
    this.form.addEventListener('change', () => this.#fields());
    role(dialog, 'cancel').addEventListener('click', () => dialog.close());
    role(dialog, 'remove').addEventListener('click', () => this.#confirming(true));
    role(dialog, 'keep').addEventListener('click', () => this.#confirming(false));
    role(dialog, 'sure').addEventListener('click', () => !this.busy && this.#act({ method: 'DELETE' }));
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.busy) this.#save();
    });
  }

  open(study) {
    if (this.dialog.open) return;
    this.study = study;
    this.seen = { etag: this.page.etag, words: this.#words() };
    role(this.dialog, 'file').textContent = study.entry.file_name;
    for (const name of FIELDS) this.form.elements[name].value = study.entry[name] || '';
    message(role(this.dialog, 'problem'), '');
    message(role(this.dialog, 'conflicts'), conflictWords(study.entry.conflicts), { symbol: 'question' });
    role(this.dialog, 'replace').href = `/new?case=${encodeURIComponent(study.entry.case_id)}&replaces=${encodeURIComponent(study.id)}`;
    role(this.dialog, 'change').hidden = !study.entry.removable;
    role(this.dialog, 'kept').hidden = study.entry.removable;
    this.#confirming(false);
    this.#fields();
    this.dialog.showModal();
  }

  #fields() {
    const modality = this.form.elements.modality.value;
    for (const part of this.form.querySelectorAll('[data-for]')) part.hidden = part.dataset.for !== modality;
  }

  async #save() {
    const said = (name) => this.form.elements[name].value || null;
    const own = said('modality') === 'mammography' ? ['laterality', 'view', 'study_date'] : ['magnification'];
    const { entry } = this.study;
    const shown = (name) => [...this.form.elements[name].options || [{ value: entry[name] }]].some(({ value }) => value === entry[name]);
    // A special view that this form cannot name stays as it is, unless another is chosen.
    const changed = ['modality', ...own].filter((name) => said(name) !== entry[name] && (said(name) || shown(name)));
    const send = Object.fromEntries(changed.map((name) => [name, said(name)]));
    if (!(await this.page.maySupersede(t('reading.edit.of', { name: this.study.name })))) return;
    await this.#act({ method: 'PATCH', send });
  }

  /** Removing asks once more, in the dialog itself. */
  #confirming(on) {
    role(this.dialog, 'confirm').hidden = !on;
    role(this.dialog, 'remove').disabled = on;
    if (on) role(this.dialog, 'keep').focus();
  }

  async #act(request) {
    this.busy = true;
    try {
      await this.#send(request);
      this.dialog.close();
      await this.page.refresh();
      this.page.watcher.wake();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      message(role(this.dialog, 'problem'), problem.message);
    } finally {
      this.busy = false;
    }
  }

  /** Change the image as the reader saw it: again where only something else of the case changed meanwhile. */
  async #send(request) {
    try {
      await call(url(this.page.urls.imageUrl, this.study.id), { ...request, ifMatch: this.seen.etag });
    } catch (problem) {
      if (problem.code !== 'case_changed') throw problem;
      await this.page.refresh();
      if (!this.page.studies.includes(this.study) || this.#words() !== this.seen.words) throw problem;
      this.seen.etag = this.page.etag;
      await this.#send(request);
    }
  }

  /** What is said of the image and of what was found in it. */
  #words() {
    const { entry, jobId } = this.study;
    return JSON.stringify([FIELDS.map((name) => entry[name]), this.page.case.reviews.filter(({ job_id: job }) => job === jobId)]);
  }
}
