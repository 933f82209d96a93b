// Selects the current image and finding, and moves to the next or previous one.

import { t } from '../core/words.js';
import { activeOf, firstToRead, layoutOf, readIn, recentPriors, stepOf } from '../viewer/hanging.js';
import { viewOf } from '../viewer/image.js';
import { coupledTo, isHidden, marksOfRow, shownTargets, toReview, verdictOf, withVerdict } from './findings.js';
import { reads } from './state.js';
import { numberOf } from './numbering.js';
import { otherMarks } from './together.js';
import { findingOf, imageOf, nameOf, sameTarget, targetOf, targetsOf } from './targets.js';

/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../viewer/hanging.js').Layout} Layout */

/**
 * The index of the next or previous item of a list, relative to the chosen one; without one, relative to the current image.
 * @param {number} count
 * @param {{chosen: number, here: number}} places -1 where there is none.
 * @param {1 | -1} by
 */
export function stepped(count, { chosen, here }, by) {
  const from = chosen >= 0 ? chosen : here < 0 ? -1 : by > 0 ? here - 1 : here;
  return (from + by + count + (from < 0 && by < 0 ? 1 : 0)) % count;
}

/**
 * @param {import('./state.js').ReadingStore} store
 * @param {{
 *   panes: Pick<ReturnType<typeof import('../viewer/panes.js').createPanes>, 'of'>,
 *   list: Pick<ReturnType<typeof import('./findings-list.js').createFindingsList>, 'rowOf' | 'focus' | 'showFrom'>,
 *   deepen: (imageId: string) => void,
 *   tell: (words: string) => void,
 *   say: (target: Target, change: {verdict: import('./state.js').Verdict}) => void,
 *   conclude: () => unknown,
 * }} page
 */
