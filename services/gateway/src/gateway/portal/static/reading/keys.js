// Keyboard shortcuts. Single keys can be switched off (WCAG 2.1.4), and never act while something is typed. A dialog that
// was closed a moment ago may hold the focus for a frame, so only an open one keeps the keys to itself.

import { VIEWS } from './hanging.js';

const OFF = 'lobule-shortcuts-off';
const PAN = 60; // CSS pixels
const TYPED = 'input:not([type="checkbox"]):not([type="range"]), textarea, select, dialog[open]';

/** Listen for shortcuts; `page` as in page.js. */
export function listen(page, help, toggle) {
  const act = {
    '+': () => page.activePane?.zoom(1.25),
    '=': () => page.activePane?.zoom(1.25),
    '-': () => page.activePane?.zoom(0.8),
    0: () => page.activePane?.fit(),
    n: () => page.step(1),
    p: () => page.step(-1),
    c: () => page.judge('confirmed'),
    x: () => page.judge('dismissed'),
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
    act[index + 1] = () => page.chooseFirst(({ hanging }) => hanging === view);
  });
  for (let number = 5; number <= 9; number += 1) act[number] = () => page.chooseField(number - 5);
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
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPED)) return;
    const onPane = event.target.closest('.pane') && arrows[event.key];
    const wanted = onPane ? () => page.activePane?.pan(...arrows[event.key]) : toggle.checked ? act[event.key] : null;
    if (!wanted) return;
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
