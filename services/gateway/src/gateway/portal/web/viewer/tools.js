// The toolbar and the display section: layout, zoom, window and level, overlays.

import { role, write } from '../core/dom.js';
import { t } from '../core/words.js';

const STEP = 1.25;
const REMEMBERED = 'lobule-overlays';

/** What of the overlays is shown, as the reader left it on this browser. */
export function remembered() {
  const usual = { boxes: true, outlines: true, heat: true, tags: true, opacity: 0.45 };
  try {
    return { ...usual, ...JSON.parse(localStorage.getItem(REMEMBERED)) };
  } catch {
    return usual;
  }
}

/** Toolbar and display section. */
export class Tools {
  constructor(root, page) {
    Object.assign(this, { root, page });
    this.acts = {
      zoom_in: () => this.#pane()?.zoom(STEP),
      zoom_out: () => this.#pane()?.zoom(1 / STEP),
      fit: () => this.#pane()?.fit(),
      actual: () => this.#pane()?.actual(),
      invert: () => this.#window((window) => ({ ...window, inverted: !window.inverted })),
      reset: () => this.#reset(),
      overlays: () => this.all(),
    };
    for (const [name, act] of Object.entries(this.acts))
      for (const button of root.querySelectorAll(`[data-act="${name}"]`)) button.addEventListener('click', act);
    for (const button of root.querySelectorAll('button[data-layout]')) button.addEventListener('click', () => page.arrange(button.dataset.layout));
    for (const box of root.querySelectorAll('[data-shown]')) box.addEventListener('change', () => this.toggle(box.dataset.shown));
    role(root, 'opacity').addEventListener('input', (event) => this.#set({ opacity: Number(event.target.value) / 100 }));
    role(root, 'windows').addEventListener('change', (event) => this.#choose(Number(event.target.value)));
    for (const name of ['width', 'centre']) role(root, name).addEventListener('input', () => this.#slide());
  }

  /** Show one kind of overlay, or no longer. */
  toggle(name) {
    this.#set({ [name]: !this.page.shown[name] });
  }

  /** Hide all overlays, or bring back those that were shown. */
  all() {
    const { shown } = this.page;
    const any = shown.boxes || shown.outlines || shown.heat || shown.tags;
    if (any) this.before = { ...shown };
    const none = { boxes: false, outlines: false, heat: false, tags: false };
    this.#set(any ? none : this.before || { boxes: true, outlines: true, heat: true, tags: true });
  }

  #set(change) {
    Object.assign(this.page.shown, change);
    try {
      localStorage.setItem(REMEMBERED, JSON.stringify(this.page.shown));
    } catch {
      // a browser that keeps nothing shows the usual next time
    }
    this.show();
    this.page.draw();
  }

  #pane() {
    return this.page.activePane;
  }

  #window(change) {
    const study = this.page.active;
    if (!study?.source?.grey) return;
    study.window = change(study.window);
    this.show();
    this.page.draw();
  }

  /** A window that the file names. */
  #choose(index) {
    const { low, high } = this.page.active.source.windows[index];
    this.#window((window) => ({ ...window, low, high }));
  }

  #reset() {
    this.page.active?.resetWindow();
    this.#pane()?.fit();
    this.show();
    this.page.draw();
  }

  /** Change window and level by shares of the first window: right is more contrast, up is brighter. */
  adjust(study, contrast, brightness) {
    if (!study?.source?.grey) return;
    const { low, high } = study.source.first;
    const room = study.source.range - 1;
    const wide = study.window.high - study.window.low;
    const width = Math.min(room, Math.max((high - low) / 100, wide * (1 - contrast)));
    const centre = Math.min(room, Math.max(0, (study.window.low + study.window.high) / 2 - brightness * (high - low)));
    study.window = { ...study.window, low: Math.round(centre - width / 2), high: Math.round(centre + width / 2) };
    this.show();
    this.page.draw();
  }

  /** Both sliders are in percent of the first window; more is more contrast and brighter. */
  #slide() {
    const { low, high } = this.page.active.source.first;
    const width = (high - low) / (Number(role(this.root, 'width').value) / 100);
    const centre = (low + high) / 2 + (high - low) * (1 - Number(role(this.root, 'centre').value) / 100);
    this.#window((window) => ({ ...window, low: Math.round(centre - width / 2), high: Math.round(centre + width / 2) }));
  }

  show() {
    const { shown, active, hanging } = this.page;
    for (const box of this.root.querySelectorAll('[data-shown]')) box.checked = shown[box.dataset.shown];
    role(this.root, 'opacity').value = Math.round(shown.opacity * 100);
    const any = shown.boxes || shown.outlines || shown.heat || shown.tags;
    for (const button of this.root.querySelectorAll('[data-act="overlays"]')) button.setAttribute('aria-pressed', String(any));
    for (const button of this.root.querySelectorAll('button[data-layout]')) button.setAttribute('aria-pressed', String(button.dataset.layout === hanging.layout));
    this.#showWindow(active);
  }

  /** The file's windows to choose from, where it names several. */
  #showWindows(windows, study) {
    role(this.root, 'windows-of-file').hidden = windows.length < 2;
    const choice = role(this.root, 'windows');
    if (this.windowsShown !== windows) {
      choice.replaceChildren(...windows.map(({ name }, index) => new Option(name || t('reading.windows.unnamed', { number: index + 1 }), index)));
      this.windowsShown = windows;
    }
    choice.value = windows.findIndex(({ low, high }) => low === study.window.low && high === study.window.high);
  }

  #showWindow(study) {
    const grey = Boolean(study?.source?.grey);
    for (const part of this.root.querySelectorAll('[data-grey]')) part.disabled = !grey;
    this.#showWindows(grey ? study.source.windows : [], study);
    const inverted = grey && study.window.inverted;
    for (const button of this.root.querySelectorAll('[data-act="invert"]')) button.setAttribute('aria-pressed', String(inverted));
    if (!grey) {
      write(role(this.root, 'window-value'), '');
      return;
    }
    const { low, high } = study.window;
    const first = study.source.first;
    const whole = first.high - first.low;
    role(this.root, 'width').value = Math.round((whole / Math.max(1, high - low)) * 100);
    role(this.root, 'centre').value = Math.round((1 - ((low + high) / 2 - (first.low + first.high) / 2) / whole) * 100);
    write(role(this.root, 'window-value'), t('reading.window.value', { window: high - low, level: Math.round((low + high) / 2) }));
  }
}
