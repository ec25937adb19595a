// A table of any number of rows: only those in view are elements, and only what changed is written.

import { el, setAttribute } from './dom.js';

const OVERSCAN = 8;

export class VirtualTable {
  /** The keys and kinds of all rows, in order: `{ key, group }`. */
  #items = [];
  #views = new Map();
  /** The heights of a row, of the header and of the visible part, and how far it is scrolled. */
  #height = 0;
  #headHeight = 0;
  #visible = 0;
  #scrolled = 0;
  #frame = 0;
  #top = el('tr', { 'aria-hidden': 'true', class: 'spacer' }, el('td'));
  #bottom = el('tr', { 'aria-hidden': 'true', class: 'spacer' }, el('td'));
  #body = el('tbody', {}, this.#top, this.#bottom);
  #head = el('thead');
  #table;

  /**
   * @param {string} label
   * @param {(item) => { node: HTMLElement, isGroup?: boolean, update: (item) => void }} createView makes the element of a row and its updater,
   *   which gets other items, too, unless it is one of a group
   */
  constructor(label, createView) {
    this.createView = createView;
    this.#table = el('table', { class: 'containers', 'aria-label': label }, this.#head, this.#body);
    this.node = el('div', { class: 'table-scroll', tabindex: 0, role: 'region', 'aria-label': label, onscroll: () => this.#measure() }, this.#table);
    new ResizeObserver(() => this.#measure()).observe(this.node);
  }

  /** Whether the pointer or the focus is in the rows: then their order should stay. */
  get isRead() {
    return this.#body.matches(':hover') || this.#body.contains(document.activeElement);
  }

  /** @param {number} width the least width of the table; below it the rows get a scrollbar */
  setHead(row, columns, width) {
    this.#head.replaceChildren(row);
    this.#table.style.minWidth = `${width}px`;
    this.#top.firstChild.colSpan = this.#bottom.firstChild.colSpan = columns;
    this.clear();
  }

  /** Forgets the elements, because the columns changed. */
  clear() {
    for (const view of this.#views.values()) view.node.remove();
    this.#views.clear();
  }

  setItems(items) {
    this.#items = items;
    setAttribute(this.#table, 'aria-rowcount', String(items.length + 1));
    this.render();
  }

  /** Draws once in the next frame. A hidden page draws nothing. */
  render() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    if (this.#height === 0) return;
    const first = Math.max(0, Math.floor((this.#scrolled - this.#headHeight) / this.#height) - OVERSCAN);
    const last = Math.min(this.#items.length, Math.ceil((this.#scrolled + this.#visible) / this.#height) + OVERSCAN);
    const visible = this.#items.slice(first, last);
    const keys = new Set(visible.map(i => i.key));
    // The elements of rows that left show those that came: new elements cost more. One that has the focus would take it to another row.
    const left = [];
    for (const [key, view] of this.#views) {
      if (keys.has(key)) continue;
      this.#views.delete(key);
      if (view.isGroup || view.node.contains(document.activeElement)) view.node.remove();
      else left.push(view);
    }
    setHeight(this.#top, first * this.#height);
    setHeight(this.#bottom, (this.#items.length - last) * this.#height);
    let before = this.#top;
    visible.forEach((item, i) => {
      let view = this.#views.get(item.key);
      if (!view) this.#views.set(item.key, view = (item.group ? null : left.shift()) ?? this.createView(item));
      view.update(item);
      setAttribute(view.node, 'aria-rowindex', String(first + i + 2));
      // Moving an element takes its focus away.
      if (before.nextSibling !== view.node) before.after(view.node);
      before = view.node;
    });
    for (const view of left) view.node.remove();
  }

  /** Sizes are read when they change, and not while rows are written, which would lay the page out once more. */
  #measure() {
    this.#height = parseFloat(getComputedStyle(this.node).getPropertyValue('--row-height')) || 36;
    this.#headHeight = this.#head.offsetHeight;
    this.#scrolled = this.node.scrollTop;
    this.#visible = this.node.clientHeight;
    this.render();
  }
}

function setHeight(row, height) {
  const value = `${height}px`;
  if (row.firstChild.style.height !== value) row.firstChild.style.height = value;
  row.hidden = height === 0;
}
