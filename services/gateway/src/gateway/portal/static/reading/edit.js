// Correcting what was guessed or said of an image.

import { Problem, call, url } from '../api.js';
import { message, role } from '../dom.js';
import { t } from '../words.js';

/** The dialog about one image. */
export class Edit {
  constructor(dialog, page) {
    Object.assign(this, { dialog, page });
    this.form = dialog.querySelector('form');
    this.form.addEventListener('change', () => this.#fields());
    role(dialog, 'cancel').addEventListener('click', () => dialog.close());
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.busy) this.#save();
    });
  }

  open(study) {
    this.study = study;
    role(this.dialog, 'file').textContent = study.entry.file_name;
    if (this.dialog.open) return;
    for (const name of ['modality', 'laterality', 'view', 'magnification']) this.form.elements[name].value = study.entry[name] || '';
    message(role(this.dialog, 'problem'), '');
    this.#fields();
    this.dialog.showModal();
  }

  #fields() {
    const modality = this.form.elements.modality.value;
    for (const part of this.form.querySelectorAll('[data-for]')) part.hidden = part.dataset.for !== modality;
  }

  async #save() {
    const { modality, laterality, view, magnification } = this.form.elements;
    const film = modality.value === 'mammography';
    const send = {
      modality: modality.value,
      laterality: film ? laterality.value || null : null,
      view: film ? view.value || null : null,
      magnification: film ? null : magnification.value || null,
    };
    if (!(await this.page.maySupersede(t('reading.edit.of', { name: this.study.name })))) return;
    this.busy = true;
    try {
      await call(url(this.page.urls.imageUrl, this.study.id), { method: 'PATCH', send });
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
}
