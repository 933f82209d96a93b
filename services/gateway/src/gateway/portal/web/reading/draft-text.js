// Drafts the conclusion in words from the reader's entries. A text that the reader has edited is only replaced on request.

import { asProblem, call } from '../core/api.js';
import { all } from '../core/dom.js';
import { apiLanguage } from '../core/words.js';
import { sentBreasts } from './stated.js';

/**
 * @param {HTMLElement} root With a button for each language.
 * @param {HTMLTextAreaElement} comment
 * @param {import('./state.js').ReadingStore} store
 */
export function createDraftText(root, comment, store) {
  /** @type {Record<string, string>} By language. */
  let drafts = {};
  let written = ''; // the draft that stands in the field, as long as nobody changes it
  let about = ''; // the breasts that it was made from

  const edited = () => comment.value.trim() !== '' && comment.value !== written;

  function put(/** @type {string} */ language) {
    written = drafts[language] ?? '';
    comment.value = written;
  }

  for (const button of all(root, '[data-draft]')) button.addEventListener('click', () => put(button.dataset.draft ?? ''));

  return {
    /** Whether the reader edited the text. */
    edited,

    /**
     * Fetch a new draft. If that fails, the field is empty, and the report can still be signed.
     * @returns {Promise<boolean>} Whether the field has a text that was edited when the breasts were stated otherwise.
     */
    async make() {
      const breasts = sentBreasts(store.state);
      if (!edited()) comment.value = written = ''; // not the draft of what was stated before
      root.hidden = !breasts;
      if (!breasts) return false;
      const before = about;
      about = JSON.stringify(breasts);
      try {
        const { body } = await call('post', '/api/v1/cases/{case_id}/reports/text', { params: { case_id: store.state.case?.id ?? '' }, send: { breasts } });
        drafts = { ...body };
        if (!edited()) put(apiLanguage);
      } catch (error) {
        asProblem(error);
        root.hidden = true;
      }
      return edited() && before !== '' && before !== about;
    },

    forget() {
      written = about = '';
    },
  };
}
