// One container: charts, processes, properties, logs, and what can be done with it.

import { curl, getJson, query, send } from './api.js';
import { Chart } from './charts.js';
import { knownHealth, knownState, portNode } from './columns.js';
import { commitDialog } from './commit.js';
import { attempt, confirmAction, describe, showCommand } from './dialogs.js';
import { button, el, setAttribute, setChildren, setText, simpleTable, term } from './dom.js';
import * as format from './format.js';
import { LogView } from './logs.js';
import { link, replaceParams, route } from './router.js';
import { session } from './session.js';
import { texts } from './texts.js';

const POLL_MS = 3000;
const RANGES = [5, 15, 60];
const TABS = ['overview', 'logs'];

/** The actions: when they are offered, and whether they are confirmed. */
const ACTIONS = {
  start: { when: c => !isActive(c) },
  stop: { when: c => isActive(c), confirm: true },
  restart: { when: c => isActive(c), confirm: true },
  pause: { when: c => c.state === 'running' },
  unpause: { when: c => c.state === 'paused' },
  kill: { when: c => c.state === 'running', confirm: true, danger: true },
};
const isActive = container => ['running', 'paused', 'restarting'].includes(container.state);

export class ContainerView {
  #store;
  #engine;
  #id;
  #container = null;
  #previous = null;
  #minutes = 5;
  #paused = false;
  #timer = 0;
  #loading = new AbortController();
  #logs = null;
  #dot = el('span', { class: 'dot', 'aria-hidden': 'true' });
  #name = el('h1');
  #state = el('span', { class: 'badge' });
  #health = el('span', { class: 'badge' });
  #actions = el('div', { class: 'actions' });
  /** Made once, because one of them may have the focus. */
  #buttons = {};
  #message = el('p', { class: 'error', role: 'alert', hidden: true });
  #tabs = TABS.map(name => el('a', { text: texts[name] }));
  #content = el('div', { class: 'view-content' });
  #charts;
  #chartBox;
  #panels = el('div', { class: 'panels' });
  #processes = el('section', { class: 'panel wide' });
  #details = el('div', { class: 'panels flow' });
  #why = el('p', { class: 'why', hidden: true });
  #ranges;
  #tools = this.#rangeTools();
  #made = new Map();

