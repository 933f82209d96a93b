// Which image hangs in which pane.

import { copy, icon, role } from '../core/dom.js';
import { t } from '../core/words.js';
import { Pane } from './pane.js';
import { hangingOf } from './study.js';

export const VIEWS = ['RCC', 'LCC', 'RMLO', 'LMLO'];
const SIDES = { R: 'right', L: 'left' }; // chest walls meet in the middle, as films are hung

/** The panes and the strip of all images below them. */
export class Hanging {
  /**
   * @param {HTMLElement} root
   * @param {object} page See page.js: `studies`, `active`, `shown`, and what to do when a pane is used.
   */
  constructor(root, page) {
    this.page = page;
    this.grid = role(root, 'panes');
    this.strip = role(root, 'strip');
    this.panes = [0, 1, 2, 3].map(() => this.#pane());
    this.grid.replaceChildren(...this.panes.map((pane) => pane.root));
  }

  #pane() {
    const pane = new Pane(copy(document.getElementById('pane')), this.page);
    role(pane.root, 'edit').addEventListener('click', () => this.page.onEdit(pane.study));
    role(pane.root, 'again').addEventListener('click', () => this.page.onRetry(pane.study));
    return pane;
  }

  /** Four views where there is a film that can be hung, else as many panes as there are images. */
  static preferred(studies) {
    if (studies.some(({ hanging }) => hanging)) return 'hang';
    return studies.length > 1 ? 'hang' : 'one';
  }

  /** The layout that shows the image that is read: four views hold neither a field nor a film of no known view. */
  get layout() {
    const { layout, studies, active } = this.page;
    const hung = studies.some(({ hanging }) => hanging);
    return layout === 'hang' && hung && active && !active.hanging ? 'two' : layout;
  }

  /** What each pane shows: a study, the name of a view that is missing, or nothing. */
  #slots() {
    const { studies, active } = this.page;
    const films = studies.filter(({ film }) => film);
    if (this.layout === 'one') return [active];
    if (this.layout === 'two') return this.#pair(films, studies.filter(({ film }) => !film));
    if (!films.some(({ hanging }) => hanging)) {
      const together = studies.filter(({ prior, entry }) => prior === active?.prior && (!prior || entry.examination === active.entry.examination));
      const first = 4 * Math.floor(Math.max(0, together.indexOf(active)) / 4);
      return together.slice(first, first + 4);
    }
    return VIEWS.map((view) => this.#hung(view) || view);
  }

