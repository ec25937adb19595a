// The images of all engines.

import { curl, getJson, query } from './api.js';
import { attempt, describe, notify, showCommand } from './dialogs.js';
import { button, el, setAttribute, setChildren, setEngines, setText } from './dom.js';
import * as format from './format.js';
import { pruneDialog } from './prune.js';
import { Pulls } from './pull.js';
import { registryHeaders } from './registries.js';
import { link, replaceParams, route } from './router.js';
import { session } from './session.js';
import { texts } from './texts.js';

const POLL_MS = 10_000;
/** Changes of containers come in bursts; the counts of the images follow them. */
const RELOAD_MS = 500;
/** What a pattern of the API may have. */
const PATTERN = /^[\w./:@*?-]+$/;

const COLUMNS = [
  { name: 'tags', sort: i => i.tags[0] ?? '' },
  { name: 'id', sort: i => i.shortId },
  { name: 'createdAt', sort: i => i.createdAt, descending: true },
  { name: 'sizeBytes', sort: i => i.sizeBytes, descending: true },
  { name: 'containers', sort: i => i.containers, descending: true },
  { name: 'engine', sort: i => i.engine },
];

export class ImagesView {
  #store;
  #images = [];
  #timer = 0;
  #loading = new AbortController();
  #filter;
  #sort;
  #input;
  #head = el('tr');
  #body = el('tbody');
  #summary = el('span', { class: 'summary', role: 'status' });
  #empty = el('p', { class: 'empty', text: texts.loading });
  #engine = el('select', { 'aria-label': texts.buildEngine });
  #pulls = new Pulls(this.#engine, () => this.#reload(0));
  #rows = new Map();
  /** What the registries answered, when the reader asked for it. */
  #updates = new Map();
  #check = button(texts.checkUpdates, () => this.#checkUpdates());
  #prune = button(texts.prune, () => pruneDialog(this.#engine.value, message => {
    notify(message);
    this.#reload(0);
  }));

  constructor(store) {
    this.#store = store;
    const { params } = route();
    this.#filter = params.get('q') ?? '';
    const sort = params.get('sort') ?? '-createdAt';
    const column = COLUMNS.find(c => c.name === sort.replace(/^-/, '')) ?? COLUMNS[2];
    this.#sort = { column, descending: sort.startsWith('-') };
    this.#input = el('input', {
      type: 'search', placeholder: texts.imageFilter, 'aria-label': texts.imageFilter, value: this.#filter,
      oninput: () => {
        this.#filter = this.#input.value;
        replaceParams({ q: this.#filter });
        this.#show();
      },
    });
    this.node = el('div', { class: 'view' },
      el('div', { class: 'row-tools' }, this.#input, this.#pulls.form, this.#check, this.#prune,
        button(texts.asCurl, () => showCommand(texts.asCurlTitle, [{ format: 'table' }, {}].map(form =>
          curl(`images${query({ ...this.#query, sort: this.#sortText, ...form })}`))), { class: 'quiet' }), this.#summary),
      this.#pulls.node,
      el('section', { class: 'panel' },
        el('div', { class: 'scroll-x', tabindex: 0, role: 'region', 'aria-label': texts.images },
          el('table', { class: 'plain', 'aria-label': texts.images }, el('thead', {}, this.#head), this.#body)), this.#empty));
    this.#head.append(...COLUMNS.map((c, i) => el('th', { scope: 'col' }, button(texts.imageColumns[i], () => this.#sortBy(c), { class: 'sort' }))));
    this.#poll();
  }

  update({ members, engines, facts }) {
    if (engines) {
      setEngines(this.#engine, this.#store.engines);
      this.#engine.hidden = this.#store.engines.size < 2;
    }
    if (facts) this.#pulls.form.hidden = this.#prune.hidden = !session.may('images:write');
    if (members) this.#reload(RELOAD_MS);
  }

  dispose() {
    clearTimeout(this.#timer);
    this.#loading.abort();
  }

  /** The filter in the API's words: a part of a name, or else the ids of the images with it. */
  get #query() {
    const filter = this.#filter.trim();
    if (filter === '') return {};
    const shown = this.#images.filter(i => this.#matches(i));
    return shown.length > 0 && (!PATTERN.test(filter) || shown.every(i => i.shortId.startsWith(filter.toLowerCase())))
      ? { id: shown.map(i => i.id) }
      // An asterisk is for a part between slashes.
      : { reference: ['', '*/', '*/*/'].map(path => `${path}*${filter}*`) };
  }

  #matches(image) {
    const filter = this.#filter.trim().toLowerCase();
    return image.tags.some(t => t.toLowerCase().includes(filter)) || image.shortId.startsWith(filter);
  }

  get #sortText() {
    return (this.#sort.descending ? '-' : '') + this.#sort.column.name;
  }

  #reload(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(), delay);
  }

  async #poll() {
    try {
      if (!document.hidden) {
        this.#images = (await getJson('images', { signal: this.#loading.signal })).items;
        this.#show();
      }
    } catch (e) {
      if (e.name === 'AbortError') return;
      setText(this.#empty, describe(e));
      this.#empty.hidden = false;
      if (e.status === 403) return;
    }
    this.#reload(POLL_MS);
  }

  async #checkUpdates() {
    this.#check.disabled = true;
    await attempt(async () => {
      this.#pulls.keepCredentials();
      const { items } = await getJson('images?include=update', { signal: this.#loading.signal, headers: registryHeaders() });
      this.#updates = new Map(items.map(i => [keyOf(i), i.updates ?? []]));
      const all = [...this.#updates.values()].flat();
      notify(texts.updatesChecked(all.filter(u => u.available).length, all.filter(u => ['timeout', 'error'].includes(u.state)).length));
      this.#show();
    });
    this.#check.disabled = false;
  }

  #sortBy(column) {
    this.#sort = { column, descending: this.#sort.column === column ? !this.#sort.descending : column.descending ?? false };
    replaceParams({ sort: this.#sortText });
    this.#show();
  }

  #show() {
    const { column, descending } = this.#sort;
    [...this.#head.children].forEach((th, i) =>
      setAttribute(th, 'aria-sort', COLUMNS[i] === column ? (descending ? 'descending' : 'ascending') : null));
    const shown = this.#images
      .filter(i => this.#matches(i))
      .sort((a, b) => format.compare(column.sort(a), column.sort(b), descending) || (a.id < b.id ? -1 : 1));
    const keys = new Set(shown.map(keyOf));
    for (const key of this.#rows.keys()) if (!keys.has(key)) this.#rows.delete(key);
    setChildren(this.#body, shown.map(image => this.#row(image)));
    setText(this.#summary, texts.imageSums(shown.length, format.bytes(shown.reduce((sum, i) => sum + i.sizeBytes, 0))));
    this.#empty.hidden = shown.length > 0;
    setText(this.#empty, texts.noImages);
  }

  /** The same row while the image is the same, so that its link keeps the focus. */
  #row(image) {
    const key = keyOf(image);
    const updates = (this.#updates.get(key) ?? []).filter(u => u.available && image.tags.includes(u.tag));
    const shown = JSON.stringify([image, updates]) + format.ago(image.createdAt);
    let row = this.#rows.get(key);
    if (row?.shown !== shown) this.#rows.set(key, row = { shown, node: rowOf(image, updates) });
    return row.node;
  }
}

const keyOf = image => `${image.engine}/${image.id}`;

function rowOf(image, updates) {
  return el('tr', {},
    el('td', { class: 'tags' }, el('a', { href: link(['images', image.engine, image.id]), text: image.tags.join(', ') || texts.untagged }),
      ...updates.map(u => el('span', { class: 'badge running update', text: texts.updateAvailable(u.tag) }))),
    el('td', { class: 'mono narrow', text: image.shortId }),
    el('td', { class: 'narrow', title: format.time(image.createdAt), text: format.ago(image.createdAt) }),
    el('td', { class: 'narrow', text: format.bytes(image.sizeBytes) }),
    el('td', {}, image.containers > 0
      ? el('a', { href: link(['containers'], { q: `image:${image.id}` }), text: String(image.containers) })
      : format.count(image.containers)),
    el('td', { text: image.engine }));
}
