// Pulls of images, with credentials where a registry needs them.

import { openStream, query, readBatches } from './api.js';
import { describe, notify } from './dialogs.js';
import { button, el, setAttribute, setText } from './dom.js';
import * as format from './format.js';
import { CredentialFields, credentialsOf, forget, registryOf } from './registries.js';
import { texts } from './texts.js';

/** The form, and the pulls that it began. */
export class Pulls {
  node = el('div', { class: 'running-builds' });
  #reference = el('input', {
    id: 'pull-reference', autocomplete: 'off', spellcheck: 'false', required: true, 'aria-label': texts.pullReference, placeholder: 'busybox:1.36',
    oninput: () => this.#credentials.show(),
  });
  #credentials = new CredentialFields('pull', () => registryOf(this.#reference.value.trim()));
  #fields = el('div', { class: 'row-tools', hidden: true, id: 'pull-credentials' }, ...this.#credentials.nodes);
  #toggle = button(texts.pullCredentials, () => this.#open(this.#fields.hidden), {
    class: 'quiet', 'aria-expanded': 'false', 'aria-controls': 'pull-credentials',
  });

  /** @param {HTMLSelectElement} engine */
  constructor(engine, done) {
    this.form = el('form', { class: 'row-tools', onsubmit: e => { e.preventDefault(); this.#pull(engine.value, done); } },
      this.#reference, engine, el('button', { type: 'submit', text: texts.pullGo }), this.#toggle, this.#fields);
  }

  #pull(engine, done) {
    const image = this.#reference.value.trim();
    const registry = registryOf(image);
    this.keepCredentials();
    this.node.prepend(new Pull(image, engine, credentialsOf(registry), code => {
      if (code === 'registry_unauthorized') this.#retry(image, registry);
      done();
    }).node);
    this.#reference.value = '';
    this.#open(false);
  }

  /** Asks for credentials where the registry refused the pull. */
  #retry(image, registry) {
    forget(registry);
    if (this.#reference.value) return;
    this.#reference.value = image;
    this.#open(true);
  }

  #open(open) {
    this.#fields.hidden = !open;
    setAttribute(this.#toggle, 'aria-expanded', String(open));
    this.#credentials.show();
    if (open) this.#credentials.user.focus();
  }

  /** Keeps what was typed, also for the check for updates. */
  keepCredentials() {
    if (!this.#fields.hidden) this.#credentials.keep();
  }
}

/** One pull, with the progress of its layers. */
class Pull {
  #layers = new Map();
  #stopped = new AbortController();
  #status = el('p', { class: 'hint', role: 'status' });
  #bar = el('progress', { max: 1, 'aria-label': texts.pull });
  #list = el('dl', { class: 'mono' });
  /** Why it failed. */
  #code = null;

  /** @param {object|null} registryAuth */
  constructor(image, engine, registryAuth, done) {
    this.node = el('section', { class: 'panel', 'aria-label': `${texts.pull}: ${image}` },
      el('div', { class: 'head' }, el('h2', { text: image }), el('div', { class: 'actions' },
        button(texts.close, () => {
          this.#stopped.abort();
          this.node.remove();
        }, { class: 'quiet' }))), this.#status, this.#bar, this.#list);
    this.#run({ image, registryAuth }, engine).then(() => done(this.#code));
  }

  async #run(json, engine) {
    try {
      const response = await openStream(`images/pull${query({ engine })}`, { method: 'POST', json, signal: this.#stopped.signal });
      for await (const events of readBatches(response)) for (const event of events) this.#take(event, json.image);
    } catch (e) {
      if (e.name === 'AbortError') return;
      this.#code = e.code;
      this.#end(describe(e), true);
    }
  }

  #take(event, image) {
    if (event.type === 'result') {
      this.#code = event.error?.code ?? null;
      this.#end(event.error ? event.error.message : texts.pulled(image, event.digest), event.error !== null);
    }
    if (event.type !== 'progress') return;
    if (event.layer === null) {
      setText(this.#status, event.status);
      return;
    }
    let layer = this.#layers.get(event.layer);
    if (!layer) {
      layer = { node: el('dd'), current: 0, total: 0 };
      this.#layers.set(event.layer, layer);
      this.#list.append(el('dt', { text: event.layer }), layer.node);
    }
    if (event.totalBytes) [layer.current, layer.total] = [event.currentBytes ?? 0, event.totalBytes];
    setText(layer.node, event.totalBytes ? `${event.status} ${format.bytes(event.currentBytes)} of ${format.bytes(event.totalBytes)}` : event.status);
    const sum = name => [...this.#layers.values()].reduce((total, l) => total + l[name], 0);
    if (sum('total') > 0) this.#bar.value = sum('current') / sum('total');
  }

  #end(text, failed) {
    this.#bar.remove();
    this.#list.remove();
    setText(this.#status, text);
    setAttribute(this.#status, 'class', failed ? 'error' : 'result succeeded');
    if (failed) notify(text, true);
  }
}
