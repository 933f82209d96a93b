// The reading page: one case, its images, what was found, and the clinician's word on it.

import { Problem, call, url } from '../api.js';
import { message, role } from '../dom.js';
import { loop } from '../poll.js';
import { language, localTimes, probability, problemWords, t } from '../words.js';
import { Conclusion } from './conclusion.js';
import { Edit } from './edit.js';
import { Findings } from './findings.js';
import { Hanging } from './hanging.js';
import { listen } from './keys.js';
import { Signing } from './signing.js';
import { Study, hangingOf } from './study.js';
import { Tools, remembered } from './tools.js';

const BUSY_MS = 1500;
const CALM_MS = 30000;
const TWO_AT_ONCE = 2;

class Page {
  constructor(root) {
    this.root = root;
    this.urls = root.dataset;
    this.lang = language.slice(0, 2);
    this.case = null;
    this.studies = [];
    this.active = null;
    this.chosen = null; // {study, index}: the finding, or the image where index is null
    this.layout = null;
    this.shown = remembered();
    this.times = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
    this.hanging = new Hanging(root, this);
    this.findings = new Findings(role(root, 'findings'), this);
    this.conclusion = new Conclusion(role(root, 'conclusion'), this);
    this.signing = new Signing(role(root, 'report'), document.getElementById('signing'), this);
    this.tools = new Tools(root, this);
    this.edit = new Edit(document.getElementById('edit'), this);
    this.waiting = [];
    this.loading = 0;
  }

  when = (at) => this.times.format(new Date(at));

  get activePane() {
    return this.active && this.hanging.paneOf(this.active);
  }

  /** Ask for the case again, and show what changed. */
  async refresh() {
    const { body, headers } = await call(`${url(this.urls.caseUrl, this.urls.caseId)}?lang=${this.lang}`);
    this.etag = headers.get('ETag');
    const same = this.case?.revision === body.revision && JSON.stringify(this.case) === JSON.stringify(body);
    this.case = body;
    if (!same) this.#take();
  }

  /** The pace of the next look, as poll.js asks. */
  async ask() {
    await this.refresh();
    message(role(this.root, 'trouble'), '');
    return this.case.state === 'analysing' ? BUSY_MS : CALM_MS;
  }

  #take() {
    const known = new Map(this.studies.map((study) => [study.id, study]));
    this.studies = named(this.case.images).map(([entry, name]) => {
      const study = known.get(entry.id) || new Study(this.urls, (changed) => this.#changed(changed));
      if (study.update(entry, name)) this.#queue(study);
      return study;
    });
    if (!this.studies.includes(this.active)) this.active = this.#first();
    if (!this.studies.includes(this.chosen?.study)) this.chosen = null;
    this.layout ??= this.studies.length ? Hanging.preferred(this.studies) : null;
    this.show();
  }

