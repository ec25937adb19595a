// The list of containers.

import { curl, query } from './api.js';
import { cellOf, COLUMNS, defaultColumns, NARROW_COLUMNS, widthOf } from './columns.js';
import { showCommand } from './dialogs.js';
import { button, el, setAttribute, setText } from './dom.js';
import { parseFilter } from './filter.js';
import * as format from './format.js';
import { replaceParams, route } from './router.js';
import { VirtualTable } from './table.js';
import { texts } from './texts.js';

/** How often the order may change by itself while nobody points at the rows. */
const REORDER_MS = 5000;

const SCROLLBAR = 15;
const narrow = matchMedia('(max-width: 640px)');
/** A phone has columns of its own. */
const columnsKey = () => (narrow.matches ? 'containerapi.columns.phone' : 'containerapi.columns');

export class ContainersView {
  #store;
  #table;
  #filterText;
  #filter;
  #sort;
  #group;
  #hideStopped;
  #columns;
  #ranks = new Map();
  #ranked = 0;
  #closed = new Set();
  #headers = new Map();
  #summary = el('span', { class: 'summary' });
  #error = el('span', { class: 'error', role: 'alert' });
  #empty = el('p', { class: 'empty', role: 'status' });
  #input;
  #groupSelect = el('select', { onchange: () => this.#setGroup(this.#groupSelect.value) },
    ...['', 'project', 'engine'].map(name => el('option', { value: name, text: texts.groups[name] })));
  #stoppedBox = el('input', { type: 'checkbox', onchange: () => this.#setStopped(!this.#stoppedBox.checked) });
  #onResize = () => this.#fit();
  #menu = el('div', { class: 'menu-items' });

  constructor(store) {
    this.#store = store;
    this.#table = new VirtualTable(texts.containers, item => (item.group ? this.#groupView(item) : this.#rowView()));
    this.#input = el('input', {
      type: 'search', id: 'filter', placeholder: texts.filterExample, autocomplete: 'off', spellcheck: 'false',
      'aria-label': texts.filter, 'aria-describedby': 'filter-error', oninput: () => this.#setFilter(this.#input.value),
    });
    this.#error.id = 'filter-error';
    this.node = el('div', { class: 'view list-view' },
      el('div', { class: 'toolbar' }, this.#input,
        el('label', { class: 'choice' }, `${texts.group} `, this.#groupSelect),
        el('label', { class: 'check' }, this.#stoppedBox, ` ${texts.stopped}`),
        this.#columnMenu(),
        button(texts.asCurl, () => this.#showCurl(), { class: 'quiet' }),
        this.#error, this.#summary),
      this.#empty, this.#table.node);
    window.addEventListener('resize', this.#onResize);
    this.navigate();
  }

  /** Called when the address changed within this view, and when the store changed. */
  update(changed = { members: true }) {
    if (changed.engines) this.#fit();
    if (changed.members || changed.facts || changed.engines || performance.now() - this.#ranked > REORDER_MS) this.#order();
    else this.#table.render();
    this.#showSummary();
  }

  navigate() {
    this.#readAddress();
    if (this.#input.value !== this.#filterText) this.#input.value = this.#filterText;
    this.#groupSelect.value = this.#group;
    this.#stoppedBox.checked = !this.#hideStopped;
    setText(this.#error, this.#filter.error ?? '');
    this.#layout();
  }

  dispose() {
    window.removeEventListener('resize', this.#onResize);
  }

  #readAddress() {
    const { params } = route();
    this.#filterText = params.get('q') ?? '';
    this.#filter = parseFilter(this.#filterText);
    const sort = params.get('sort') ?? 'name';
    this.#sort = { column: COLUMNS[sort.replace(/^-/, '')] ? sort.replace(/^-/, '') : 'name', descending: sort.startsWith('-') };
    this.#group = ['project', 'engine'].includes(params.get('group')) ? params.get('group') : '';
    this.#hideStopped = params.get('stopped') === 'hide';
  }

  #setFilter(value) {
    this.#filterText = value;
    this.#filter = parseFilter(value);
    setText(this.#error, this.#filter.error ?? '');
    replaceParams({ q: value });
    this.#order();
    this.#showSummary();
  }

  #setGroup(group) {
    this.#group = group;
    replaceParams({ group });
    this.update();
  }

  #setStopped(hide) {
    this.#hideStopped = hide;
    replaceParams({ stopped: hide ? 'hide' : '' });
    this.update();
  }

  #columnMenu() {
    return el('details', {
      class: 'menu', ontoggle: () => this.#fillMenu(), onfocusout: e => closeUnless(e.currentTarget, e.relatedTarget), onkeydown: closeByEscape,
    }, el('summary', { text: texts.columns }), this.#menu);
  }

  /** The menu has the columns that are shown, which may be fewer in a narrow window. */
  #fillMenu() {
    const chosen = new Set(this.#columns);
    const choose = (name, checked) => {
      if (checked) chosen.add(name);
      else chosen.delete(name);
      localStorage.setItem(columnsKey(), JSON.stringify([...chosen]));
      this.#layout();
    };
    this.#menu.replaceChildren(...Object.keys(COLUMNS).filter(name => !COLUMNS[name].fixed).map(name => el('label', { class: 'check' },
      el('input', { type: 'checkbox', checked: chosen.has(name), onchange: e => choose(name, e.target.checked) }), ` ${texts.column[name]}`)),
    button(texts.defaultColumns, () => {
      localStorage.removeItem(columnsKey());
      this.#layout();
      this.#fillMenu();
    }, { class: 'quiet' }));
  }

  #shownColumns() {
    try {
      const saved = JSON.parse(localStorage.getItem(columnsKey()));
      if (Array.isArray(saved)) return Object.keys(COLUMNS).filter(name => COLUMNS[name].fixed || saved.includes(name));
    } catch {
      // What is not JSON was not saved by this page.
    }
    if (narrow.matches) return NARROW_COLUMNS;
    // A scrollbar for the rows takes some of the width.
    return defaultColumns(document.documentElement.clientWidth - SCROLLBAR, this.#store.engines.size);
  }

  /** Lays the columns out again where others fit now. */
  #fit() {
    if (this.#shownColumns().join() !== this.#columns.join()) this.#layout();
  }

  /** Makes the header anew for the shown columns. */
  #layout() {
    this.#columns = this.#shownColumns();
    this.#headers.clear();
    const cells = this.#columns.map(name => {
      const cell = el('th', { scope: 'col', class: COLUMNS[name].metric ? `column-${name} numeric` : `column-${name}` },
        button(texts.column[name], () => this.#sortBy(name), { class: 'sort', title: texts.columnHelp[name] ?? null }));
      if (!narrow.matches || !NARROW_COLUMNS.includes(name)) cell.style.width = `${COLUMNS[name].width}px`;
      this.#headers.set(name, cell);
      return cell;
    });
    this.#table.setHead(el('tr', { 'aria-rowindex': '1' }, ...cells), this.#columns.length, narrow.matches && this.#columns.length <= NARROW_COLUMNS.length ? 0 : widthOf(this.#columns));
    this.#showSort();
    this.#order(true);
    this.#showSummary();
  }

  #sortBy(name) {
    const same = this.#sort.column === name;
    this.#sort = { column: name, descending: same ? !this.#sort.descending : COLUMNS[name].descending ?? false };
    replaceParams({ sort: (this.#sort.descending ? '-' : '') + name });
    this.#showSort();
    this.#order(true);
  }

  #showSort() {
    for (const [name, cell] of this.#headers) {
      setAttribute(cell, 'aria-sort', this.#sort.column === name ? (this.#sort.descending ? 'descending' : 'ascending') : null);
    }
  }

  /**
   * Orders the rows. The values to order by are taken now only if nobody points at the rows; otherwise those of the last time hold, and only
   * new rows get theirs.
   */
  #order(force = false) {
    const column = COLUMNS[this.#sort.column];
    const renew = force || !column.metric || !this.#table.isRead;
    if (renew) {
      this.#ranks.clear();
      this.#ranked = performance.now();
    }
    const rank = row => {
      if (!this.#ranks.has(row.key)) this.#ranks.set(row.key, column.sort(row));
      return this.#ranks.get(row.key);
    };
    const rows = [...this.#store.rows.values()]
      .filter(row => (row.running || !this.#hideStopped) && this.#filter.matches(row))
      .sort((a, b) => format.compare(rank(a), rank(b), this.#sort.descending)
        || format.compare(a.container.name, b.container.name, false) || format.compare(a.key, b.key, false));
    this.#shown = rows;
    this.#table.setItems(this.#group ? this.#grouped(rows) : rows.map(row => ({ key: row.key, row })));
    const total = this.#store.rows.size;
    setText(this.#empty, !this.#store.loaded ? texts.loading : rows.length > 0 ? '' : total > 0 ? texts.noneMatch(total) : texts.noContainers);
    this.#empty.hidden = this.#empty.textContent === '';
  }

  #shown = [];

  #grouped(rows) {
    const groups = new Map();
    for (const row of rows) {
      const name = (this.#group === 'engine' ? row.container.engine : row.project) ?? '';
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(row);
    }
    return [...groups].sort(([a], [b]) => (a === '') - (b === '') || a.localeCompare(b)).flatMap(([name, members]) => [
      { key: `group:${name}`, group: { name, members } },
      ...(this.#closed.has(name) ? [] : members.map(row => ({ key: row.key, row }))),
    ]);
  }

  #groupView({ group: { name } }) {
    const title = el('span', { class: 'group-name' });
    const sums = el('span', { class: 'group-sums' });
    const toggle = el('button', { type: 'button', class: 'group-toggle', onclick: () => {
      if (!this.#closed.delete(name)) this.#closed.add(name);
      this.#order();
    } }, title, sums);
    const node = el('tr', { class: 'group' }, el('th', { scope: 'rowgroup', colspan: this.#columns.length }, toggle));
    return {
      node,
      isGroup: true,
      update: ({ group }) => {
        setAttribute(toggle, 'aria-expanded', String(!this.#closed.has(name)));
        setText(title, name || texts.noProject);
        setText(sums, sumOf(group.members));
      },
    };
  }

  #rowView() {
    const cells = this.#columns.map(name => cellOf(name));
    const node = el('tr', {}, ...cells.map(cell => cell.node));
    let shown = null;
    let facts = null;
    let version = -1;
    return {
      node,
      update: ({ row }) => {
        const stale = this.#isStale(row);
        setAttribute(node, 'class', [row.running ? null : 'stopped', stale ? 'stale' : null].filter(Boolean).join(' ') || null);
        if (shown === row && facts === row.container && version === row.version && row.running) return;
        [shown, facts, version] = [row, row.container, row.version];
        for (const cell of cells) cell.update(row);
      },
    };
  }

  #isStale(row) {
    return (this.#store.engines.get(row.container.engine)?.state ?? 'ok') !== 'ok';
  }

  #showSummary() {
    setText(this.#summary, this.#store.loaded ? `${texts.shown(this.#shown.length, this.#store.rows.size)} · ${sumOf(this.#shown)}` : '');
  }

  #showCurl() {
    const values = {
      all: !this.#hideStopped && !this.#filter.query.state ? 'true' : null,
      ...this.#filter.query,
      sort: (this.#sort.descending ? '-' : '') + COLUMNS[this.#sort.column].field,
    };
    const watched = { ...values, sort: null };
    showCommand(texts.asCurlTitle, [
      curl(`containers${query({ ...values, format: 'table' })}`), curl(`containers${query(values)}`),
      curl(`containers/watch${query(watched)}`, { stream: true }),
    ]);
  }
}

function closeByEscape({ key, currentTarget }) {
  if (key !== 'Escape' || !currentTarget.open) return;
  currentTarget.open = false;
  currentTarget.firstChild.focus();
}

/** Closes a menu when the focus leaves it. A press on nothing inside has no new element. */
function closeUnless(menu, focused) {
  if (focused !== null && !menu.contains(focused)) menu.open = false;
}

/** Counts, CPU, memory and traffic of rows. A shared network counts once. */
function sumOf(rows) {
  const running = rows.filter(r => r.running);
  const add = (list, name) => list.reduce((sum, r) => {
    const value = r.sample[name];
    return value === null || value === undefined ? sum : (sum ?? 0) + value;
  }, null);
  const own = running.filter(r => !r.container.network?.sharedWith);
  return texts.sums(running.length, rows.length - running.length, format.percent(add(running, 'cpu')), format.bytes(add(running, 'memory')),
    format.rate(add(own, 'rx')), format.rate(add(own, 'tx')));
}
