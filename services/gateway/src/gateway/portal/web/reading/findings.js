// The list of findings: goes to each, takes the clinician's verdict, and says how many the threshold hides.

import { url } from '../core/api.js';
import { copy, listItems, role, write } from '../core/dom.js';
import { noticesWords } from '../core/codes.js';
import { probability } from '../core/numbers.js';
import { t } from '../core/words.js';
import { headlineOf, inWords } from './certainty.js';
import { STATES } from '../viewer/palette.js';

/** The findings section of the panel. */
export class Findings {
  constructor(root, page) {
    Object.assign(this, { root, page });
    this.list = role(root, 'list');
    this.threshold = null; // the reader's own; until there is one, each model's working threshold
    this.rows = new Map();
    const slider = role(root, 'threshold');
    slider.addEventListener('input', () => this.#limit(Number(slider.value) / 100));
    role(root, 'show-all').addEventListener('click', () => {
      slider.value = 0;
      this.#limit(0);
      slider.focus();
    });
  }

  /** What is drawn of a study: every finding that the threshold lets through. */
  of(study) {
    return (study.result?.findings || [])
      .map((finding, index) => ({ finding, index, ...headlineOf(study.result, finding, index) }))
      .filter(({ finding }) => finding.probability >= this.#limitOf(study))
      .map((item) => ({ ...item, selected: this.#isChosen(study, item.index), faded: this.#verdict(study, item.index) === 'dismissed', lit: this.#isLit(study, item.index) }));
  }

  /** Every item that can be gone to, in the order of the list: {study, index}, index null for an image as a whole. */
  get items() {
    return this.page.studies
      .filter(({ result }) => result)
      .flatMap((study) => [{ study, index: null }, ...this.of(study).map(({ index }) => ({ study, index }))]);
  }

  #limitOf = (study) => this.threshold ?? study.result.thresholds.finding;

  /** The findings of the current examination that the report marks, whatever is shown now. */
  get marked() {
    const marks = (study) =>
      (study.result?.findings || [])
        .map(({ probability: value }, index) => ({ study, index, marked: value >= study.result.thresholds.finding }))
        .filter(({ marked }) => marked);
    return this.page.judged.flatMap(marks);
  }

  /** Those of them that have no verdict yet. */
  get unreviewed() {
    return this.marked.filter(({ study, index }) => !this.#verdict(study, index));
  }

  /** What a target is called wherever a verdict on it is spoken of. */
  nameOf = ({ study, index }) =>
    index === null ? t('reading.image.whole', { image: study.name }) : t('reading.finding.full', { image: study.name, number: index + 1 });

  /** Where a comment was typed that is not saved. */
  get drafted() {
    const items = this.page.studies.filter(({ result }) => result).flatMap((study) => [null, ...study.result.findings.keys()].map((index) => ({ study, index })));
    return items.filter((target) => this.page.drafts.of(keyOf(target)) !== undefined);
  }

  rowOf = (target) => this.rows.get(keyOf(target)) || null;

  focus(target) {
    role(this.rowOf(target) || this.root, 'go')?.focus({ preventScroll: true });
  }

  /** Say in its row what becomes of a verdict. */
  status(target, words) {
    const row = this.rowOf(target);
    if (row) role(row, 'status').textContent = words;
  }

  /** Light up the row of what was touched just now. */
  light(target) {
    const lit = target && this.rowOf(target);
    for (const row of this.rows.values()) row.toggleAttribute('data-lit', row === lit);
  }

  /** Show a finding that the threshold hides. */
  uncover({ study, index }) {
    if (index === null || study.result.findings[index].probability >= this.#limitOf(study)) return;
    const limit = Math.floor(study.result.findings[index].probability * 100);
    role(this.root, 'threshold').value = limit;
    this.#limit(limit / 100);
  }

  #verdict = (study, index) => this.page.reviews.verdictOf(study, index);

  #isLit(study, index) {
    const { lit } = this.page.status;
    return lit !== null && lit.study === study && lit.index === index;
  }

  #isChosen(study, index) {
    const { chosen } = this.page;
    return chosen !== null && chosen.study === study && chosen.index === index;
  }

  /** Write the list anew where it changed; what is being typed into a comment stays. */
  show() {
    const keys = new Set();
    let before = null;
    for (const { study, index } of this.items) {
      const key = keyOf({ study, index });
      keys.add(key);
      if (!this.rows.has(key)) this.rows.set(key, this.#row({ study, index }));
      const row = this.rows.get(key);
      this.#fill(row, study, index);
      if (before ? before.nextElementSibling !== row : this.list.firstElementChild !== row) before ? before.after(row) : this.list.prepend(row);
      before = row;
    }
    for (const [key, row] of this.rows)
      if (!keys.has(key)) {
        row.remove();
        this.rows.delete(key);
      }
    this.#adopt();
    this.#sayHidden();
  }

  #row(target) {
    const { study, index } = target;
    const row = copy(document.getElementById(index === null ? 'image-row' : 'finding-row'));
    const go = role(row, 'go');
    go.addEventListener('click', () => this.page.onPick(study, index));
    for (const verdict of ['confirmed', 'dismissed']) role(row, verdict).addEventListener('click', () => this.#say(target, verdict));
    const text = role(row, 'text');
    text.value = this.page.drafts.of(keyOf(target)) ?? '';
    row.querySelector('details').open = text.value !== '';
    text.addEventListener('input', () => this.#draft(row, target));
    for (const [name, event] of [['save', 'click'], ['text', 'change']]) role(row, name).addEventListener(event, () => this.#comment(row, target));
    return row;
  }

  #fill(row, study, index) {
    const finding = index === null ? null : study.result.findings[index];
    const whole = this.nameOf({ study, index });
    const what = finding ? whole : study.name;
    const review = this.page.reviews.of({ study, index });
    row.toggleAttribute('data-chosen', this.#isChosen(study, index));
    row.dataset.verdict = review?.verdict || '';
    write(role(row, 'what'), what);
    if (finding) this.#fillFinding(row, study, finding);
    else this.#fillImage(row, study);
    for (const [verdict, verb] of [['confirmed', 'confirm'], ['dismissed', 'dismiss']]) {
      const button = role(row, verdict);
      const given = review?.verdict === verdict;
      button.setAttribute('aria-pressed', String(given));
      button.setAttribute('aria-label', t('reading.verdict.of', { verb: t(`reading.${given ? verdict : verb}`), what: whole }));
      write(button.querySelector('span'), t(`reading.${given ? verdict : verb}`));
    }
    const text = role(row, 'text');
    text.setAttribute('aria-label', t('reading.comment.of', { what: whole }));
    const unsaved = this.page.drafts.of(keyOf({ study, index })) !== undefined;
    if (!unsaved && document.activeElement !== text) text.value = review?.comment || '';
    role(row, 'unsaved').hidden = !unsaved;
    row.querySelector('details').toggleAttribute('data-said', Boolean(review?.comment));
    write(role(row, 'by'), review ? t('reading.by', { who: review.reviewer, when: this.page.when(review.reviewed_at) }) : '');
  }

  #fillFinding(row, study, finding) {
    const { state, percent } = headlineOf(study.result, finding);
    row.dataset.assessment = state;
    role(row, 'swatch').style.borderColor = STATES[state].colour;
    write(role(row, 'said'), state === 'unknown' ? '' : t(`common.assessment.${state}`));
    write(role(row, 'percent'), percent);
    const { probability: there, probability_malignant: suspicion } = finding;
    write(role(row, 'words'), suspicion === null ? t('reading.finding.unknown') : t('reading.suspicion', { words: inWords(suspicion) }));
    write(role(row, 'there'), t('reading.finding.there', { words: inWords(there), percent: probability(there) }));
    write(role(row, 'kind'), t(`reading.kind.${finding.label}`));
    const { pixel_spacing_mm: spacing, spacing_plane: plane } = study.result.image;
    const { width, height } = finding.box;
    const size = spacing
      ? t(plane === 'detector' ? 'reading.finding.size.detector' : 'reading.finding.size', { width: (width * spacing[1]).toFixed(0), height: (height * spacing[0]).toFixed(0) })
      : t('reading.finding.size.pixels', { width: Math.round(width), height: Math.round(height) });
    write(role(row, 'size'), size);
  }

  #fillImage(row, study) {
    const { assessment, probability_malignant: value, thresholds, findings, heat_map: heat } = study.result;
    row.dataset.assessment = assessment;
    write(role(row, 'said'), t(`common.assessment.${assessment}`));
    write(role(row, 'percent'), probability(value, thresholds));
    write(role(row, 'words'), t('reading.suspicion', { words: inWords(value) }));
    const note = study.film ? (findings.length ? '' : t('reading.image.none')) : heat ? t('reading.image.map') : '';
    write(role(row, 'note'), note && `· ${note}`);
    this.#note(role(row, 'notices'), listItems(noticesWords(study.result.notices)));
    const report = role(row, 'link');
    report.href = `${url(this.page.urls.jobReportUrl, study.jobId)}?format=html&lang=${this.page.lang}`;
  }

  /** What the pipeline asks to bear in mind of an image; it does not change, so it is written once. */
  #note(list, items) {
    if (list.childElementCount === items.length) return;
    list.hidden = false;
    list.replaceChildren(...items);
  }

  #sayHidden() {
    const read = this.page.studies.filter(({ result }) => result);
    const below = (study) => study.result.findings.filter(({ probability: value }) => value < this.#limitOf(study));
    const hidden = read.reduce((sum, study) => sum + below(study).length, 0);
    const limit = this.threshold ?? Math.max(0, ...read.map((study) => this.#limitOf(study)));
    if (this.threshold === null) role(this.root, 'threshold').value = Math.round(limit * 100);
    const percent = `${Math.round(limit * 100)}%`;
    write(role(this.root, 'threshold-value'), percent);
    write(role(this.root, 'hidden'), hidden ? t('reading.threshold.hidden', { count: hidden, percent }) : t('reading.threshold.all'));
    this.root.toggleAttribute('data-hides', hidden > 0);
    role(this.root, 'threshold-of-marks').hidden = !read.some((study) => study.film); // only films have marks
    role(this.root, 'show-all').hidden = hidden === 0;
  }

  #limit(value) {
    this.threshold = value;
    const { chosen } = this.page;
    const gone = chosen?.index != null && chosen.study.result.findings[chosen.index].probability < value;
    if (gone) this.page.navigation.drop(); // what is hidden must not be the target of the next key
    this.show();
    this.page.draw();
  }

  /** Give a verdict, or take it back where it is given already; its image comes onto the screen first. */
  #say(target, verdict) {
    this.page.reveal(target);
    const given = this.#verdict(target.study, target.index) === verdict;
    this.page.reviews.say(target, { verdict: given ? null : verdict });
  }

  /** What was typed of an analysis that another has replaced goes to its image as a whole. */
  #adopt() {
    for (const key of this.page.drafts.keys) {
      const study = this.page.studies.find(({ formerJobs }) => formerJobs.some((job) => key.startsWith(job)));
      if (study) this.page.drafts.move(key, keyOf({ study, index: null }));
    }
  }

  #draft(row, target) {
    this.page.drafts.keep(keyOf(target), role(row, 'text').value.trim(), this.page.reviews.of(target)?.comment || '');
    role(row, 'unsaved').hidden = this.page.drafts.of(keyOf(target)) === undefined;
  }

  async #comment(row, target) {
    const comment = role(row, 'text').value.trim();
    if (comment === (this.page.reviews.of(target)?.comment || '')) return;
    if (await this.page.reviews.say(target, { comment })) this.#draft(row, target);
  }
}

const keyOf = ({ study, index }) => `${study.jobId} ${index}`;
