// Toolbar, rail and display section: tools, layout, zoom, window and level, overlays.

import { all, find, onClick, role, write } from '../core/dom.js';
import { t } from '../core/words.js';
import { activeOf, layoutOf } from './hanging.js';
import { differenceOf } from './image.js';
import { presetsOf } from './presets.js';
import { anyShown } from './tools.js';
import { fromPercent, toPercent, windowOf } from './window.js';

/** @typedef {import('../reading/state.js').Reading} Reading */
/** @typedef {ReturnType<typeof import('./tools.js').createTools>} Tools */
/** @typedef {import('./tools.js').OverlayName} OverlayName */
/** @typedef {import('./sources.js').GreySource} GreySource */

/**
 * @param {HTMLElement} root
 * @param {Tools} tools
 * @param {(layout: import('./hanging.js').Layout) => void} arrange
 */
export function createDisplay(root, tools, arrange) {
  const slider = (/** @type {string} */ name) => role(root, name, HTMLInputElement);
  const [contrast, brightness, opacity] = [slider('width'), slider('centre'), slider('opacity')];
  const choice = role(root, 'windows', HTMLSelectElement);
  /** @type {import('./presets.js').Preset[] | null} */
  let listed = null;

  const acts = {
    fit: tools.fit,
    actual: tools.actual,
    invert: tools.invert,
    reset: tools.reset,
    overlays: tools.toggleAll,
    crop: tools.toggleCrop,
    link: tools.link,
    flip: tools.flip,
    rotate: tools.rotate,
    local: tools.local,
    edges: tools.edges,
    full: tools.fullScreen,
  };
  for (const [name, act] of Object.entries(acts)) onClick(root, `[data-act="${name}"]`, () => act());
  onClick(root, 'button[data-layout]', ({ dataset }) => arrange(/** @type {import('./hanging.js').Layout} */ (dataset.layout)));
  onClick(root, 'button[data-tool]', ({ dataset }) => tools.take(/** @type {import('../reading/state.js').ToolName} */ (dataset.tool)));
  for (const box of all(root, '[data-shown]')) box.addEventListener('change', () => tools.toggle(/** @type {OverlayName} */ (box.dataset.shown)));
  opacity.addEventListener('input', () => tools.show({ opacity: Number(opacity.value) / 100 }));
  choice.addEventListener('change', () => {
    const { value } = choice;
    tools.setActiveWindow((_, source) => presetsOf(source).find(({ name }) => name === value)?.window ?? null);
  });
  for (const input of [contrast, brightness])
    input.addEventListener('input', () =>
      tools.setActiveWindow(({ inverted }, { first }) => {
        const percent = { contrast: Number(contrast.value), brightness: Number(brightness.value) };
        return fromPercent(first, percent, inverted);
      }),
    );

  /** @param {Reading} state */
  function showOverlays({ overlays }) {
    for (const box of all(root, '[data-shown]'))
      /** @type {HTMLInputElement} */ (box).checked = overlays[/** @type {OverlayName} */ (box.dataset.shown)];
    opacity.value = String(Math.round(overlays.opacity * 100));
    root.style.setProperty('--opacity', String(overlays.opacity));
    press('[data-act="overlays"]', () => anyShown(overlays));
  }

  /** Show the legends of the current image's maps. @param {Reading} state */
  function showRamp(state) {
    const active = activeOf(state);
    find(root, '[data-shown="difference"]', HTMLInputElement).disabled = !state.together?.differences?.length;
    const maps = [active?.result?.heat_map?.kind, differenceOf(state, active) && 'difference'];
    for (const ramp of all(root, '[data-map]')) {
      ramp.hidden = !maps.includes(ramp.dataset.map);
      ramp.toggleAttribute('data-tissue', !active?.film);
    }
  }

  /** @param {string} selector @param {(element: HTMLElement) => boolean} pressed */
  function press(selector, pressed) {
    for (const button of all(root, selector)) button.setAttribute('aria-pressed', String(pressed(button)));
  }

  /** @param {Reading} state */
  function showCrop({ cropped }) {
    press('[data-act="crop"]', () => cropped);
  }

  /** @param {Reading} state */
  function showTools({ tool, linked, enhanced }) {
    press('button[data-tool]', ({ dataset }) => dataset.tool === tool);
    press('[data-act="link"]', () => linked);
    press('[data-act="local"]', () => enhanced.local);
    press('[data-act="edges"]', () => enhanced.edges);
    role(root, 'panes').dataset.tool = tool;
  }

  /** @param {Reading} state */
  function showLayout(state) {
    const layout = layoutOf(state);
    press('button[data-layout]', ({ dataset }) => dataset.layout === layout);
    for (const button of all(root, 'button[data-layout="prior"]')) button.toggleAttribute('disabled', !state.images.some(({ prior }) => prior));
  }

  /** @param {Reading} state */
  function showWindow(state) {
    const image = activeOf(state);
    const window = image && windowOf(state, image);
    const source = image?.source?.grey ? image.source : null;
    for (const part of all(root, '[data-grey]')) part.toggleAttribute('disabled', !source);
    listWindows(source, window);
    press('[data-act="invert"]', () => window?.inverted ?? false);
    if (!source || !window) return write(role(root, 'window-value'), '');
    const percent = toPercent(source.first, window);
    contrast.value = String(percent.contrast);
    brightness.value = String(percent.brightness);
    const { low, high } = window;
    return write(role(root, 'window-value'), t('reading.window.value', { window: high - low, level: Math.round((low + high) / 2) }));
  }

  /** The windows to choose from. @param {GreySource | null} source @param {import('./window.js').Window | null} window */
  function listWindows(source, window) {
    const presets = source ? presetsOf(source) : [];
    choice.disabled = !source;
    if (listed !== presets) {
      choice.replaceChildren(...presets.map(({ name }) => new Option(name)));
      listed = presets;
    }
    choice.selectedIndex = presets.findIndex(({ window: { low, high, inverted } }) => low === window?.low && high === window.high && inverted === window.inverted);
  }

  return { showOverlays, showRamp, showCrop, showLayout, showTools, showWindow };
}
