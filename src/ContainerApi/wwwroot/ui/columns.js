// The columns of the list of containers: their order, their text, and the elements of their cells.

import { Spark } from './charts.js';
import { el, setAttribute, setChildren, setText } from './dom.js';
import * as format from './format.js';
import { link } from './router.js';
import { texts } from './texts.js';

const metric = (name, show) => ({
  metric: name,
  descending: true,
  sort: row => row.smooth[name] ?? null,
  text: row => (row.running ? show(row.sample[name]) : ''),
});

/** Every column: its least width, its text, its order, and the API's name of its field. */
export const COLUMNS = {
  name: { width: 168, field: 'name', sort: r => r.container.name, fixed: true },
  project: { width: 112, field: 'project', sort: r => r.project && `${r.project}/${r.service ?? ''}`,
    text: r => [r.project, r.service].filter(Boolean).join(' / ') },
  image: { width: 140, field: 'image', sort: r => r.container.image, text: r => format.shortImage(r.container.image) },
  status: { width: 132, field: 'status', sort: r => `${r.container.state} ${r.container.status}`, text: r => statusOf(r.container) },
  address: { width: 100, field: 'networks', sort: r => r.address, text: r => r.address },
  ports: { width: 104, field: 'ports', sort: r => r.container.ports[0]?.hostPort ?? null },
  cpu: { width: 100, field: 'usage.cpuPercent', ...metric('cpu', format.percent) },
  memory: { width: 122, field: 'usage.memoryBytes', ...metric('memory', format.bytes) },
  rx: { width: 114, field: 'network.rxBytesPerSecond', ...metric('rx', format.rate) },
  tx: { width: 114, field: 'network.txBytesPerSecond', ...metric('tx', format.rate) },
  pids: { width: 58, field: 'usage.pids', ...metric('pids', format.count) },
  engine: { width: 90, field: 'engine', sort: r => r.container.engine, text: r => r.container.engine },
  command: { width: 180, field: 'command', sort: r => r.container.command, text: r => r.container.command },
  created: { width: 96, field: 'createdAt', descending: true, sort: r => r.container.createdAt, text: r => format.ago(r.container.createdAt) },
  id: { width: 110, field: 'id', sort: r => r.container.id, text: r => r.container.shortId },
};
/** The status without the health in parentheses, which has a sign beside the name. */
const statusOf = ({ status, health }) => (health ? status.replace(/ \([^()]*\)$/, '') : status);

/** The columns of a phone, whose rows have two lines. */
export const NARROW_COLUMNS = ['name', 'cpu', 'memory'];
const DEFAULT_COLUMNS = ['name', 'project', 'image', 'status', 'address', 'ports', 'cpu', 'memory', 'rx', 'tx', 'pids'];
/** Which ones give way first where the window is too narrow for all. */
const LEAST_NEEDED = ['pids', 'image', 'address', 'project', 'ports', 'engine', 'tx', 'rx', 'status'];

/** The columns that fit into a width without a scrollbar, where the reader chose none. */
export function defaultColumns(width, engines) {
  const names = engines > 1 ? [...DEFAULT_COLUMNS, 'engine'] : [...DEFAULT_COLUMNS];
  for (const name of LEAST_NEEDED) {
    if (widthOf(names) <= width) break;
    if (names.includes(name)) names.splice(names.indexOf(name), 1);
  }
  return names;
}

export const widthOf = names => names.reduce((sum, name) => sum + COLUMNS[name].width, 0);

/** The element of one cell and what keeps it up to date. */
export function cellOf(name) {
  if (name === 'name') return nameCell();
  if (name === 'ports') return portsCell();
  const column = COLUMNS[name];
  const value = el('span', { class: 'cell-text' });
  const node = el('td', { class: `column-${name}` });
  if (!column.metric) {
    node.append(value);
    return { node, update: row => {
      setTitledText(value, column.text(row) ?? '');
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

/** Sets a text that may be cut, and the whole of it for the pointer. */
function setTitledText(node, text) {
  if (node.textContent === text) return;
  node.textContent = text;
  node.title = text;
}

const HEALTH_SIGNS = { starting: '…', healthy: '✓', unhealthy: '✗', none: '' };

function nameCell() {
  const dot = el('span', { class: 'dot', 'aria-hidden': 'true' });
  const anchor = el('a', {});
  const health = el('span', { role: 'img' });
  const detail = el('span', { class: 'sub' });
  const node = el('th', { scope: 'row', class: 'column-name' }, dot, el('span', { class: 'name-box' }, anchor, detail), health);
  return { node, update: ({ container, service, running }) => {
    setAttribute(dot, 'class', `dot state-${knownState(container.state)}`);
    setTitledText(anchor, container.name ?? container.shortId);
    setAttribute(anchor, 'href', link(['containers', container.engine, container.id]));
    setText(detail, (running && service) || container.status);
    health.hidden = !container.health;
    setText(health, HEALTH_SIGNS[knownHealth(container.health)]);
    setAttribute(health, 'class', `health health-${knownHealth(container.health)}`);
    setAttribute(health, 'aria-label', container.health);
    setAttribute(health, 'title', container.health);
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
      ...unique.sort((a, b) => (b.hostPort ? 1 : 0) - (a.hostPort ? 1 : 0)).flatMap((p, i) => [i > 0 && ', ', portNode(p, true)]).filter(Boolean))]);
  } };
}

/** A link where the port is published, else its text. */
export function portNode(p, short = false) {
  const target = format.portAddress(p);
  const text = format.port(p, short);
  return target ? el('a', { href: target, target: '_blank', rel: 'noopener noreferrer', text }) : text;
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
