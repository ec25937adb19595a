// Builds elements. Every text of the service is set as text: nothing here or elsewhere makes HTML of it.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Creates an element.
 * @param {string} tag its name; 'svg:path' for an SVG element
 * @param {object} [props] attributes; `text`, `class`, and listeners as `onclick`. A null or false one is left out
 * @param {...(Node|string|null|false)} children
 */
export function el(tag, props = {}, ...children) {
  const node = tag.startsWith('svg:') ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'text') node.textContent = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'disabled') node[name] = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}

/** Sets a text only where it changed, so that nothing is laid out or read aloud again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute only where it changed; null removes it. */
export function setAttribute(node, name, value) {
  if (value === null) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Replaces the children, but not the elements that stay: a link that has the focus keeps it. */
export function setChildren(node, children) {
  const wanted = children.filter(Boolean);
  if (wanted.length === node.childNodes.length && wanted.every((child, i) => child === node.childNodes[i])) return;
  const focused = document.activeElement;
  node.replaceChildren(...wanted);
  if (focused !== document.activeElement && node.contains(focused)) focused.focus({ preventScroll: true });
}

/** A button with a text. */
export function button(text, onclick, props = {}) {
  return el('button', { type: 'button', onclick, ...props }, text);
}

/** Offers the engines. The chosen one stays; at first it is one that answers. */
export function setEngines(select, engines) {
  const names = [...engines.keys()];
  if (names.join() === [...select.options].map(o => o.value).join()) return;
  const chosen = names.find(name => name === select.value) ?? names.find(name => engines.get(name).state === 'ok');
  select.replaceChildren(...names.map(name => el('option', { value: name, text: name, selected: name === chosen })));
}

/** A term and its description. */
export function term(name, ...value) {
  return [el('dt', { text: name }), el('dd', {}, ...value)];
}

/** A table with a header; `rows` are lists of nodes or texts. */
export function simpleTable(label, headers, rows) {
  return el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label },
    el('table', { class: 'plain', 'aria-label': label },
      el('thead', {}, el('tr', {}, ...headers.map(h => el('th', { scope: 'col', text: h })))),
      el('tbody', {}, ...rows.map(row => el('tr', {}, ...row.map(cell => el('td', {}, cell ?? '')))))));
}
