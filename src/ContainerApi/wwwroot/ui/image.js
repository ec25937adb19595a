// One image: its configuration, its layers, and the containers that use it.

import { curl, getJson, query, send } from './api.js';
import { attempt, confirmAction, describe, showCommand } from './dialogs.js';
import { button, el, setChildren, setText, simpleTable, term } from './dom.js';
import * as format from './format.js';
import { link } from './router.js';
import { session } from './session.js';
import { texts } from './texts.js';

export class ImageView {
  #store;
  #engine;
  #id;
  #image = null;
  #heading = el('h1');
  #actions = el('div', { class: 'actions' });
  #message = el('p', { class: 'hint', role: 'status', text: texts.loading });
  #panels = el('div', { class: 'panels' });
  #users = el('div');

  constructor(store, engine, id) {
    this.#store = store;
    this.#engine = engine;
    this.#id = id;
    this.title = format.shortId(id);
    setText(this.#heading, format.shortId(id));
    this.node = el('div', { class: 'view' },
      el('div', { class: 'head' }, this.#heading, this.#actions), this.#message, this.#panels);
    this.#load();
  }

  update({ members, facts }) {
    if (this.#image === null) return;
    if (members) this.#showUsers();
    if (facts) this.#showActions();
  }

  get #path() {
    return `images/${this.#id}`;
  }

  async #load() {
    try {
      const image = this.#image = await getJson(`${this.#path}${query({ engine: this.#engine })}`);
      this.#message.hidden = true;
      setText(this.#heading, image.tags.join(', ') || format.shortId(image.id));
      setChildren(this.#panels, panels(image, this.#users));
      this.#showUsers();
      this.#showActions();
    } catch (e) {
      setText(this.#message, e.status === 404 ? texts.noImage(this.#id) : describe(e));
    }
  }

  #showActions() {
    setChildren(this.#actions, [
      session.may('images:write') && button(texts.removeImage, () => this.#remove(), { class: 'danger' }),
      button(texts.asCurl, () => showCommand(texts.asCurlTitle, [curl(`${this.#path}${query({ engine: this.#engine })}`)]), { class: 'quiet' }),
    ]);
  }

  #showUsers() {
    const users = [...this.#store.rows.values()].filter(r => r.container.engine === this.#engine && r.container.imageId === this.#image.id);
    this.#users.replaceChildren(users.length === 0 ? el('p', { class: 'hint', text: texts.none }) : el('ul', { class: 'plain-list' },
      ...users.map(({ container }) => el('li', {},
        el('a', { href: link(['containers', container.engine, container.id]), text: container.name ?? container.shortId }), ` ${container.status}`))));
  }

  async #remove() {
    const name = this.#image.tags[0] ?? this.#image.shortId;
    const chosen = await confirmAction(texts.actionTitle(texts.removeImage, name), texts.removeImageText, texts.removeImage, { typed: name, danger: true });
    if (!chosen) return;
    // By its only name, or by its id where it has none or several.
    const [reference, force] = this.#image.tags.length === 1 ? [name, null] : [this.#image.id, this.#image.tags.length > 1];
    const path = reference.split('/').map(encodeURIComponent).join('/');
    const done = await attempt(() => send(`images/${path}${query({ engine: this.#engine, force })}`, { method: 'DELETE' }), texts.removed(name));
    if (done) location.hash = link(['images']);
  }
}

function panels(image, users) {
  const p = texts.imageProperty;
  const list = values => (values?.length > 0 ? values.join(', ') : null);
  const command = values => (values?.length > 0 ? el('code', { text: values.join(' ') }) : null);
  const rows = [
    [p.id, el('code', { text: image.id })],
    [p.digests, image.digests.length > 0 && el('code', { text: image.digests.join('\n') })],
    [p.created, format.time(image.createdAt)],
    [p.size, format.bytes(image.sizeBytes)],
    [p.platform, [image.os, image.architecture, image.variant].filter(Boolean).join('/')],
    [p.entrypoint, command(image.entrypoint)],
    [p.command, command(image.command)],
    [p.workingDirectory, image.workingDirectory],
    [p.user, image.user],
    [p.exposedPorts, list(image.exposedPorts)],
    [p.volumes, list(image.volumes)],
    [p.author, image.author],
    [p.comment, image.comment],
  ];
  const pairs = values => el('dl', { class: 'mono' }, ...Object.entries(values).flatMap(([name, value]) => term(name, String(value ?? ''))));
  return [
    panel(texts.properties, el('dl', {}, ...rows.filter(([, value]) => value).flatMap(([name, value]) => term(name, value)))),
    panel(texts.imageContainers, users),
    Object.keys(image.environment ?? {}).length > 0 && panel(texts.environment, pairs(image.environment)),
    Object.keys(image.labels ?? {}).length > 0 && panel(texts.labels, pairs(image.labels)),
    el('section', { class: 'panel wide' }, el('h2', { text: texts.layers }), simpleTable(texts.layers, texts.layerColumns, image.history.map(h => [
      el('span', { class: 'nowrap', text: format.bytes(h.sizeBytes) }), el('span', { class: 'nowrap', text: format.ago(h.createdAt) }),
      el('code', { text: h.createdBy || h.comment || '' })]))),
  ].filter(Boolean);
}

const panel = (title, ...content) => el('section', { class: 'panel' }, el('h2', { text: title }), ...content);
