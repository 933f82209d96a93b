// Deletes the sample case.

import { asProblem, call } from '../core/api.js';
import { onClick } from '../core/dom.js';

/** @param {HTMLElement} root @param {(error: unknown) => void} onProblem */
export function createSample(root, onProblem) {
  onClick(root, '[data-role="delete-sample"]', async () => {
    try {
      await call('delete', '/api/v1/sample-case', {});
      location.assign('/');
    } catch (error) {
      onProblem(asProblem(error));
    }
  });
}