export function createNavigation(store, { panes, list, deepen, tell, say, conclude }) {
  /** @type {Target | null} The finding that the reader reached by going through the open ones. */
  let through = null;

  /** Whether a mark belongs to a row. @param {Target} row @param {Target | null} mark */
  const isOf = (row, mark) => marksOfRow(store.state, row).some((other) => sameTarget(other, mark));

  /** @param {Target} target */
  const shows = (target) => panes.of(target.imageId)?.shows(findingOf(store.state.images, target)?.box ?? null) ?? false;

  /** Centre the marks of a lesion in their panes, also on earlier films, all at the scale of the largest. @param {Target} target */
  function bringUp(target) {
    const { state } = store;
    const earlier = state.images.filter(({ prior }) => prior && state.together).flatMap((image) => targetsOf(image));
    const number = numberOf(state, target);
    const before = earlier.filter((mark) => mark.index !== null && number !== null && numberOf(state, mark) === number);
    const framed = [target, ...otherMarks(state, target), ...before].flatMap((mark) => {
      const [pane, box] = [panes.of(mark.imageId), findingOf(state.images, mark)?.box];
      return pane && box ? [{ pane, box }] : [];
    });
    const times = Math.min(...framed.map(({ pane, box }) => pane.timesOf(box)));
    for (const { pane, box } of framed) pane.frame(box, times);
  }

  /**
   * Choose a finding, or an image as a whole, and bring it onto the screen.
   * @param {Target} target
   * @param {boolean} go Whether to move the film there; not where the reader points at it already.
   */
  function pick(target, go = true) {
    const image = imageOf(store.state.images, target);
    if (!image) return;
    store.update({ ...reads(image), chosen: target });
    deepen(image.id);
    if (!go) return;
    bringUp(target);
    scrollTo(target);
  }

  /** Scroll to the row of a target and to its film; on a phone, to the film. @param {Target} target */
  function scrollTo(target) {
    list.rowOf(target)?.scrollIntoView({ block: 'nearest' });
    if (!shows(target)) panes.of(target.imageId)?.root.scrollIntoView({ block: 'nearest' });
  }

  /** Choose an image as a whole. @param {ViewedImage} image */
  function choose(image) {
    pick(targetOf(image));
    store.update({ announced: t('reading.selected', { name: image.name }) });
  }

  return {
    pick,
    choose,

    /** The other marks of a lesion, if all are visible. @param {Target} target */
    coupled(target) {
      return shows(target) ? coupledTo(store.state, target).filter(shows) : [];
    },

    /** Make the image of a pane the current one. It is not chosen for a verdict, so that a click that pans does not direct the next key to it. */
    use(/** @type {ViewedImage | null} */ image) {
      if (!image || image.id === store.state.activeId) return;
      store.update(({ chosen }) => ({ ...reads(image), chosen: chosen?.imageId === image.id ? chosen : null }));
      deepen(image.id);
    },

    /** Show a target, unless it is visible already. @param {Target} target */
    reveal(target) {
      if (isHidden(store.state, target)) list.showFrom(findingOf(store.state.images, target)?.probability ?? 0);
      pick(target, !shows(target));
      scrollTo(target);
    },

    /** Choose the next or previous finding. @param {1 | -1} by */
    step(by) {
      const { chosen, activeId } = store.state;
      const items = shownTargets(store.state);
      if (!items.length) return;
      const places = { chosen: items.findIndex((item) => isOf(item, chosen)), here: items.findIndex((item) => marksOfRow(store.state, item).some(({ imageId }) => imageId === activeId)) };
      const next = items[stepped(items.length, places, by)];
      pick(next);
      list.focus(next);
    },

    conclude,

    /** Choose the next finding without a verdict, from the chosen one on and then from the first; without one go to the conclusion. @param {import('./state.js').Reading} [state] With what is being saved. */
    stepOpen(state = store.state) {
      const { chosen } = state;
      const marked = toReview(state);
      const from = marked.findIndex((target) => isOf(target, chosen)) + 1;
      const open = marked.filter((target) => !verdictOf(state, target) && !isOf(target, chosen));
      const next = [...marked.slice(from), ...marked.slice(0, from)].find((target) => open.some((other) => sameTarget(other, target)));
      if (!next) {
        tell(t('reading.all_reviewed'));
        return conclude();
      }
      through = next;
      this.reveal(next);
      return list.focus(next);
    },

    /** Give a verdict by key, and move on if the reader steps through findings without a verdict. @param {import('./state.js').Verdict} verdict */
    judgeByKey(verdict) {
      const { chosen, images } = store.state;
      const goesOn = sameTarget(chosen, through) && imageOf(images, chosen)?.result && chosen && shows(chosen);
      const marks = chosen ? [chosen, ...this.coupled(chosen)] : [];
      this.judge(verdict);
      if (goesOn) this.stepOpen(withVerdict(store.state, marks, verdict));
    },

    /** Show the film of a view: the hung one, then the others of this view in turn, else one of a recent examination. @param {import('../viewer/image.js').ViewName} view */
    view(view) {
      const { images } = store.state;
      const now = images.filter((image) => image.view === view);
      const here = now.length ? now : recentPriors(images).filter(({ entry }) => viewOf(entry) === view);
      if (!here.length) return images.some(({ film }) => film) ? tell(t('reading.missing', { view })) : undefined;
      const shown = here.find(({ id }) => panes.of(id)) ?? here[0];
      const again = sameTarget(store.state.chosen, targetOf(shown));
      return choose(again ? here[(here.indexOf(shown) + 1) % here.length] : shown);
    },

    /** Show a field by its number. @param {number} number From 0. */
    field(number) {
      const image = store.state.images.filter(({ film }) => !film)[number];
      if (image) choose(image);
    },

    /** Give a verdict by key, only on a visible target. Another one is first shown and named. */
    judge(/** @type {import('./state.js').Verdict} */ verdict) {
      const { chosen, images } = store.state;
      if (!chosen || !imageOf(images, chosen)?.result) return tell(t('reading.judge.nothing'));
      if (imageOf(images, chosen)?.prior) return tell(t('reading.judge.prior'));
      if (shows(chosen)) return say(chosen, { verdict });
      pick(chosen);
      return tell(t('reading.judge.shown', { what: nameOf(store.state, chosen) }));
    },

    /** Choose a layout. The four views show no field, so the first film becomes the current image. @param {Layout} layout */
    arrange(layout) {
      const { state } = store;
      if (!state.images.length) {
        store.update({ layout }); // the images hang in it when they have come
        return;
      }
      const image = readIn(layout, state);
      if (image?.id === state.activeId && layoutOf({ ...state, layout }) === layout) {
        store.update({ layout });
        return;
      }
      const now = image?.id === state.activeId ? firstToRead(state.images) : image;
      const chosen = state.chosen && [state.chosen, ...otherMarks(state, state.chosen)].find(({ imageId }) => imageId === now?.id);
      store.update({ layout, ...reads(now), chosen: chosen ?? null });
      if (!chosen && document.activeElement?.closest('.findings')) this.activePane()?.root.focus({ preventScroll: true }); // or Space would press the row
    },

    /** Go to the next or previous step of reading. @param {1 | -1} by */
    stepHanging(by) {
      if (store.state.images.length) this.arrange(stepOf(store.state, by));
    },

    /** The pane of the current image. */
    activePane: () => panes.of(activeOf(store.state)?.id ?? null),
  };
}
