// The filter box: the API's own filters as `name:value`, and words that are part of a name, an image, an id or an address.

import { texts } from './texts.js';

const one = (values, test) => values.some(test);
const has = (text, part) => (text ?? '').toLowerCase().includes(part.toLowerCase());

/** The API's filters. All of them are evaluated here, so that typing costs the service nothing. */
const FILTERS = {
  state: (row, values) => one(values, v => row.container.state === v),
  exitCode: (row, values) => one(values, v => /\((\d+)\)/.exec(row.container.status)?.[1] === v),
  health: (row, values) => one(values, v => (row.container.health ?? 'none') === v),
  name: (row, values) => one(values, v => (row.container.name ?? '').includes(v)),
  image: (row, values) => one(values, v => has(row.container.image, v) || row.container.imageId.startsWith(v)),
  label: (row, values) => values.every(v => matchesLabel(row.container.labels, v)),
  network: (row, values) => one(values, v => row.container.networks.some(n => n.name === v)),
  port: (row, values) => one(values, v => row.container.ports.some(p => matchesPort(p, v))),
  project: (row, values) => one(values, v => row.project === v),
  service: (row, values) => one(values, v => row.service === v),
  engine: (row, values) => one(values, v => row.container.engine === v),
  id: (row, values) => one(values, v => row.container.id.startsWith(v)),
};

/** The filters whose values the API separates by commas. */
const WITH_COMMAS = new Set(Object.keys(FILTERS).filter(name => name !== 'label'));

const WORD = /(?:([a-zA-Z]+):)?(?:"([^"]*)"|(\S+))/g;

/** @returns {{ matches: (row) => boolean, query: object, error: string|null }} */
export function parseFilter(text) {
  const named = {};
  const words = [];
  let error = null;
  for (const [whole, name, quoted, bare] of text.matchAll(WORD)) {
    const value = quoted ?? bare;
    if (!name) words.push(value);
    else if (!FILTERS[name]) {
      // A colon may also be part of an image.
      words.push(whole);
      if (!value.startsWith('/')) error = texts.unknownFilter(name, Object.keys(FILTERS));
    } else (named[name] ??= []).push(...(WITH_COMMAS.has(name) ? value.split(',') : [value]).filter(Boolean));
  }
  const filters = Object.entries(named).filter(([, values]) => values.length > 0);
  const matches = row => filters.every(([name, values]) => FILTERS[name](row, values)) && words.every(word => hasWord(row, word));
  return { matches, query: { ...named, name: [...(named.name ?? []), ...words] }, error: words.some(w => matchesImage(w)) ? null : error };
}

function hasWord({ container, project, service, address }, word) {
  return [container.name, container.image, project, service, address, container.state].some(text => has(text, word))
    || container.id.startsWith(word.toLowerCase());
}

/** Whether a word with a colon looks like an image with a tag. */
const matchesImage = word => /^[a-z0-9./_-]+:[\w.-]+$/.test(word) && word.includes('/');

function matchesLabel(labels, filter) {
  const i = filter.indexOf('=');
  return i < 0 ? filter in labels : labels[filter.slice(0, i)] === filter.slice(i + 1);
}

function matchesPort(port, filter) {
  const [number, protocol] = filter.split('/');
  return (String(port.containerPort) === number || String(port.hostPort) === number) && (!protocol || port.protocol === protocol);
}
