// One image of the case with its newest analysis: what is known of it, and its pictures once they are loaded.

import { Problem, call, url } from '../core/api.js';
import { t } from '../core/words.js';
import { colourHeat } from './overlay.js';
import { ColourSource, GreySource } from './pixels.js';
import { turnPicture, turnResult, turnSamples } from './turn.js';

const SCREENING = ['CC', 'MLO'];

/** Side and view in one word for a film of a screening view, as `RCC`; null for anything else. */
export const hangingOf = ({ modality, laterality, view }) =>
  modality === 'mammography' && laterality && SCREENING.includes(view) ? laterality + view : null;

/** See above. `source` is null until there is something to draw; `image` is its size in pixels. */
export class Study {
  /**
   * @param {DOMStringMap} urls
   * @param {(study: Study) => void} onChange Called when there is more to show.
   */
  constructor(urls, onChange) {
    Object.assign(this, { urls, onChange });
    this.formerJobs = []; // analyses that others have replaced
    this.result = null;
    this.source = null;
    this.heat = null;
    this.problem = null;
    this.depth = 'eight'; // loading, deep
    this.window = { low: 0, high: 255, inverted: false };
  }

  /** Take what the API says of the image now. Gives whether its pictures have to be loaded. */
  update(entry, name) {
    const other = this.jobId !== entry.job.id;
    if (other && this.jobId) this.formerJobs.push(this.jobId);
    Object.assign(this, { id: entry.id, jobId: entry.job.id, entry, name, state: entry.state });
    this.film = entry.modality === 'mammography';
    this.side = entry.laterality || '';
    this.prior = entry.is_prior;
    this.hanging = this.prior ? null : hangingOf(entry); // earlier examinations are not hung with the current one
    if (other) [this.result, this.source, this.heat, this.problem] = [null, null, null, null];
    return this.state === 'assessed' && this.result === null && this.problem === null;
  }

  /** Load result and display image, then the heat map, then the film's full depth. Failures are kept, not thrown. */
  async load() {
    const job = this.jobId;
    try {
      const { body: stored } = await call(url(this.urls.resultUrl, job));
      const { hanging } = stored.image;
      const result = turnResult(stored);
      const bitmap = turnPicture(await this.#picture(result.display.file), hanging);
      if (job !== this.jobId) return;
      this.result = result;
      this.image = { width: result.image.width, height: result.image.height };
      this.#take(this.film ? GreySource.fromBitmap(bitmap) : new ColourSource(bitmap));
      if (result.heat_map) this.heat = colourHeat(turnPicture(await this.#picture(result.heat_map.file), hanging));
      this.onChange(this);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (job !== this.jobId) return;
      this.problem = problem;
      this.onChange(this);
    }
  }

  /** Load a film's samples of more than 8 bits. Without them the display image stays, and the pane says so. */
  async deepen() {
    if (!this.film || !this.source || this.asked) return;
    this.asked = true;
    this.depth = 'loading';
    this.onChange(this);
    try {
      let { body: film } = await call(url(this.urls.filmUrl, this.id));
      for (let tries = 0; film.state === 'drawing' && tries < 60; tries += 1) {
        await new Promise((done) => setTimeout(done, film.poll_after_ms * Math.min(8, 1 + tries / 4)));
        ({ body: film } = await call(url(this.urls.filmUrl, this.id)));
      }
      const facts = film.facts?.samples;
      if (facts) {
        const answer = await fetch(url(this.urls.samplesUrl, this.id), { credentials: 'same-origin' });
        if (!answer.ok) throw new Problem(answer.status, {});
        const { samples, ...size } = turnSamples(new Uint16Array(await answer.arrayBuffer()), facts, this.result.image.hanging);
        this.#take(new GreySource(samples, { ...size, bits: film.facts.bits }));
      }
      this.depth = this.source.bits > 8 ? 'deep' : 'eight';
    } catch {
      this.depth = 'eight'; // the display image is there, and the pane says how deep it is
      this.asked = false;
    }
    this.onChange(this);
  }

  /** What stands in the corner of its pane. */
  get depthWords() {
    if (!this.film || !this.source) return '';
    if (this.depth === 'loading') return t('reading.depth.loading');
    return this.source.bits > 8 ? t('reading.depth.deep', { bits: this.source.bits }) : t('reading.depth.eight');
  }

  /** The window that was shown at first. */
  resetWindow() {
    this.window = { ...(this.source?.first || { low: 0, high: 255 }), inverted: false };
  }

  #take(source) {
    this.source = source;
    this.resetWindow();
    this.onChange(this);
  }

  async #picture(file) {
    let answer;
    try {
      answer = await fetch(url(this.urls.pictureUrl, this.jobId, { picture: file }), { credentials: 'same-origin' });
    } catch {
      throw new Problem(0, { code: 'offline' });
    }
    if (!answer.ok) throw new Problem(answer.status, {});
    return createImageBitmap(await answer.blob());
  }
}