  constructor(store, engine, id) {
    this.#store = store;
    this.#engine = engine;
    this.#id = id;
    this.title = id.slice(0, 12);
    this.#charts = [
      new Chart(texts.chartCpu, [{ metric: 'cpu' }], format.percent),
      new Chart(texts.chartMemory, [{ metric: 'memory' }], format.bytes),
      new Chart(texts.chartNetwork, [{ metric: 'rx', name: texts.chartIn }, { metric: 'tx', name: texts.chartOut }], format.rate),
      new Chart(texts.chartBlock, [{ metric: 'blockRead', name: texts.chartRead }, { metric: 'blockWrite', name: texts.chartWrite }], format.rate),
    ];
    this.#chartBox = el('div', { class: 'charts' }, ...this.#charts.map(c => c.node));
    this.#panels.append(this.#processes);
    this.node = el('div', { class: 'view detail-view' },
      el('div', { class: 'head' }, this.#dot, this.#name, this.#state, this.#health, this.#actions),
      this.#why, this.#message,
      el('nav', { class: 'tabs', 'aria-label': texts.containers }, ...this.#tabs), this.#content);
    this.navigate();
    this.#poll();
  }

  navigate() {
    const tab = TABS.includes(route().params.get('tab')) ? route().params.get('tab') : TABS[0];
    this.#tabs.forEach((anchor, i) => {
      setAttribute(anchor, 'href', link(['containers', this.#engine, this.#id], i > 0 ? { tab: TABS[i] } : {}));
      setAttribute(anchor, 'aria-current', TABS[i] === tab ? 'page' : null);
    });
    this.#minutes = RANGES.find(n => String(n) === route().params.get('minutes')) ?? RANGES[0];
    this.#ranges.forEach((b, i) => setAttribute(b, 'aria-pressed', String(RANGES[i] === this.#minutes)));
    if (tab !== 'logs') {
      this.#logs?.dispose();
      this.#logs = null;
      setChildren(this.#content, [this.#tools, this.#chartBox, this.#panels, this.#details]);
    } else if (!this.#logs) {
      this.#logs = new LogView(this.#engine, this.#id, () => this.#name.textContent);
      setChildren(this.#content, [this.#logs.node]);
    }
    this.update({});
  }

  /** The store has a new sample or state of some container. */
  update() {
    this.#tabs[TABS.indexOf('logs')].hidden = !session.may('logs:read');
    const row = this.#store.find(this.#engine, this.#id);
    if (row) this.#showHead(row.container);
    if (row && !this.#paused && !this.#logs) for (const chart of this.#charts) chart.update(row, this.#minutes);
  }

  dispose() {
    clearTimeout(this.#timer);
    this.#loading.abort();
    this.#logs?.dispose();
  }

  get #path() {
    return `containers/${encodeURIComponent(this.#id)}`;
  }

  #query(values = {}) {
    return query({ engine: this.#engine, ...values });
  }

  async #poll() {
    try {
      if (!document.hidden) {
        const container = await getJson(`${this.#path}${this.#query()}`, { signal: this.#loading.signal });
        this.#previous = this.#container;
        this.#container = container;
        this.#message.hidden = true;
        this.#showHead(container);
        this.#showProcesses(container.processes);
        this.#showDetails(container);
      }
    } catch (e) {
      if (e.name === 'AbortError') return;
      setText(this.#message, e.status === 404 ? (this.#container ? texts.containerGone : texts.noContainer(this.#id)) : describe(e));
      this.#message.hidden = false;
      if (e.status === 404) {
        setChildren(this.#actions, []);
        return;
      }
    }
    this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  #showHead(container) {
    const name = container.name ?? container.shortId;
    setText(this.#name, name);
    document.title = `${name} · ${texts.title}`;
    setAttribute(this.#dot, 'class', `dot state-${knownState(container.state)}`);
    setText(this.#state, container.status);
    this.#health.hidden = !container.health;
    setText(this.#health, container.health ?? '');
    setAttribute(this.#health, 'class', `badge health-${knownHealth(container.health)}`);
    const why = isActive(container) ? '' : texts.whyStopped(this.#container?.details?.exitCode, this.#container?.details?.oomKilled,
      this.#container?.details?.error?.message);
    setText(this.#why, why);
    this.#why.hidden = why === '';
    // A container that did not run since the page was opened has nothing to draw.
    const drawn = isActive(container) || (this.#store.find(this.#engine, this.#id)?.version ?? 0) > 0;
    for (const part of [this.#tools, this.#chartBox, this.#processes]) part.hidden = !drawn;
    const offered = [...Object.keys(ACTIONS).filter(action => session.may('containers:write') && ACTIONS[action].when(container)),
      session.may('images:write') && 'commit', session.may('containers:write') && 'remove', 'curl'].filter(Boolean);
    setChildren(this.#actions, offered.map(action => this.#buttons[action] ??= this.#actionButton(action)));
  }

  #actionButton(action) {
    if (action === 'curl') {
      return button(texts.asCurl, () => showCommand(texts.asCurlTitle, [
        curl(`${this.#path}${this.#query()}`), curl(`${this.#path}/logs${this.#query({ follow: true })}`, { stream: true }),
      ]), { class: 'quiet' });
    }
    if (action === 'commit') return button(texts.commit, () => commitDialog(this.#current()));
    if (action === 'remove') return button(texts.remove, () => this.#remove(), { class: 'danger' });
    return button(texts[action], e => this.#act(action, e.currentTarget), ACTIONS[action].danger ? { class: 'danger' } : {});
  }

  #current() {
    return this.#container ?? this.#store.find(this.#engine, this.#id)?.container;
  }

  async #act(action, pressed) {
    const name = this.#name.textContent;
    const { confirm, danger } = ACTIONS[action];
    if (confirm && !await confirmAction(texts.actionTitle(texts[action], name), texts.actionText[action], texts[action], { danger })) return;
    pressed.disabled = true;
    await attempt(() => send(`${this.#path}/${action}${this.#query()}`, { method: 'POST' }), texts.actionDone[action]);
    pressed.disabled = false;
  }

  async #remove() {
    const container = this.#current();
    const name = this.#name.textContent;
    const options = [isActive(container) && { name: 'force', text: texts.removeForce }, { name: 'volumes', text: texts.removeVolumes }];
    const chosen = await confirmAction(texts.actionTitle(texts.remove, name), texts.removeText, texts.remove,
      { typed: name, danger: true, options: options.filter(Boolean) });
    if (!chosen) return;
    const gone = await attempt(() => send(`${this.#path}${this.#query(chosen)}`, { method: 'DELETE' }), texts.removed(name));
    if (gone) location.hash = link(['containers']);
  }

  #rangeTools() {
    const pause = button(texts.pauseCharts, () => {
      this.#paused = !this.#paused;
      setText(pause, this.#paused ? texts.continueCharts : texts.pauseCharts);
      setAttribute(pause, 'aria-pressed', String(this.#paused));
      this.update();
    }, { 'aria-pressed': String(this.#paused) });
    const ranges = this.#ranges = RANGES.map(n => button(texts.minutes(n), () => {
      replaceParams({ minutes: n === RANGES[0] ? '' : n });
      this.navigate();
      const row = this.#store.find(this.#engine, this.#id);
      if (row) for (const chart of this.#charts) chart.update(row, n);
    }));
    return el('div', { class: 'row-tools' }, el('div', { class: 'segments', role: 'group', 'aria-label': texts.range }, ...ranges), pause);
  }

  #showProcesses(section) {
    if (!section) return;
    const c = texts.processColumns;
    if (section.state !== 'ok') {
      this.#processes.replaceChildren(el('h2', { text: texts.processes }),
        el('p', { class: 'hint', text: texts.notRead(section.reason ?? section.state) }));
      return;
    }
    const hasMemory = section.items.some(p => known(p.memoryBytes));
    // Selected text and the scroll position stay where the rows are the same.
    const before = this.#processes.querySelector('.scroll')?.scrollTop ?? 0;
    const table = simpleTable(texts.processes, [c.pid, c.parent, c.user, c.cpu, c.cpuTime, hasMemory && c.memory, c.started, c.command].filter(Boolean),
      section.items.map(p => [
        narrow(String(p.pid)), narrow(p.parentPid === null ? format.UNKNOWN : String(p.parentPid)), narrow(p.user ?? format.UNKNOWN),
        narrow(format.percent(p.cpuPercent ?? this.#cpuOf(p))), narrow(format.duration(p.cpuTimeMs)),
        hasMemory && narrow(format.bytes(p.memoryBytes)), narrow(format.ago(p.startedAt)), el('span', { class: 'mono', text: p.command }),
      ].filter(Boolean)));
    this.#processes.replaceChildren(el('h2', { text: `${texts.processes} (${section.items.length})` }), table);
    table.scrollTop = before;
  }

  /** Where the service has no CPU of a process, from the CPU time of the last answer. */
  #cpuOf(process) {
    const before = this.#previous?.processes?.items?.find(p => p.pid === process.pid && p.startedAt === process.startedAt);
    const [from, to] = [this.#previous?.processes?.sampledAt, this.#container.processes.sampledAt].map(t => Date.parse(t));
    if (!known(before?.cpuTimeMs) || !known(process.cpuTimeMs) || !(to > from)) return null;
    return (100 * (process.cpuTimeMs - before.cpuTimeMs)) / (to - from);
  }

  /** Makes a panel anew only where its values changed, so that selected text and the focus stay. */
  #showDetails(container) {
    setChildren(this.#details, detailPanels(container).filter(([, values]) => known(values)).map(([title, values, build]) => {
      const shown = JSON.stringify(values);
      let made = this.#made.get(title);
      if (made?.shown !== shown) this.#made.set(title, made = { shown, node: panel(title, ...[build(values)].flat()) });
      return made.node;
    }));
  }
}

const known = value => value !== null && value !== undefined;
const narrow = text => el('span', { class: 'nowrap', text });
const panel = (title, ...content) => el('section', { class: 'panel' }, el('h2', { text: title }), ...content);

/** The panels: their titles, the values that they show, and what makes them. A panel without values is left out. */
function detailPanels(container) {
  const details = container.details?.state === 'ok' ? container.details : {};
  const list = (label, columns, rows) => (rows.length > 0 ? simpleTable(label, columns, rows) : el('p', { class: 'hint', text: texts.none }));
  return [
    [texts.properties, properties(container, details), rows => el('dl', {}, ...rows.flatMap(row => term(...propertyOf(row, container))))],
    [texts.networks, container.networks, networks => list(texts.networks, texts.networkColumns,
      networks.map(n => [n.name, n.ipv4, n.ipv6, n.gateway, n.mac].map(text => text && narrow(text))))],
    [texts.interfaces, trafficOf(container.network), interfaces],
    [texts.ports, container.ports, ports => (ports.length > 0
      ? el('ul', { class: 'plain-list' }, ...ports.map(p => el('li', {}, portNode(p), p.hostIp ? ` (${p.hostIp})` : '')))
      : el('p', { class: 'hint', text: texts.none }))],
    [texts.mounts, details.mounts, mounts => list(texts.mounts, texts.mountColumns,
      mounts.map(m => [m.type, m.source, m.destination, texts.mountMode(m.readOnly)]))],
    [texts.environment, details.environment, environment => [
      pairs(environment), ...(session.may('containers:secrets') ? [] : [el('p', { class: 'hint', text: texts.redacted })])]],
    [texts.labels, container.labels, pairs],
    [texts.healthLog, details.healthLog, log => list(texts.healthLog, texts.healthColumns,
      log.toReversed().map(h => [narrow(format.time(h.startedAt)), String(h.exitCode), el('code', { text: h.output })]))],
  ];
}

/** Names and texts; unknown ones are left out. */
function properties(container, details) {
  const p = texts.property;
  const limits = details.limits ?? {};
  const rows = [
    [p.status, container.status],
    [p.image, format.shortImage(container.image)],
    [p.command, container.command],
    [p.entrypoint, details.entrypoint?.join(' ')],
    [p.project, [container.project, container.service].filter(Boolean).join(' / ')],
    [p.engine, container.engine],
    [p.id, container.id],
    [p.created, format.time(container.createdAt)],
    [p.started, details.startedAt && format.time(details.startedAt)],
    [p.finished, details.finishedAt && format.time(details.finishedAt)],
    [p.restart, details.restartPolicy],
    [p.restarts, known(details.restartCount) && String(details.restartCount)],
    [p.user, details.user],
    [p.workingDirectory, details.workingDirectory],
    [p.hostname, details.hostname],
    [p.memoryLimit, known(limits.memoryBytes) && format.bytes(limits.memoryBytes)],
    [p.cpuLimit, known(limits.cpus) && String(limits.cpus)],
    [p.pidsLimit, known(limits.pids) && String(limits.pids)],
    [p.logDriver, details.logDriver],
  ];
  return rows.filter(([, value]) => value);
}

function propertyOf([name, value], container) {
  const p = texts.property;
  if (name === p.image) return [name, el('a', { href: link(['images', container.engine, container.imageId]), text: value })];
  return [name, [p.command, p.entrypoint, p.id].includes(name) ? el('code', { text: value }) : value];
}

function trafficOf(network) {
  return network && { shared: network.sharedWith, reason: network.reason, interfaces: network.interfaces };
}

function interfaces({ shared, reason, interfaces: all }) {
  const rows = Object.entries(all ?? {});
  return [
    shared && el('p', { class: 'hint', text: texts.sharedNetwork(format.shortId(shared)) }),
    reason && el('p', { class: 'hint', text: texts.notRead(reason) }),
    rows.length > 0 && simpleTable(texts.interfaces, texts.interfaceColumns, rows.flatMap(([name, i]) => [
      [name, texts.received, narrow(format.bytes(i.rxBytes)), ...[i.rxPackets, i.rxErrors, i.rxDropped].map(format.count)],
      ['', texts.sent, narrow(format.bytes(i.txBytes)), ...[i.txPackets, i.txErrors, i.txDropped].map(format.count)],
    ])),
  ].filter(Boolean);
}

function pairs(values) {
  const all = Object.entries(values);
  return all.length > 0
    ? el('dl', { class: 'mono' }, ...all.flatMap(([name, value]) => term(name, value)))
    : el('p', { class: 'hint', text: texts.none });
}
