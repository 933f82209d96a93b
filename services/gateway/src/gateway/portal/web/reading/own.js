// Saves readers' findings and links between findings of the same lesion, one after the other; each can be undone.

import { asProblem, call } from '../core/api.js';
import { uuid } from '../core/unique.js';
import { t } from '../core/words.js';
import { letterOf } from '../viewer/own.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('./state.js').OwnChange} OwnChange */
/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('../core/types.d.ts').ReaderFinding} ReaderFinding */
/** @typedef {import('../core/types.d.ts').FindingReference} FindingReference */
/** @typedef {import('../viewer/own.js').Drawn} Drawn */
/** @typedef {Pick<ReaderFinding, 'kind' | 'comment'>} Named */

const PATH = '/api/v1/cases/{case_id}/reader-findings/{finding_id}';
const TRIES = 4; // against changes of the case elsewhere that do not touch the finding
const PAIRS = '/api/v1/cases/{case_id}/same-lesions/{mark_id}';

/** @param {Reading} state */
export const ownOf = ({ case: detail }) => detail?.reader_findings ?? [];

/** @param {Reading} state @param {string | null} id */
export const ownById = (state, id) => ownOf(state).find((finding) => finding.id === id) ?? null;

/** A reference to a finding of the system. @param {Target} target @returns {FindingReference} */
export const referenceTo = ({ jobId, findingId }) => ({ job_id: jobId, finding_id: findingId });

/** @param {string} id @returns {FindingReference} */
export const referenceToOwn = (id) => ({ job_id: null, finding_id: id });

/** @param {FindingReference} one @param {FindingReference} other */
const same = (one, other) => (one.job_id ?? null) === (other.job_id ?? null) && one.finding_id === other.finding_id;

/** The findings that readers linked with a finding as the same lesion, with the id of each link. @param {Reading} state @param {FindingReference} of */
export const partnersOf = ({ case: detail }, of) =>
  (detail?.same_lesions ?? []).flatMap((mark) => (same(mark.one, of) ? [{ mark, other: mark.other }] : same(mark.other, of) ? [{ mark, other: mark.one }] : []));

/**
 * @param {import('./state.js').ReadingStore} store
 * @param {{
 *   feed: Pick<ReturnType<typeof import('./case-feed.js').createCaseFeed>, 'refresh' | 'wake'>,
 *   status: ReturnType<typeof import('./status.js').createStatus>,
 *   maySupersede: (change: string) => Promise<boolean>,
 * }} page
 */
export function createOwn(store, { feed, status, maySupersede }) {
  /** @type {Promise<unknown>} */
  let queue = Promise.resolve();
  const params = () => ({ case_id: store.state.case?.id ?? '' });
  const nameOf = (/** @type {number} */ number) => t('reading.own.name', { letter: letterOf(number) });

  /**
   * Send a change; repeated if meanwhile only another part of the case changed.
   * @param {string} what
   * @param {() => Promise<unknown>} act
   * @param {string | null} of The finding that it changes.
   */
  async function attempt(what, act, of) {
    const seen = JSON.stringify(ownById(store.state, of));
    for (let tries = 1; ; tries += 1) {
      if (!(await maySupersede(what))) return false;
      try {
        await act();
        await feed.refresh();
        return true;
      } catch (error) {
        if (asProblem(error).code !== 'case_changed' || tries === TRIES) throw error;
        await feed.refresh();
        if (of && JSON.stringify(ownById(store.state, of)) !== seen) throw error;
      }
    }
  }

  /** @param {string} what @param {() => Promise<unknown>} act @param {string | null} [of] The finding that it changes. */
  function change(what, act, of = null) {
    store.update(({ saving }) => ({ saving: saving + 1 }));
    const turn = queue.then(() => attempt(what, act, of)).catch((error) => {
      status.failed(null, asProblem(error));
      feed.wake();
      return false;
    });
    queue = turn;
    return turn.finally(() => store.update(({ saving }) => ({ saving: saving - 1 })));
  }

  const remember = (/** @type {OwnChange} */ done) => store.update(({ changes }) => ({ changes: [...changes, done] }));

  /** @param {string} id @param {Partial<ReaderFinding>} send What the server adds is left out. */
  async function put(id, { image_id, kind, shape, box, outline, corrects, comment }) {
    const body = { image_id, kind, shape, box, outline, corrects, comment };
    const answer = await call('put', PATH, { params: { ...params(), finding_id: id }, send: body, ifMatch: store.state.etag });
    return answer.body;
  }

  const remove = (/** @type {string} */ id) => call('delete', PATH, { params: { ...params(), finding_id: id }, ifMatch: store.state.etag });

  return {
    /** Resolves when every change is saved or has failed. */
    settled: () => queue,

    /**
     * Save a finding that was drawn on an image; returns whether that succeeded.
     * @param {import('../viewer/image.js').ViewedImage} image
     * @param {Drawn} what As the file has it.
     * @param {Named} named
     * @param {FindingReference | null} corrects
     */
    draw(image, what, named, corrects) {
      const id = uuid();
      return change(t('reading.own.draw'), async () => {
        const { number } = await put(id, { image_id: image.id, ...what, ...named, corrects });
        remember({ own: id, name: nameOf(number), before: null });
        store.update({ ownChosen: id });
        status.tell(t('reading.own.drawn', { what: nameOf(number), kind: t(`clinical.kind.${named.kind}`) }));
      });
    },

    /** Change the kind or the note of a finding. @param {ReaderFinding} finding @param {Named} named */
    rename: (finding, named) =>
      change(t('reading.own.change'), async () => {
        await put(finding.id, { ...finding, ...named });
        remember({ own: finding.id, name: nameOf(finding.number), before: finding });
        status.tell(t('reading.own.changed', { what: nameOf(finding.number) }));
      }, finding.id),

    /** @param {ReaderFinding} finding */
    erase: (finding) =>
      change(t('reading.own.erase'), async () => {
        await remove(finding.id);
        remember({ own: finding.id, name: nameOf(finding.number), before: finding });
        status.tell(t('reading.own.erased', { what: nameOf(finding.number) }));
      }, finding.id),

    /** Undo the last change. @param {OwnChange} last */
    undo: (last) =>
      change(t('reading.undo.of', { what: last.name }), async () => {
        if (last.before) await put(last.own, last.before);
        else await remove(last.own);
        store.update(({ changes }) => ({ changes: changes.filter((other) => other !== last) }));
        status.tell(t('reading.own.undone', { what: last.name }));
      }, last.own),

    /** Link two findings as the same lesion. @param {FindingReference} one @param {FindingReference} other */
    pair(one, other) {
      if (same(one, other)) return Promise.resolve(status.tell(t('reading.own.pair.itself')));
      return change(t('reading.own.pair'), async () => {
        await call('put', PAIRS, { params: { ...params(), mark_id: uuid() }, send: { one, other }, ifMatch: store.state.etag });
        status.tell(t('reading.own.paired'));
      });
    },

    /** @param {string} id Of the mark. */
    part: (id) =>
      change(t('reading.own.part'), async () => {
        await call('delete', PAIRS, { params: { ...params(), mark_id: id }, ifMatch: store.state.etag });
        status.tell(t('reading.own.parted'));
      }),
  };
}
