// Small helpers around the document.

export const ASSESSMENT_ICONS = { malignancy_suspected: 'alert', not_sure: 'question', no_sign_of_malignancy: 'clear' };

/** The element of a part of the page that plays a role. */
export const role = (root, name) => root.querySelector(`[data-role="${name}"]`);

/** An icon of the sprite in base.html. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Write only what changed: screen readers speak of every write. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show a message with an icon, links after its words and a smaller line below; hide it where there are none. */
export function message(element, words, { symbol = 'alert', links = [], small = '' } = {}) {
  element.hidden = !words;
  if (!words) {
    element.replaceChildren();
    return;
  }
  const text = document.createElement('span');
  text.append(words);
  for (const { href, label } of links) {
    const link = document.createElement('a');
    link.href = href;
    link.append(label);
    text.append(' ', link);
  }
  if (small) {
    const more = document.createElement('small');
    more.append(small);
    text.append(more);
  }
  element.replaceChildren(icon(symbol), text);
}

/** A copy of what a template holds. */
export const copy = (template) => template.content.firstElementChild.cloneNode(true);

/** Texts as items of a list. */
export const listItems = (texts) =>
  texts.map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  });
