// Keyboard shortcuts. Single keys can be switched off (WCAG 2.1.4). None acts while something is typed, while a dialog is
// open (wherever the focus is), or before there is an image; a key that is held down gives its verdict once.

import { VIEWS } from '../viewer/hanging.js';

const OFF = 'lobule-shortcuts-off';
const PAN = 60; // CSS pixels
const TYPED = 'input:not([type="checkbox"]):not([type="range"]), textarea, select, [contenteditable]';
const ONCE = ['c', 'x', 'u', 'i', 'a', 'b', 'o', 'h', '?'];

/** Listen for shortcuts; `page` as in page.js. */
export function listen(page, help, toggle) {
  const act = {
    '+': () => page.activePane?.zoom(1.25),
    '=': () => page.activePane?.zoom(1.25),
    '-': () => page.activePane?.zoom(0.8),
    0: () => page.activePane?.fit(),
    n: () => page.navigation.step(1),
    p: () => page.navigation.step(-1),
    c: () => page.navigation.judge('confirmed'),
    x: () => page.navigation.judge('dismissed'),
    u: () => page.reviews.undo(),
    i: () => page.tools.acts.invert(),
    r: () => page.tools.acts.reset(),
    b: () => page.tools.toggle('boxes'),
    o: () => page.tools.toggle('outlines'),
    h: () => page.tools.toggle('heat'),
    a: () => page.tools.all(),
    '[': () => page.tools.adjust(page.active, -0.1, 0),
    ']': () => page.tools.adjust(page.active, 0.1, 0),
    ',': () => page.tools.adjust(page.active, 0, -0.05),
    '.': () => page.tools.adjust(page.active, 0, 0.05),
    v: () => page.arrange('hang'),
    s: () => page.arrange('two'),
    f: () => page.arrange('one'),
    '?': () => help.showModal(),
  };
  VIEWS.forEach((view, index) => {
    act[index + 1] = () => page.navigation.view(view);
  });
  for (let number = 5; number <= 9; number += 1) act[number] = () => page.navigation.field(number - 5);
  const arrows = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] };

  toggle.checked = read() !== 'true';
  toggle.addEventListener('change', () => {
    try {
      localStorage.setItem(OFF, String(!toggle.checked));
    } catch {
      // the switch holds until the page is left
    }
  });
  addEventListener('keydown', (event) => {
    const busy = document.querySelector('dialog[open]') || event.target.closest(TYPED) || event.isComposing;
    if (busy || event.altKey || !page.studies.length) return;
    const key = event.shiftKey ? event.key : event.key.toLowerCase(); // Caps Lock is no other key
    const control = event.ctrlKey || event.metaKey;
    const onPane = event.target.closest('.pane') && arrows[event.key];
    let wanted = toggle.checked ? act[key] : null;
    if (control) wanted = key === 'z' ? () => page.reviews.undo() : null;
    else if (onPane) wanted = () => page.activePane?.pan(...onPane);
    if (!wanted || (event.repeat && (control || ONCE.includes(key)))) return;
    event.preventDefault();
    wanted();
  });
}

function read() {
  try {
    return localStorage.getItem(OFF);
  } catch {
    return null;
  }
}
