// The report section of the panel: what is open, drafts, and the versions that were signed.

import { Problem, call, url } from '../core/api.js';
import { copy, message, role, write } from '../core/dom.js';
import { t } from '../core/words.js';

const FAILED = ['failed', 'dead', 'cancelled'];

/** See above. */
export class Versions {
  constructor(root, page) {
    Object.assign(this, { root, page });
    this.dialog = document.getElementById('signing');
    this.signing = null;
    this.asking = false;
    role(root, 'sign').addEventListener('click', () => this.#ask());
  }

  /** Whether a comment for the report was typed and is not signed yet. */
  get typed() {
    return this.dialog.querySelector('[name="comment"]').value.trim() !== '';
  }

  /** Go to the newest version. */
  focus() {
    role(this.root, 'version-list').querySelector('a')?.focus();
  }

  show() {
    const { page } = this;
    const { state, reports, conclusion, images } = page.case;
    const last = reports[0];
    const open = page.findings.unreviewed.length;
    write(role(this.root, 'to-review'), open ? t('reading.to_review', { count: open }) : page.findings.marked.length ? t('reading.all_reviewed') : '');
    const sign = role(this.root, 'sign');
    sign.disabled = conclusion.assessment === null && images.every((image) => image.state !== 'failed');
    write(sign.querySelector('span'), t(last ? 'reading.sign.again' : 'reading.sign'));
    sign.hidden = state === 'signed';
    const changed = last && state !== 'signed';
    message(role(this.root, 'changed'), changed ? t('reading.changed.since', { version: last.version }) : '', { symbol: 'alert' });
    for (const format of ['html', 'pdf']) role(this.root, `draft-${format}`).href = this.#report('draft', format);
    role(this.root, 'versions').hidden = reports.length === 0;
    this.#list(reports);
    if (this.dialog.open) this.signing?.changed();
  }

  /** Written anew only where it changed: a link that has the focus keeps it. */
  #list(reports) {
    const list = role(this.root, 'version-list');
    const words = JSON.stringify(reports);
    if (list.dataset.words === words) return;
    list.dataset.words = words;
    list.replaceChildren(...reports.map((report) => this.#version(report)));
  }

  #report(version, format) {
    return `${url(this.page.urls.reportUrl, this.page.case.id, { version })}?format=${format}&lang=${this.page.lang}`;
  }

  #version({ version, signed_by: name, signed_at: at, superseded, conclusion, comment, renderings }) {
    const line = copy(document.getElementById('version'));
    line.toggleAttribute('data-old', superseded);
    role(line, 'number').textContent = t('reading.version', { version });
    role(line, 'state').textContent = t(superseded ? 'reading.version.old' : 'reading.version.current');
    role(line, 'by').textContent = t('reading.version.by', { name, when: this.page.when(at) });
    role(line, 'said').textContent = [conclusion && t(`common.assessment.${conclusion}`), comment].filter(Boolean).join(' · ');
    const links = [['html', 'reading.open.of'], ['pdf', 'reading.pdf.of']];
    for (const [format, key] of links) {
      const link = role(line, format);
      link.href = this.#report(version, format) + (format === 'pdf' ? '&download=true' : '');
      link.setAttribute('aria-label', t(key, { version }));
    }
    const ours = ({ language, state }) => language === this.page.lang && FAILED.includes(state);
    role(line, 'failed').hidden = !renderings.some(ours);
    role(line, 'again').addEventListener('click', (event) => this.#again(version, event.currentTarget));
    return line;
  }

  /** What could not be rendered of a version is tried again; its links wait for it. */
  async #again(version, button) {
    button.disabled = true;
    try {
      const target = `${url(this.page.urls.reportUrl, this.page.case.id, { version })}/renderings`;
      await call(target, { method: 'POST', send: {} });
      await this.page.refresh();
    } catch (problem) {
      button.disabled = false;
      this.page.trouble(problem instanceof Problem ? problem : new Problem(0, { code: 'offline' }), null);
    }
  }

  /** The dialog is fetched when it is wanted first. */
  async #ask() {
    if (this.asking) return;
    this.asking = true;
    try {
      const { Signing } = await import('./signing.js').catch(() => {
        throw new Problem(0, { code: 'offline' });
      });
      this.signing ??= new Signing(this.dialog, this.page);
      await this.page.reviews.settled;
      await this.page.refresh();
      this.signing.open();
    } catch (problem) {
      this.page.trouble(problem, null);
    } finally {
      this.asking = false;
    }
  }
}
