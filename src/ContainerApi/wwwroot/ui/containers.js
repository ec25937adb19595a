// The list of containers.

import { curl, query } from './api.js';
import { Spark } from './charts.js';
import { showCommand } from './dialogs.js';
import { button, el, setAttribute, setChildren, setText } from './dom.js';
import { parseFilter } from './filter.js';
import * as format from './format.js';
import { link, replaceParams, route } from './router.js';
import { VirtualTable } from './table.js';
import { texts } from './texts.js';

const COLUMNS_KEY = 'containerapi.columns';
/** How often the order may change by itself while nobody points at the rows. */
const REORDER_MS = 5000;

const metric = (name, show) => ({
  metric: name,
  descending: true,
  sort: row => row.smooth[name] ?? null,
  text: row => (row.running ? show(row.sample[name]) : ''),
});

/** Every column: its text, its order, and the API's name of its field. */
const COLUMNS = {
  name: { width: 200, field: 'name', sort: r => r.container.name, fixed: true },
  project: { width: 130, field: 'project', sort: r => r.project && `${r.project}/${r.service ?? ''}`,
    text: r => [r.project, r.service].filter(Boolean).join(' / ') },
  image: { width: 180, field: 'image', sort: r => r.container.image, text: r => format.shortImage(r.container.image) },
  status: { width: 160, field: 'status', sort: r => `${r.container.state} ${r.container.status}`, text: r => r.container.status },
  address: { width: 116, field: 'networks', sort: r => r.address, text: r => r.address },
  ports: { width: 130, field: 'ports', sort: r => r.container.ports[0]?.hostPort ?? null },
  cpu: { width: 124, field: 'usage.cpuPercent', ...metric('cpu', format.percent) },
  memory: { width: 146, field: 'usage.memoryBytes', ...metric('memory', format.bytes) },
  rx: { width: 150, field: 'network.rxBytesPerSecond', ...metric('rx', format.rate) },
  tx: { width: 150, field: 'network.txBytesPerSecond', ...metric('tx', format.rate) },
  pids: { width: 90, field: 'usage.pids', ...metric('pids', format.count) },
  engine: { width: 110, field: 'engine', sort: r => r.container.engine, text: r => r.container.engine },
  command: { width: 200, field: 'command', sort: r => r.container.command, text: r => r.container.command },
  created: { width: 110, field: 'createdAt', descending: true, sort: r => r.container.createdAt, text: r => format.ago(r.container.createdAt) },
  id: { width: 120, field: 'id', sort: r => r.container.id, text: r => r.container.shortId },
};
const DEFAULT_COLUMNS = ['name', 'project', 'image', 'status', 'address', 'ports', 'cpu', 'memory', 'rx', 'tx', 'pids'];
const NARROW_COLUMNS = ['name', 'cpu', 'memory'];
const narrow = matchMedia('(max-width: 640px)');

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
  #onNarrow = () => this.#layout();

  constructor(store) {
    this.#store = store;
    this.#table = new VirtualTable(texts.containers, item => (item.group ? this.#groupView(item) : this.#rowView(item)));
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
    narrow.addEventListener('change', this.#onNarrow);
    this.navigate();
  }

  /** Called when the address changed within this view, and when the store changed. */
  update(changed = { members: true }) {
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
    narrow.removeEventListener('change', this.#onNarrow);
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
    const chosen = new Set(this.#chosenColumns());
    return el('details', { class: 'menu', onfocusout: e => closeUnless(e.currentTarget, e.relatedTarget) }, el('summary', { text: texts.columns }),
      el('div', { class: 'menu-items' }, ...Object.entries(COLUMNS).filter(([, c]) => !c.fixed).map(([name]) =>
        el('label', { class: 'check' }, el('input', {
          type: 'checkbox', checked: chosen.has(name), onchange: e => {
            if (e.target.checked) chosen.add(name);
            else chosen.delete(name);
            localStorage.setItem(COLUMNS_KEY, JSON.stringify([...chosen]));
            this.#layout();
          },
        }), ` ${texts.column[name]}`))));
  }

  #chosenColumns() {
    try {
      const saved = JSON.parse(localStorage.getItem(COLUMNS_KEY));
      if (Array.isArray(saved)) return Object.keys(COLUMNS).filter(name => COLUMNS[name].fixed || saved.includes(name));
    } catch {
      // What is not JSON was not saved by this page.
    }
    return this.#store.engines.size > 1 ? [...DEFAULT_COLUMNS, 'engine'] : DEFAULT_COLUMNS;
  }

  /** Makes the header anew for the chosen columns. */
  #layout() {
    this.#columns = narrow.matches ? NARROW_COLUMNS : this.#chosenColumns();
    this.#headers.clear();
    const cells = this.#columns.map(name => {
      const cell = el('th', { scope: 'col', class: `column-${name}` },
        button(texts.column[name], () => this.#sortBy(name), { class: 'sort', title: texts.columnHelp[name] ?? null }));
      if (!narrow.matches) cell.style.width = `${COLUMNS[name].width}px`;
      this.#headers.set(name, cell);
      return cell;
    });
    this.#table.setHead(el('tr', { 'aria-rowindex': '1' }, ...cells), this.#columns.length);
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
      .sort((a, b) => compare(rank(a), rank(b), this.#sort.descending)
        || compare(a.container.name, b.container.name, false) || compare(a.key, b.key, false));
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
      update: ({ group }) => {
        setAttribute(toggle, 'aria-expanded', String(!this.#closed.has(name)));
        setText(title, name || texts.noProject);
        setText(sums, sumOf(group.members));
      },
    };
  }

  #rowView({ row: { key } }) {
    const cells = this.#columns.map(name => cellOf(name));
    const node = el('tr', {}, ...cells.map(cell => cell.node));
    let facts = null;
    let version = -1;
    return {
      node,
      update: ({ row }) => {
        const stale = this.#isStale(row);
        setAttribute(node, 'class', [row.running ? null : 'stopped', stale ? 'stale' : null].filter(Boolean).join(' ') || null);
        if (facts === row.container && version === row.version && key === row.key && row.running) return;
        [facts, version] = [row.container, row.version];
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

/** Closes a menu when the focus leaves it. A press on nothing inside has no new element. */
function closeUnless(menu, focused) {
  if (focused !== null && !menu.contains(focused)) menu.open = false;
}

/** The element of one cell and what keeps it up to date. */
function cellOf(name) {
  if (name === 'name') return nameCell();
  if (name === 'ports') return portsCell();
  const column = COLUMNS[name];
  const value = el('span', { class: 'cell-text' });
  const node = el('td', { class: `column-${name}` });
  if (!column.metric) {
    node.append(value);
    return { node, update: row => {
      const shown = column.text(row) ?? '';
      if (value.textContent !== shown) {
        value.textContent = shown;
        value.title = shown;
      }
    } };
  }
  const spark = new Spark(column.metric);
  const limit = name === 'memory' ? el('span', { class: 'of-limit' }) : null;
  node.append(el('div', { class: 'number' }, spark.node, value, limit));
  return { node, update: row => {
    setText(value, column.text(row));
    spark.update(row);
    if (limit) showLimit(limit, row);
  } };
}

function nameCell() {
  const dot = el('span', { class: 'dot', 'aria-hidden': 'true' });
  const anchor = el('a', {});
  const health = el('span', { class: 'badge' });
  const image = el('span', { class: 'sub' });
  const node = el('th', { scope: 'row', class: 'column-name' }, dot, el('span', { class: 'name-box' }, anchor, image), health);
  return { node, update: ({ container, service }) => {
    setAttribute(dot, 'class', `dot state-${knownState(container.state)}`);
    const shown = container.name ?? container.shortId;
    if (anchor.textContent !== shown) {
      anchor.textContent = shown;
      anchor.title = shown;
    }
    setAttribute(anchor, 'href', link(['containers', container.engine, container.id]));
    setText(image, service ?? container.status);
    health.hidden = !container.health;
    setText(health, container.health ?? '');
    setAttribute(health, 'class', `badge health-${knownHealth(container.health)}`);
  } };
}

function portsCell() {
  const node = el('td', { class: 'column-ports' });
  let shown = '';
  return { node, update: ({ container }) => {
    // The same port on IPv4 and IPv6 is one port for people.
    const unique = [...new Map(container.ports.map(p => [format.port(p), p])).values()];
    const now = JSON.stringify(unique);
    if (now === shown) return;
    shown = now;
    setChildren(node, [el('span', { class: 'cell-text', title: unique.map(format.port).join(', ') },
      ...unique.sort((a, b) => (b.hostPort ? 1 : 0) - (a.hostPort ? 1 : 0)).flatMap((p, i) => [i > 0 && ', ', portNode(p)]).filter(Boolean))]);
  } };
}

/** A link where the port is published, else its text. */
export function portNode(p) {
  const target = format.portAddress(p);
  return target ? el('a', { href: target, target: '_blank', rel: 'noopener noreferrer', text: format.port(p) }) : format.port(p);
}

function showLimit(node, { running, sample, container }) {
  const limit = container.usage?.memoryLimitBytes;
  const share = running && limit && sample.memory !== null ? Math.min(1, sample.memory / limit) : null;
  node.hidden = share === null;
  if (share === null) return;
  node.style.setProperty('--share', `${(share * 100).toFixed(1)}%`);
  setAttribute(node, 'class', share > 0.9 ? 'of-limit high' : 'of-limit');
  node.title = texts.ofLimit(format.percent(share * 100), format.bytes(limit));
}

export const knownState = state =>
  (['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'].includes(state) ? state : 'unknown');
export const knownHealth = health => (['starting', 'healthy', 'unhealthy'].includes(health) ? health : 'none');

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

/** Unknown values come last in both directions. */
function compare(a, b, descending) {
  const [noA, noB] = [a === null || a === undefined || a === '', b === null || b === undefined || b === ''];
  if (noA || noB) return noA - noB;
  const order = typeof a === 'number' ? a - b : a < b ? -1 : a > b ? 1 : 0;
  return descending ? -order : order;
}