  /** The film of a view: where there are several, the one that is read now, else the most suspicious. */
  #hung(view) {
    const { studies, active } = this.page;
    const here = studies.filter(({ hanging }) => hanging === view);
    return here.includes(active) ? active : here.length ? mostSuspicious(here) : undefined;
  }

  /** A film beside a field; where there is but one kind, the image beside the one that belongs to it. */
  #pair(films, fields) {
    const { studies, active } = this.page;
    const now = active?.prior && studies.find(({ hanging }) => hanging && hanging === hangingOf(active.entry));
    if (now) return [now, active];
    if (films.length && fields.length) {
      const film = active?.film ? active : films.find((other) => other === this.lastFilm) || mostSuspicious(films);
      const field = active && !active.film ? active : fields.find((other) => other === this.lastField) || mostSuspicious(fields);
      [this.lastFilm, this.lastField] = [film, field];
      return [film, field];
    }
    const partner = active?.hanging ? studies.find(({ hanging, side }) => hanging && side === active.side && hanging !== active.hanging) : null;
    const other = partner || studies.find((study) => study !== active);
    return [active, other].filter(Boolean).sort((a, b) => studies.indexOf(a) - studies.indexOf(b));
  }

  /** Put everything where it belongs. */
  arrange() {
    const slots = this.#slots();
    this.grid.dataset.layout = this.layout;
    this.grid.dataset.count = slots.length;
    this.panes.forEach((pane, index) => {
      const slot = slots[index];
      pane.root.hidden = slot === undefined || slot === null;
      if (slot) this.#fill(pane, slot);
    });
    this.#fillStrip();
  }

  /** The pane of a study; null where it does not hang. */
  paneOf(study) {
    return this.panes.find((pane) => !pane.root.hidden && pane.study === study) || null;
  }

  /** Whether a finding, or an image as a whole, is in sight: its picture drawn, its place within pane and window. */
  shows(study, index) {
    return Boolean(this.paneOf(study)?.shows(index === null ? null : study.result.findings[index].box));
  }

  /** Light up an image as a whole; a finding's mark is drawn by its pane. */
  light(target) {
    for (const pane of this.panes) pane.root.toggleAttribute('data-lit', target?.index === null && pane.study === target.study);
    this.draw();
  }

  draw() {
    for (const pane of this.panes) if (!pane.root.hidden) pane.draw();
  }

  #fill(pane, slot) {
    const missing = typeof slot === 'string';
    const study = missing ? null : slot;
    const { root } = pane;
    root.dataset.view = missing ? slot : study.hanging || '';
    root.toggleAttribute('data-active', !missing && study === this.page.active);
    root.setAttribute('aria-label', missing ? t('reading.missing', { view: slot }) : this.page.describe(study));
    role(root, 'name').textContent = missing ? slot : study.name;
    role(root, 'depth').textContent = missing ? '' : study.depthWords;
    role(root, 'file').textContent = missing ? '' : [study.entry.study_date, study.entry.file_name].filter((said) => said && !study.name.startsWith(said)).join(' · ');
    const edit = role(root, 'edit');
    edit.hidden = missing;
    if (!missing) edit.setAttribute('aria-label', t('reading.image.edit', { name: study.name }));
    this.#note(root, slot, study);
    pane.show(study, study?.film && this.layout === 'hang' ? SIDES[study.side] : 'centre');
  }

  /** What a pane says where it has no picture. */
  #note(root, slot, study) {
    const note = role(root, 'note');
    const bare = !study?.source;
    note.hidden = !bare;
    role(root, 'again').hidden = true;
    role(root, 'add').hidden = study !== null;
    if (!bare) return;
    let [symbol, title, words] = ['queue', t('reading.waiting'), ''];
    if (!study) [symbol, title, words] = ['image', t('reading.missing', { view: slot }), t('reading.missing.hint')];
    else if (study.problem) [symbol, title, words] = ['alert', t('reading.failed'), t('reading.picture.failed', { detail: study.problem.message })];
    else if (study.state === 'failed') {
      [symbol, title, words] = ['alert', t('reading.failed'), this.page.failureOf(study)];
      role(root, 'again').hidden = this.page.hopeless(study);
    } else if (study.state === 'assessed') title = t('reading.loading');
    role(note, 'symbol').replaceChildren(icon(symbol));
    role(note, 'title').textContent = title;
    role(note, 'words').textContent = words;
  }

  #fillStrip() {
    const { studies, active } = this.page;
    this.strip.hidden = studies.length < 2;
    const buttons = [...this.strip.children];
    studies.forEach((study, index) => {
      const button = buttons[index] || this.strip.appendChild(copy(document.getElementById('thumb')));
      button.onclick = () => this.page.onChoose(study);
      button.setAttribute('aria-pressed', String(study === active));
      button.setAttribute('aria-label', this.page.describe(study));
      button.dataset.assessment = study.result?.assessment || '';
      button.dataset.state = study.state;
      button.toggleAttribute('data-prior', study.prior);
      role(button, 'name').textContent = study.name;
      button.title = study.name;
      const canvas = button.querySelector('canvas');
      if (study.source && canvas.dataset.of !== `${study.jobId} ${study.source.bits}`) {
        canvas.dataset.of = `${study.jobId} ${study.source.bits}`;
        thumbnail(canvas, study);
      }
    });
    for (const button of buttons.slice(studies.length)) button.remove();
  }
}

const mostSuspicious = (studies) =>
  studies.reduce((most, study) => ((study.result?.probability_malignant ?? -1) > (most.result?.probability_malignant ?? -1) ? study : most));

function thumbnail(canvas, study) {
  const { image, source } = study;
  const context = canvas.getContext('2d');
  const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(scale, 0, 0, scale, (canvas.width - image.width * scale) / 2, (canvas.height - image.height * scale) / 2);
  source.draw(context, { x1: 0, y1: 0, x2: image.width, y2: image.height }, image, scale, { ...source.first, inverted: false });
}
