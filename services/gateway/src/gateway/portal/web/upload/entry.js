// One chosen file of a new case: its card, from the first look at it to its report.

import { Problem, call, url } from '../core/api.js';
import { Bars, FINAL } from '../jobs/steps.js';
import { examine, sizeProblem } from './checks.js';
import { copy, message, role } from '../core/dom.js';
import { guess, modalityOf } from './guess.js';
import { askForPreview, localPreview, serverPreview } from './preview.js';
import { send, uploadForm } from './sending.js';
import { showNoThumb, showThumb } from './thumb.js';
import { conflictWords, problemWords } from '../core/codes.js';
import { bytes } from '../core/numbers.js';
import { t } from '../core/words.js';

let asking = Promise.resolve(); // one file after the other goes to the server to be looked at
let drawing = Promise.resolve(); // the server draws one preview after the other

/** A file and its card. */
export class Entry {
  /**
   * @param {File} file
   * @param {HTMLTemplateElement} template
   * @param {{urls: DOMStringMap, limits: object, onChange: () => void, onLeave: (entry: Entry) => void}} page
   */
  constructor(file, template, { urls, limits, onChange, onLeave }) {
    Object.assign(this, { file, urls, limits, onChange, onLeave });
    this.card = copy(template);
    this.bars = new Bars(this.card);
    this.state = 'examining'; // chosen, refused, sending, following, done, failed, cancelled
    this.progress = null;
    this.jobId = null;
    this.format = null;
    this.corrected = false;
    this.header = null; // what a DICOM file says of its patient, once the server has read it
    role(this.card, 'name').textContent = file.name;
    role(this.card, 'remove').setAttribute('aria-label', t('newcase.remove', { name: file.name }));
    this.card.addEventListener('change', () => {
      this.corrected = true;
      this.#showChoices();
      this.onChange();
    });
    role(this.card, 'retry').addEventListener('click', () => this.#retry());
    role(this.card, 'cancel').addEventListener('click', () => this.#cancel());
    for (const name of ['accept', 'same-patient']) role(this.card, name).addEventListener('click', () => this.#acceptPatient());
    for (const name of ['leave', 'leave-out']) role(this.card, name).addEventListener('click', () => this.onLeave(this));
  }

  /** Look at the file: its type, its size, whether another has the same bytes; guess what it is; draw a preview. */
  async look(twin) {
    const { format, bits, problem, previewable } = await examine(this.file, this.limits);
    this.format = format;
    this.#facts();
    if (problem) return this.refuse(problem);
    const same = await twin(this.file);
    if (same) return this.refuse(t('checks.duplicate', { name: same.name }));
    this.#choose(guess(this.file.name, format));
    this.#become('chosen');
    if (previewable) await this.#drawHere();
    else {
      const asked = asking.then(() => this.#askThere());
      asking = asked.then(() => undefined);
      drawing = Promise.all([drawing, asked]).then(([, preview]) => this.#drawThere(preview, bits));
    }
    return undefined;
  }

  /** Say why the file cannot be sent. */
  refuse(reason) {
    this.reason = reason;
    showNoThumb(this.card, '', 'cross');
    message(role(this.card, 'problem'), reason);
    this.#become('refused');
  }

  /** What the user says of it. */
  get options() {
    const chosen = {};
    for (const select of this.card.querySelectorAll('select, input')) chosen[select.name] = select.value;
    const own = chosen.modality === 'histopathology' ? ['modality', 'magnification'] : ['modality', 'view', 'laterality', 'study_date'];
    return Object.fromEntries(own.filter((name) => chosen[name]).map((name) => [name, chosen[name]]));
  }

  /** Send it into a case; ends when it is accepted or has failed. */
  async send(caseId) {
    this.caseId = caseId;
    this.#become('sending');
    this.bars.begin();
    this.#failure('');
    this.sending = send(this.urls.uploadUrl, () => uploadForm(this, caseId), {
      onProgress: (fraction, left) => {
        message(role(this.card, 'connection'), '');
        this.bars.uploading(fraction, left);
      },
      onWaiting: (problem, seconds) => {
        this.bars.step({ name: 'upload', state: 'running', fraction: 0 });
        this.trouble(t('steps.sending_again', { problem: problem.message, seconds }));
      },
    });
    try {
      const { job, twins, conflicts } = await this.sending.done;
      this.jobId = job;
      this.#alsoIn(twins[0]);
      message(role(this.card, 'conflicts'), conflictWords(conflicts), { symbol: 'question' });
      this.#become('following');
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#uploadFailed(problem);
    }
  }

  /** Ask once how far it is. Gives the milliseconds until the next time. */
  async ask() {
    const { body, headers } = await call(url(this.urls.progressUrl, this.jobId), { etag: this.etag });
    if (body) {
      this.etag = headers.get('ETag');
      this.progress = body;
      this.#show(body);
    }
    return this.progress.poll_after_ms;
  }

  /** Say that the server cannot be asked, or nothing. */
  trouble(words, links = []) {
    message(role(this.card, 'connection'), words, { symbol: 'offline', links });
  }

  #show(progress) {
    progress.steps.forEach((step) => this.bars.step(step));
    const failed = progress.steps.find((step) => step.state === 'failed');
    const hopeless = Boolean(failed?.error) && this.urls.inputErrors.split(' ').includes(failed.error.code);
    this.trouble('');
    if (failed) {
      const detail = problemWords(failed.error || {});
      const words = t('steps.step_failed.detail', { step: t(`steps.${failed.name}`), detail });
      this.#failure(words, { small: failed.error ? t('steps.more', { detail: failed.error.detail }) : '' });
    } else this.#failure('');
    role(this.card, 'retry').hidden = !['failed', 'dead', 'cancelled'].includes(progress.state) || hopeless;
    if (FINAL.includes(progress.state)) this.#become({ done: 'done', cancelled: 'cancelled' }[progress.state] || 'failed');
  }

  /** Say where the same image is already: it belongs to both, and the reader may want to compare. */
  #alsoIn(twin) {
    if (!twin) return;
    const inCase = twin.case_id !== null;
    const words = inCase ? t('steps.also_in', { pseudonym: twin.pseudonym }) : t('steps.also_single');
    const href = inCase ? url(this.urls.casePageUrl, twin.case_id) : url(this.urls.jobPageUrl, twin.job_id);
    const label = inCase ? t('steps.also_in.open') : t('steps.also_single.open');
    message(role(this.card, 'also'), words, { symbol: 'layers', links: [{ href, label }] });
  }

  #uploadFailed(problem) {
    const cancelled = problem.code === 'cancelled';
    this.bars.step({ name: 'upload', state: cancelled ? 'cancelled' : 'failed', fraction: 0 });
    this.trouble('');
    const links = [];
    const known = problem.document.existing_job_id;
    if (problem.code === 'duplicate_image' && known) links.push({ href: url(this.urls.jobPageUrl, known), label: t('steps.duplicate') });
    if (problem.status === 401) links.push({ href: this.urls.loginUrl, label: t('steps.log_in_again') });
    const plain = cancelled || problem.code === 'other_patient';
    const words = plain ? problem.message : t('steps.step_failed.detail', { step: t('steps.upload'), detail: problem.message });
    const own = problem.code === 'other_patient' ? '' : problem.document.detail;
    this.#failure(words + differing(problem.document.differs || []), { links, small: own && own !== problem.message ? t('steps.more', { detail: own }) : '' });
    const final = ['duplicate_image', 'file_too_large', ...this.urls.inputErrors.split(' ')].includes(problem.code);
    const other = problem.code === 'other_patient';
    role(this.card, 'retry').hidden = final || other;
    for (const name of ['accept', 'leave']) role(this.card, name).hidden = !other;
    this.#become(cancelled ? 'cancelled' : 'failed');
  }

  /** Say before it is sent in what the file names another patient than the others; nothing where it does not. */
  warn(attributes) {
    const other = attributes.length > 0 && !this.acceptsOtherPatient;
    message(role(this.card, 'patient'), other ? t('newcase.other_patient') + differing(attributes) : '');
    role(this.card, 'other-patient').hidden = !other;
  }

  /** The user says that the file belongs here although it names another patient. */
  #acceptPatient() {
    this.acceptsOtherPatient = true;
    if (this.state === 'chosen') return this.onChange();
    for (const name of ['accept', 'leave']) role(this.card, name).hidden = true;
    return this.send(this.caseId);
  }

  async #retry() {
    role(this.card, 'retry').hidden = true;
    if (!this.jobId) {
      await this.send(this.caseId);
      return;
    }
    await this.#act(this.urls.retryUrl);
    this.#become('following');
  }

