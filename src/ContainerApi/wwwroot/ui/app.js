// The frame around the views: navigation, engines, connection, key; and the view that the address names.

import { ContainersView } from './containers.js';
import { describe, notify, showDialog } from './dialogs.js';
import { button, el, setAttribute, setChildren, setText, term } from './dom.js';
import * as format from './format.js';
import { link, route } from './router.js';
import { session } from './session.js';
import { load } from './start.js';
import { Store } from './store.js';
import { texts } from './texts.js';
import { Watch } from './watch.js';

const SAMPLE_SECONDS = 2;

const store = new Store();
const watch = new Watch(SAMPLE_SECONDS);
// The first rows wait for this answer: the service makes it while the page is built.
watch.start();

/** The views by the first part of the address; those that are not shown first are loaded when they are needed. */
const VIEWS = {
  containers: {
    1: async () => new ContainersView(store),
    3: async ([, engine, id]) => new (await load(() => import('./container.js'))).ContainerView(store, engine, id),
  },
  builds: {
    1: async () => new (await load(() => import('./builds.js'))).BuildsView(store),
    2: async ([, id]) => new (await load(() => import('./build.js'))).BuildView(id),
  },
  images: {
    1: async () => new (await load(() => import('./images.js'))).ImagesView(store),
    3: async ([, engine, id]) => new (await load(() => import('./image.js'))).ImageView(store, engine, id),
  },
};

const main = el('main', { id: 'content', tabindex: -1 });
const engines = el('ul', { class: 'engines', 'aria-label': texts.engines });
const connection = el('span', { class: 'connection', role: 'status' });
const retry = button(texts.retry, () => watch.retryNow(), { class: 'quiet', hidden: true });
const caller = button('', showCaller, { class: 'quiet caller' });
const outdated = el('div', { class: 'banner', role: 'status', hidden: true },
  el('span', { text: texts.outdated }), button(texts.reload, () => location.reload(), { class: 'primary' }));
const links = Object.keys(VIEWS).map(name => el('a', { href: link([name]), text: texts[name] }));

document.body.replaceChildren(
  el('a', { class: 'skip', href: '#content', text: texts.skip, onclick: e => { e.preventDefault(); main.focus(); } }),
  el('header', {},
    el('div', { class: 'brand' }, el('img', { src: 'ui/icon.svg', alt: '', width: 24, height: 24 }), el('span', { text: texts.title })),
    el('nav', { 'aria-label': texts.navigation }, ...links, el('a', { href: 'swagger', text: texts.documentation })),
    engines, el('div', { class: 'status' }, connection, retry, caller)),
  outdated, main);

let view = null;
let shown = null;

async function show() {
  const { parts } = route();
  const name = JSON.stringify(parts);
  links.forEach((anchor, i) => setAttribute(anchor, 'aria-current', Object.keys(VIEWS)[i] === parts[0] ? 'page' : null));
  if (name === shown) {
    view?.navigate?.();
    return;
  }
  shown = name;
  const create = VIEWS[parts[0]]?.[parts.length];
  let next;
  try {
    next = create ? await create(parts) : { node: el('p', { class: 'empty', text: texts.unknownView }) };
  } catch (e) {
    next = { node: el('p', { class: 'empty', text: describe(e) }) };
  }
  // The address may have changed while a module was loaded.
  if (shown !== name) {
    next.dispose?.();
    return;
  }
  const first = view === null;
  view?.dispose?.();
  view = next;
  document.title = [next.title ?? texts[parts[0]], texts.title].filter(Boolean).join(' · ');
  const heading = next.node.querySelector('h1') ? [] : [el('h1', { class: 'unseen', text: texts[parts[0]] ?? texts.title })];
  main.replaceChildren(...heading, next.node);
  if (!first) main.focus();
  view.update?.({ members: true, facts: true, samples: true, engines: true });
}

function showEngines() {
  setChildren(engines, [...store.engines.values()].map(engineNode));
}

const engineNodes = new Map();

function engineNode(engine) {
  let node = engineNodes.get(engine.name);
  if (!node) {
    const detail = el('span', { class: 'engine-detail' });
    const dot = el('span', { class: 'dot', 'aria-hidden': 'true' });
    node = el('li', {}, el('a', { href: link(['containers'], { q: `engine:${engine.name}` }) }, dot, el('span', { text: engine.name })), detail);
    engineNodes.set(engine.name, Object.assign(node, { dot, detail }));
  }
  const ok = engine.state === 'ok';
  const members = [...store.rows.values()].filter(r => r.container.engine === engine.name).length;
  setAttribute(node, 'class', ok ? 'engine' : 'engine failed');
  setAttribute(node.dot, 'class', ok ? 'dot state-running' : 'dot state-dead');
  const text = ok ? texts.engineOk(members, engine.apiVersion) : texts.engineFailed(engine.state, engine.error?.message);
  setText(node.detail, text);
  setAttribute(node, 'title', text);
  return node;
}

function showConnection() {
  setText(connection, texts[watch.state]);
  setAttribute(connection, 'class', `connection ${watch.state}`);
  setAttribute(connection, 'title', watch.state === 'live' ? null : texts.connectionHelp(watch.reason));
  retry.hidden = watch.state !== 'waiting' && watch.state !== 'refused';
  if (watch.state === 'refused' && watch.reason) notify(watch.reason, true);
}

function showSession() {
  const { caller: who, outdated: old } = session;
  outdated.hidden = !old;
  setText(caller, who === null ? '' : who.readOnly ? `${texts.caller(who.name)} · ${texts.readOnly}` : texts.caller(who.name));
  caller.hidden = who === null;
  setAttribute(caller, 'title', who && texts.callerHelp(who.scopes, who.expiresAt));
  view?.update?.({ facts: true });
}

function showCaller() {
  const who = session.caller;
  showDialog(texts.caller(who.name), close => ({
    content: [el('dl', {},
      ...term(texts.scopes, el('ul', { class: 'scopes' }, ...who.scopes.map(s => el('li', { text: s })))),
      ...term(texts.expires, who.expiresAt ? format.time(who.expiresAt) : texts.never))],
    buttons: [button(texts.changeKey, () => {
      close(true);
      session.changeKey();
    })],
  }));
}

store.addEventListener('change', e => {
  if (e.detail.engines || e.detail.members) showEngines();
  view?.update?.(e.detail);
});
watch.addEventListener('events', e => store.apply(e.detail));
let wasLive = false;
watch.addEventListener('state', () => {
  showConnection();
  // The service may be another one after a reconnect.
  if (watch.state === 'live' && wasLive) session.checkPage();
  wasLive ||= watch.state === 'live';
});
session.addEventListener('change', showSession);
session.addEventListener('key', () => watch.retryNow());
window.addEventListener('hashchange', show);

showConnection();
show();
// A missing key is asked for once, whichever answer says so first.
session.start().catch(e => notify(describe(e), true));
