// The dialog to sign in: it chooses nothing, names what is open, and asks again where the conclusion contradicts the verdicts.

import { Problem, call, url } from '../core/api.js';
import { message, role, write } from '../core/dom.js';
import { list, t } from '../core/words.js';
import { contradiction } from './contradiction.js';

/** See above. The comment stays when the dialog is closed; everything else is asked anew. */
export class Signing {
  constructor(dialog, page) {
    Object.assign(this, { dialog, page });
    this.form = dialog.querySelector('form');
    this.busy = false;
    role(dialog, 'cancel').addEventListener('click', () => dialog.close());
    dialog.addEventListener('cancel', (event) => {
      if (this.busy) event.preventDefault(); // Escape cannot call back what is being signed
    });
    this.form.addEventListener('change', (event) => {
      // Not when a text field is left: what moves then would move the button away under the pointer.
      if (event.target.matches('[type="radio"], [type="checkbox"]')) this.#contradict();
    });
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#sign();
    });
  }

  open() {
    const { comment } = this.form.elements;
    const kept = comment.value;
    this.form.reset();
    comment.value = kept;
    this.seen = this.page.etag;
    for (const name of ['stale', 'problem', 'conclusion-problem', 'stands-problem', 'password-problem']) this.#problem(name, '');
    this.#show();
    this.dialog.showModal();
    this.form.querySelector('[name="conclusion"]').focus();
  }

  /** The page was drawn anew while the dialog is open: say what is open now, and that it is not what was seen. */
  changed() {
    this.#show();
    if (this.seen === this.page.etag || this.busy) return;
    this.seen = this.page.etag;
    this.#anew();
  }

  #anew() {
    for (const choice of this.form.querySelectorAll('[name="conclusion"]')) choice.checked = false;
    this.form.elements.stands.checked = false;
    this.#contradict();
    this.#problem('stale', t('reading.conflict'));
  }

  #show() {
    const { images, conclusion } = this.page.case;
    const ofState = (wanted) => this.page.judged.filter(({ state }) => state === wanted).map((study) => ({ study, index: null }));
    const drafts = this.page.findings.drafted;
    this.lacking = { unreviewed: this.page.findings.unreviewed, not_assessed: ofState('failed'), pending: ofState('pending') };
    for (const [name, targets] of [...Object.entries(this.lacking), ['drafts', drafts]]) this.#name(role(this.dialog, name), targets);
    role(this.dialog, 'settled').hidden = Object.values(this.lacking).some((targets) => targets.length) || drafts.length > 0 || !images.length;
    const own = conclusion.assessment;
    write(role(this.dialog, 'system'), own ? t('reading.sign.system', { assessment: t(`common.assessment.${own}`) }) : t('reading.sign.system.none'));
    this.#contradict();
  }

  /** Links that close the dialog and go there. */
  #name(line, targets) {
    line.hidden = targets.length === 0;
    const links = targets.map((target) => {
      const link = document.createElement('button');
      link.type = 'button';
      link.className = 'chip';
      link.textContent = target.index === null ? target.study.name : this.page.findings.nameOf(target);
      link.addEventListener('click', () => {
        this.dialog.close();
        this.page.reveal(target);
        this.page.findings.focus(target);
      });
      return link;
    });
    role(line, 'links').replaceChildren(...links);
  }

  #contradict() {
    const { conclusion, stands } = this.form.elements;
    const found = contradiction(conclusion.value, this.page.judged, this.page.reviews.verdictOf);
    const words = found && list(found.targets.map((target) => this.page.findings.nameOf(target)));
    const said = found ? t(`reading.sign.${found.code}`, { what: words }) : '';
    const box = role(this.dialog, 'contradiction');
    if (role(box, 'words').textContent !== said) stands.checked = false; // another contradiction is another question
    write(role(box, 'words'), said);
    box.hidden = !found;
    this.contradicts = Boolean(found);
    if (conclusion.value) this.#problem('conclusion-problem', '');
    if (!found || stands.checked) this.#problem('stands-problem', '');
  }

  #problem(name, words, more = {}) {
    const element = role(this.dialog, name); // there is none for a password that nobody asks for
    if (element) message(element, words, more);
  }

  /** What keeps it from being signed, said beside where it is mended; the first one gets the focus. */
  #lacks() {
    const { conclusion, stands, comment, password } = this.form.elements;
    const why = this.contradicts && !(stands.checked && comment.value.trim());
    const checks = [
      ['conclusion-problem', !conclusion.value, 'reading.sign.choose', this.form.querySelector('[name="conclusion"]')],
      ['stands-problem', why, 'reading.sign.say_why', stands.checked ? comment : stands],
      ['password-problem', password && !password.value, 'errors.password_required', password],
    ];
    for (const [name, wrong, words] of checks) this.#problem(name, wrong ? t(words) : '');
    const [, , , first] = checks.find(([, wrong]) => wrong) || [];
    first?.focus();
    return Boolean(first);
  }

  async #sign() {
    if (this.busy || this.#lacks()) return;
    const { conclusion, comment, password } = this.form.elements;
    const open = Object.entries(this.lacking).filter(([, targets]) => targets.length).map(([name]) => name);
    const send = {
      conclusion: conclusion.value,
      comment: comment.value.trim(),
      password: password?.value || null,
      acknowledged: this.contradicts ? [...open, 'contradiction'] : open,
    };
    this.#working(true);
    this.#problem('problem', '');
    try {
      const target = url(this.page.urls.reportsUrl, this.page.case.id);
      const { body } = await call(target, { method: 'POST', send, ifMatch: this.seen });
      this.form.reset();
      this.dialog.close();
      await this.#signed(body.version);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      await this.#refused(problem);
    } finally {
      this.#working(false);
    }
  }

  async #signed(version) {
    this.page.status.tell(t('reading.signed.now', { version }));
    try {
      await this.page.refresh();
      this.page.versions.focus();
    } catch {
      this.page.watcher.wake(); // it is signed; the next look at the case says what else is wrong
    }
  }

  async #refused(problem) {
    const { password } = this.form.elements;
    if (problem.status === 412) {
      await this.page.refresh().catch(() => {});
      this.seen = this.page.etag;
      this.#anew();
    } else if (password && ['wrong_password', 'password_required'].includes(problem.code)) {
      this.#problem('password-problem', problem.message);
      password.value = '';
      password.focus();
    } else {
      const gone = problem.status === 401;
      const links = gone ? [{ href: `${this.page.urls.loginUrl}?next=${encodeURIComponent(location.pathname)}`, label: t('steps.log_in_again') }] : [];
      this.#problem('problem', problem.message, { links });
    }
  }

  #working(busy) {
    this.busy = busy;
    role(this.dialog, 'submit').disabled = busy;
    role(this.dialog, 'cancel').disabled = busy;
  }
}