  async #cancel() {
    if (this.jobId) {
      await this.#act(this.urls.cancelUrl);
      this.onChange();
    } else this.sending?.cancel();
  }

  async #act(template) {
    try {
      await call(url(template, this.jobId), { method: 'POST' });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.trouble(problem.message);
    }
  }

  #failure(words, more = {}) {
    const element = role(this.card, 'failure');
    if (element.dataset.words === words) return;
    element.dataset.words = words;
    message(element, words, { symbol: 'cross', ...more });
  }

  #become(state) {
    this.state = state;
    this.card.dataset.state = state;
    const under = !['examining', 'chosen', 'refused'].includes(state);
    role(this.card, 'following').hidden = !under;
    role(this.card, 'choices').hidden = under || state === 'refused';
    role(this.card, 'remove').hidden = under;
    if (under) role(this.card, 'other-patient').hidden = true;
    role(this.card, 'cancel').hidden = !['sending', 'following'].includes(state);
    this.onChange();
  }

  #choose(values) {
    if (this.corrected) return;
    for (const [name, value] of Object.entries(values)) this.card.querySelector(`[name="${name}"]`).value = value;
    this.#showChoices();
  }

  #showChoices() {
    const { modality } = this.options;
    for (const part of this.card.querySelectorAll('[data-for]')) part.hidden = part.dataset.for !== modality;
    const wrong = this.format === 'DICOM' && modality === 'histopathology';
    message(role(this.card, 'problem'), wrong ? t('checks.dicom_histology') : '');
  }

  #facts(more = null) {
    const known = { format: this.format || t('newcase.unknown_type'), size: bytes(this.file.size), ...more };
    const key = !more ? 'newcase.facts' : more.bits > 8 ? 'newcase.facts.deep' : 'newcase.facts.pixels';
    role(this.card, 'facts').textContent = t(key, known);
  }

  async #drawHere() {
    try {
      const { width, height, picture } = await localPreview(this.file);
      this.#facts({ width, height });
      const problem = sizeProblem(width, height, this.limits);
      if (problem) return this.refuse(problem);
      this.#choose(guess(this.file.name, this.format, { modality: modalityOf(picture) }));
      showThumb(this.card, picture, this.file.name);
    } catch {
      showNoThumb(this.card, t('newcase.preview.damaged'));
    }
    this.onChange();
    return undefined;
  }

  /** Have the server look at the file. Gives the preview that it begins to draw; null where it cannot. */
  async #askThere() {
    if (this.state !== 'chosen') return null;
    showNoThumb(this.card, t('newcase.preview.drawing'), 'queue');
    try {
      const preview = await askForPreview(this.file, this.urls);
      if (preview.study_date) this.#choose({ study_date: preview.study_date });
      this.header = preview;
      this.onChange();
      return preview;
    } catch {
      showNoThumb(this.card, t('newcase.preview.none'));
      return null;
    }
  }

  async #drawThere(preview, bits) {
    if (!preview) return;
    try {
      const { facts, picture } = await serverPreview(preview, this.urls);
      if (this.state !== 'chosen') return;
      if (facts.width) this.#facts({ width: facts.width, height: facts.height, bits: Math.max(bits, facts.bits || 8) });
      if (facts.error) return showNoThumb(this.card, problemWords(facts.error), 'alert');
      this.#choose(guess(this.file.name, this.format, clean(facts)));
      showThumb(this.card, picture, this.file.name);
    } catch {
      showNoThumb(this.card, t('newcase.preview.none'));
    }
    this.onChange();
  }
}

/** Only what is known: an unknown view must not hide the one that the name tells. */
const clean = (facts) => Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null));

/** In what a file names another patient. */
const differing = (attributes) => attributes.map((name) => ` ${t(`newcase.other_patient.${name}`)}`).join('');
