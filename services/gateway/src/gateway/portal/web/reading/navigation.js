// Which image is read, which finding is chosen, and how the reader goes from one to the next.

import { t } from '../core/words.js';

/** Acts on `page.active`, the image that tools work on, and `page.chosen`, the target of the next verdict. */
export class Navigation {
  constructor(page) {
    this.page = page;
  }

  /**
   * Choose a finding, or an image as a whole, and bring it onto the screen.
   * @param {import('../viewer/study.js').Study} study
   * @param {number | null} index
   * @param {boolean} go Whether to move the film and the list there; not where the reader points at it already.
   */
  pick(study, index, go = true) {
    const { page } = this;
    page.active = study;
    page.chosen = { study, index, jobId: study.jobId };
    page.hanging.arrange();
    page.findings.show();
    page.tools.show();
    page.status.show();
    page.draw();
    study.deepen();
    if (!go) return;
    if (index !== null) page.hanging.paneOf(study)?.frame(study.result.findings[index].box);
    this.#scroll();
  }

  /** Bring the row of what is chosen into the list's sight, and its film into the window's: on a phone the film wins. */
  #scroll() {
    const { chosen, findings, hanging } = this.page;
    findings.rowOf(chosen)?.scrollIntoView({ block: 'nearest' });
    if (!hanging.shows(chosen.study, chosen.index)) hanging.paneOf(chosen.study)?.root.scrollIntoView({ block: 'nearest' });
  }

  /** Choose an image as a whole. */
  choose(study) {
    this.pick(study, null);
    this.page.say(t('reading.selected', { name: study.name }));
  }

  /** Work on the image of a pane. It is not chosen for a verdict: a click that pans must not aim the next key. */
  use(pane) {
    const { page } = this;
    if (!pane.study || pane.study === page.active) return;
    page.active = pane.study;
    if (page.chosen?.study !== pane.study) page.chosen = null;
    page.hanging.arrange();
    page.findings.show();
    page.tools.show();
    page.status.show();
    page.draw();
    pane.study.deepen();
  }

  /** Nothing is chosen any longer. */
  drop() {
    this.page.chosen = null;
    this.page.status.show();
  }

  /** Bring a target onto the screen where it is not there already. */
  reveal({ study, index }) {
    const { page } = this;
    page.findings.uncover({ study, index });
    this.pick(study, index, !page.hanging.shows(study, index));
    this.#scroll();
  }

  /** The next finding, or the one before; the first time, beginning at the image that is read. */
  step(by) {
    const { page } = this;
    const { items } = page.findings;
    if (!items.length) return;
    const { chosen } = page;
    const at = items.findIndex(({ study, index }) => study === chosen?.study && index === chosen.index);
    const here = items.findIndex(({ study }) => study === page.active);
    const from = at >= 0 ? at : here < 0 ? -1 : by > 0 ? here - 1 : here;
    const next = items[(from + by + items.length + (from < 0 && by < 0 ? 1 : 0)) % items.length];
    this.pick(next.study, next.index);
    page.findings.focus(next);
  }

  /** The film of a view: the one that hangs, then the others of this view in turn. */
  view(name) {
    const { page } = this;
    const here = page.studies.filter(({ hanging }) => hanging === name);
    if (!here.length) {
      page.status.tell(t('reading.missing', { view: name }));
      return;
    }
    const shown = here.find((study) => page.hanging.paneOf(study)) || here[0];
    const again = page.chosen?.study === shown && page.chosen.index === null;
    this.choose(again ? here[(here.indexOf(shown) + 1) % here.length] : shown);
  }

  field(number) {
    const study = this.page.studies.filter(({ film }) => !film)[number];
    if (study) this.choose(study);
    else this.page.status.tell(t('reading.missing', { view: t('reading.field', { number: number + 1 }) }));
  }

  /** Give a verdict by key: only on what the reader sees. What is out of sight is shown first, and named. */
  judge(verdict) {
    const { page } = this;
    const { chosen } = page;
    if (!chosen?.study.result) {
      page.status.tell(t('reading.judge.nothing'));
      return;
    }
    if (page.hanging.shows(chosen.study, chosen.index)) {
      page.reviews.say(chosen, { verdict });
      return;
    }
    this.pick(chosen.study, chosen.index);
    page.status.tell(t('reading.judge.shown', { what: page.findings.nameOf(chosen) }));
  }
}
