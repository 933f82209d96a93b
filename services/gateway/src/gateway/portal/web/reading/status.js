// The line below the films: what is chosen, what was done last, and the way back.

import { role, write } from '../core/dom.js';
import { t } from '../core/words.js';

const LIT_MS = 2500;

/** See above. */
export class StatusLine {
  constructor(root, page) {
    Object.assign(this, { root, page });
    /** @type {import('./reviews.js').Target | null} What was touched a moment ago: its mark shows, whatever is hidden. */
    this.lit = null;
    role(root, 'undo').addEventListener('click', () => this.#undo());
  }

  show() {
    const { chosen, findings, reviews } = this.page;
    write(role(this.root, 'target'), chosen ? t('reading.target', { what: findings.nameOf(chosen) }) : t('reading.target.none'));
    const { last } = reviews;
    const undo = role(this.root, 'undo');
    undo.hidden = !last;
    if (last) write(role(undo, 'undo-what'), t('reading.undo.what', { what: findings.nameOf(last.target) }));
  }

  /** Say something that is no change. */
  tell(words) {
    const line = role(this.root, 'words');
    line.textContent = ''; // the same words twice are two messages
    line.textContent = words;
    this.root.toggleAttribute('data-bad', false);
    this.show();
  }

  /** Show what was touched: in the line, in its row, and on its image. The reader may have gone on, and is not called back. */
  done(target, words) {
    this.tell(words);
    this.page.findings.status(target, t('reading.saved'));
    this.lit = target;
    this.page.light();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.lit = null;
      this.page.light();
    }, LIT_MS);
  }

  /** @param {Error} problem In words. */
  failed(target, problem) {
    const words = t('reading.not_saved', { detail: problem.message });
    if (target) this.page.findings.status(target, words);
    this.tell(target ? t('reading.not_saved.of', { what: this.page.findings.nameOf(target), detail: problem.message }) : words);
    this.root.toggleAttribute('data-bad', true);
  }

  async #undo() {
    const { last } = this.page.reviews;
    await this.page.reviews.undo();
    if (role(this.root, 'undo').hidden && last) this.page.findings.focus(last.target);
  }
}
