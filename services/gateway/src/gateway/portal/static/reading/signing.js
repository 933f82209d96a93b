// Signing the report, and the versions that were signed.

import { Problem, call, url } from '../api.js';
import { copy, message, role, write } from '../dom.js';
import { counted, t } from '../words.js';

/** The report section of the panel and the dialog to sign in. */
export class Signing {
  constructor(root, dialog, page) {
    Object.assign(this, { root, dialog, page });
    this.form = dialog.querySelector('form');
    role(root, 'sign').addEventListener('click', () => this.#ask());
    role(dialog, 'cancel').addEventListener('click', () => dialog.close());
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#sign();
    });
  }

  show() {
    const { page } = this;
    const { state, reports, conclusion, images } = page.case;
    const last = reports[0];
    const open = page.findings.unreviewed;
    write(role(this.root, 'to-review'), open ? counted('reading.to_review', open) : page.studies.some(({ result }) => result?.findings.length) ? t('reading.all_reviewed') : '');
    const sign = role(this.root, 'sign');
    sign.disabled = conclusion.assessment === null && images.every((image) => image.state !== 'failed');
    write(sign.querySelector('span'), t(last ? 'reading.sign.again' : 'reading.sign'));
    sign.hidden = state === 'signed';
    const changed = last && state !== 'signed';
    message(role(this.root, 'changed'), changed ? t('reading.changed.since', { version: last.version }) : '', { symbol: 'alert' });
    for (const format of ['html', 'pdf']) role(this.root, `draft-${format}`).href = this.#report('draft', format);
    role(this.root, 'versions').hidden = reports.length === 0;
    role(this.root, 'version-list').replaceChildren(...reports.map((report) => this.#version(report)));
  }

  #report(version, format) {
    return `${url(this.page.urls.reportUrl, this.page.case.id, { version })}?format=${format}&lang=${this.page.lang}`;
  }

  #version({ version, signed_by: name, signed_at: at, superseded, conclusion, comment }) {
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
    return line;
  }

  #ask() {
    const { conclusion, images } = this.page.case;
    const open = this.page.findings.unreviewed;
    const own = conclusion.assessment;
    role(this.dialog, 'adopt').textContent = own
      ? t('reading.sign.adopt', { assessment: t(`common.assessment.${own}`) })
      : t('reading.sign.adopt.none');
    message(role(this.dialog, 'unreviewed'), open ? t('reading.sign.unreviewed', { count: open }) : '');
    const pending = images.some(({ state }) => state === 'pending');
    message(role(this.dialog, 'pending'), pending ? t('reading.sign.pending') : '', { symbol: 'queue' });
    message(role(this.dialog, 'problem'), '');
    this.dialog.showModal();
  }

  async #sign() {
    const submit = role(this.dialog, 'submit');
    submit.disabled = true;
    const { conclusion, comment } = this.form.elements;
    const send = { conclusion: conclusion.value || null, comment: comment.value.trim() };
    try {
      const target = url(this.page.urls.reportsUrl, this.page.case.id);
      const { body } = await call(target, { method: 'POST', send, ifMatch: this.page.etag });
      this.dialog.close();
      this.form.reset();
      await this.page.refresh();
      this.page.say(t('reading.signed.now', { version: body.version }));
      role(this.root, 'version-list').querySelector('a')?.focus();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      const stale = problem.status === 412;
      if (stale) await this.page.refresh();
      message(role(this.dialog, 'problem'), stale ? t('reading.conflict') : problem.message);
    } finally {
      submit.disabled = false;
    }
  }
}