  /** The image to read first: where the suspicion is highest, among the films where these hang. */
  #first() {
    const value = (study) => study.entry.job.probability_malignant ?? -1;
    const hung = this.studies.filter(({ hanging }) => hanging);
    return [...(hung.length ? hung : this.studies)].sort((a, b) => value(b) - value(a))[0] || null;
  }

  #queue(study) {
    this.waiting.push(study);
    this.#work();
  }

  async #work() {
    if (this.loading >= TWO_AT_ONCE || !this.waiting.length) return;
    this.loading += 1;
    await this.waiting.shift().load();
    this.loading -= 1;
    this.#work();
    if (!this.loading && !this.waiting.length) this.#deepen();
  }

  /** The full depth comes after all pictures are there: first the image that is read, then those that hang beside it. */
  async #deepen() {
    const films = this.studies.filter(({ film, source }) => film && source);
    for (const study of [this.active, ...films].filter(Boolean)) await study.deepen();
  }

  #changed(study) {
    this.hanging.arrange();
    this.findings.show();
    this.conclusion.show();
    this.signing.show();
    if (study === this.active) this.tools.show();
  }

  show() {
    const empty = this.studies.length === 0;
    this.root.toggleAttribute('data-empty', empty);
    role(this.root, 'loading').hidden = true;
    role(this.root, 'empty').hidden = !empty;
    role(this.root, 'reading').hidden = empty;
    const state = role(this.root, 'state');
    state.textContent = t(`common.state.${this.case.state}`);
    state.dataset.state = this.case.state;
    this.hanging.layout = this.layout;
    this.hanging.arrange();
    this.conclusion.show();
    this.findings.show();
    this.signing.show();
    this.tools.show();
  }

  draw() {
    this.hanging.draw();
  }

  findingsOf = (study) => this.findings.of(study);

  /** What an image is and what was said of it, in words. */
  describe(study) {
    if (!study.result) return t('reading.describe.none', { name: study.name });
    const { assessment, probability_malignant: value, thresholds } = study.result;
    return t('reading.describe', { name: study.name, assessment: t(`common.assessment.${assessment}`), percent: probability(value, thresholds) });
  }

  failureOf(study) {
    const { error, state } = study.entry.job;
    return state === 'cancelled' ? t('reading.cancelled') : problemWords(error || {});
  }

  hopeless = (study) => this.urls.inputErrors.split(' ').includes(study.entry.job.error?.code);

  arrange(layout) {
    this.layout = layout;
    this.show();
  }

  onChoose(study) {
    this.onPick(study, null);
    this.say(t('reading.selected', { name: study.name }));
  }

  onUse(pane) {
    if (pane.study && pane.study !== this.active) this.onPick(pane.study, null, false);
  }

  /** Go to a finding, or to an image as a whole. */
  onPick(study, index, go = true) {
    this.active = study;
    this.chosen = { study, index };
    this.hanging.arrange();
    this.findings.show();
    this.tools.show();
    this.draw();
    study.deepen();
    if (!go) return;
    if (index !== null) this.hanging.paneOf(study)?.frame(study.result.findings[index].box);
    this.findings.rows.get(`${study.jobId} ${index}`)?.scrollIntoView({ block: 'nearest' });
  }

  /** The next finding, or the one before. */
  step(by) {
    const { items } = this.findings;
    if (!items.length) return;
    const at = items.findIndex(({ study, index }) => study === this.chosen?.study && index === this.chosen.index);
    const next = items[(at + by + items.length + (at < 0 && by < 0 ? 1 : 0)) % items.length];
    this.onPick(next.study, next.index);
    this.findings.rows.get(`${next.study.jobId} ${next.index}`)?.querySelector('[data-role="go"]').focus({ preventScroll: true });
  }

  judge(verdict) {
    if (this.chosen?.study.result) this.findings.say(this.chosen.study, this.chosen.index, verdict);
  }

  chooseFirst(fits) {
    const study = this.studies.find(fits);
    if (study) this.onChoose(study);
  }

  chooseField(number) {
    const study = this.studies.filter(({ film }) => !film)[number];
    if (study) this.onChoose(study);
  }

  onWindow(pane, dx, dy) {
    this.tools.adjust(pane.study, dx / 200, -dy / 400);
  }

  onView() {}

  onEdit(study) {
    this.edit.open(study);
  }

  async onRetry(study) {
    try {
      await call(url(this.urls.retryUrl, study.jobId), { method: 'POST' });
      this.watcher.wake();
    } catch (problem) {
      this.trouble(problem, null);
    }
  }

  trouble(problem, seconds) {
    if (!(problem instanceof Problem)) throw problem;
    const gone = problem.status === 401;
    const back = encodeURIComponent(location.pathname);
    const links = gone ? [{ href: `${this.urls.loginUrl}?next=${back}`, label: t('steps.log_in_again') }] : [];
    const words = seconds === null ? problem.message : t('reading.trouble', { problem: problem.message });
    message(role(this.root, 'trouble'), words, { symbol: 'offline', links });
  }

  say(words) {
    role(this.root, 'announcer').textContent = words;
  }
}

/** Images in the order of reading, each with what it is called: hung films first, other films, fields. */
function named(images) {
  const order = ['RCC', 'LCC', 'RMLO', 'LMLO'];
  const place = (image) => (hangingOf(image) ? order.indexOf(hangingOf(image)) : image.modality === 'mammography' ? 4 : 5);
  const counts = new Map();
  return [...images]
    .sort((a, b) => place(a) - place(b))
    .map((image) => {
      const view = hangingOf(image);
      const kind = view || (image.modality === 'mammography' ? 'film' : 'field');
      const number = (counts.get(kind) || 0) + 1;
      counts.set(kind, number);
      if (view) return [image, number > 1 ? `${view} ${number}` : view];
      return [image, t(`reading.${kind}`, { number })];
    });
}

const page = new Page(document.getElementById('reading'));
listen(page, document.getElementById('shortcuts'), document.getElementById('shortcuts-on'));
for (const button of document.querySelectorAll('[data-opens]'))
  button.addEventListener('click', () => document.getElementById(button.dataset.opens).showModal());
for (const button of document.querySelectorAll('[data-closes]'))
  button.addEventListener('click', () => button.closest('dialog').close());
localTimes(document);
page.watcher = loop(() => page.ask(), (problem, seconds) => page.trouble(problem, seconds));
