// A page for dialogs: elements by their selectors, as many as a script asks for, of every kind that it asks for.

class Element {
  constructor() {
    Object.assign(this, { hidden: true, disabled: false, open: false, value: '', textContent: '', href: '' });
    this.parts = new Map();
    this.listeners = new Map();
  }

  querySelector(selector) {
    if (!this.parts.has(selector)) this.parts.set(selector, new Element());
    return this.parts.get(selector);
  }

  querySelectorAll(selector) {
    return selector.startsWith('[data-role') ? [this.querySelector(selector)] : [];
  }

  addEventListener(name, act) {
    this.listeners.set(name, act);
  }

  click() {
    return this.listeners.get('click')();
  }

  showModal() {
    this.open = true;
  }

  close() {
    this.open = false;
  }

  append() {}
  focus() {}
  replaceChildren() {}
  setAttribute() {}
}

/** An empty dialog. */
export function createDialog() {
  const kinds = ['HTMLElement', 'HTMLFormElement', 'HTMLInputElement', 'HTMLSelectElement', 'HTMLButtonElement', 'HTMLAnchorElement'];
  for (const kind of kinds) globalThis[kind] = Element;
  globalThis.document = { createElement: () => new Element(), createElementNS: () => new Element() };
  return new Element();
}

/** Play the API: each request waits until the test answers it. */
export function createApi() {
  const waiting = [];
  globalThis.fetch = (target, { method, headers }) =>
    new Promise((resolve) => {
      const answer = async (status, body) => {
        resolve(new Response(JSON.stringify(body), { status }));
        for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
        await new Promise((then) => setTimeout(then));
      };
      waiting.push({ target, method, ifMatch: headers['If-Match'], answer });
    });
  return waiting;
}
