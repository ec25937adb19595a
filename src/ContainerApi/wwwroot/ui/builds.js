// New builds, and the history.

import { address, authorization, curl, getJson, Problem, query } from './api.js';
import { createContext, readChosen, readDrop } from './context.js';
import { attempt, describe, notify, showCommand } from './dialogs.js';
import { button, el, setAttribute, setChildren, setEngines, setText, simpleTable } from './dom.js';
import * as format from './format.js';
import { CredentialFields, registryHeaders } from './registries.js';
import { link } from './router.js';
import { session } from './session.js';
import { BuildSteps } from './steps.js';
import { texts } from './texts.js';

const POLL_MS = 3000;
const HISTORY = 100;

/** The builds of this tab go on while another view is shown. */
const started = [];

export class BuildsView {
  #store;
  #timer = 0;
  #loading = new AbortController();
  #tree = null;
  #context = null;
  #drop;
  #chosen = el('p', { class: 'hint', role: 'status' });
  #form;
  #fields;
  #dockerfile = el('textarea', { id: 'dockerfile-text', rows: 8, spellcheck: 'false', 'aria-label': texts.dockerfile, value: texts.dockerfileExample });
  #editor = el('div', { hidden: true }, this.#dockerfile);
  #engine = el('select', { id: 'build-engine' });
  #credentials = new CredentialFields('registry', () => this.#fields?.registry.value.trim() || 'docker.io');
  #running = el('div', { class: 'running-builds' });
  #history = el('div', {});
  #shown = '';

  constructor(store) {
    this.#store = store;
    this.#form = this.#createForm();
    this.node = el('div', { class: 'view' },
      el('section', { class: 'panel', 'aria-label': texts.newBuild }, el('h2', { text: texts.newBuild }), this.#form),
      this.#running,
      el('section', { class: 'panel' },
        el('div', { class: 'head' }, el('h2', { text: texts.buildHistory }), el('div', { class: 'actions' },
          button(texts.asCurl, () => showCommand(texts.asCurlTitle, [curl('builds?format=table'), curl('builds')]), { class: 'quiet' }))),
        this.#history));
    this.#showRunning();
    this.#poll();
  }

  update({ engines, facts }) {
    if (engines) setEngines(this.#engine, this.#store.engines);
    if (facts) this.#form.hidden = this.#form.parentNode.hidden = !session.may('builds:write');
  }

  dispose() {
    clearTimeout(this.#timer);
    this.#loading.abort();
  }

  #createForm() {
    const folder = el('input', { type: 'file', webkitdirectory: true, hidden: true, onchange: e => this.#choose(readChosen(e.target.files)) });
    const files = el('input', { type: 'file', multiple: true, hidden: true, onchange: e => this.#choose(readChosen(e.target.files)) });
    folder.id = 'build-folder';
    files.id = 'build-files';
    this.#drop = el('div', {
      class: 'drop',
      ondragover: e => { e.preventDefault(); this.#drop.classList.add('over'); },
      ondragleave: () => this.#drop.classList.remove('over'),
      ondrop: e => {
        e.preventDefault();
        this.#drop.classList.remove('over');
        this.#choose(readDrop(e.dataTransfer));
      },
    }, el('strong', { text: texts.dropHere }),
    el('div', { class: 'row-tools' },
      button(texts.chooseFolder, () => folder.click()), button(texts.chooseFiles, () => files.click()),
      button(texts.writeDockerfile, () => this.#edit())),
    el('p', { class: 'hint', text: texts.dropHelp }), this.#chosen, folder, files);

    const text = (id, label, props = {}) => el('label', { class: 'field', for: id }, label,
      el('input', { id, autocomplete: 'off', spellcheck: 'false', ...props }));
    const check = (id, label) => el('label', { class: 'check', for: id }, el('input', { type: 'checkbox', id }), ` ${label}`);
    this.#fields = {};
    const form = el('form', { class: 'view-content', onsubmit: e => { e.preventDefault(); this.#start(); } },
      this.#drop, this.#editor,
      el('div', { class: 'fields' },
        text('build-tag', texts.buildTag, { placeholder: texts.buildTagExample }),
        el('label', { class: 'field', for: 'build-engine' }, texts.buildEngine, this.#engine),
        el('div', {}, el('button', { type: 'submit', class: 'primary', id: 'build-start', text: texts.buildGo }))),
      el('details', {}, el('summary', { text: texts.buildMore }), el('div', { class: 'fields' },
        text('build-dockerfile', texts.dockerfileName, { value: 'Dockerfile', onchange: () => this.#tree && this.#choose(this.#tree) }),
        text('build-target', texts.buildTarget),
        el('label', { class: 'field', for: 'build-args' }, texts.buildArgs, el('textarea', { id: 'build-args', rows: 2, spellcheck: 'false' })),
        check('build-no-cache', texts.buildNoCache), check('build-pull', texts.buildPull),
        text('build-registry', texts.registry, { placeholder: 'docker.io', oninput: () => this.#credentials.show() }),
        ...this.#credentials.nodes)));
    for (const field of form.querySelectorAll('[id^=build-]')) this.#fields[field.id.slice('build-'.length)] = field;
    return form;
  }

  #edit() {
    this.#tree = this.#context = null;
    this.#editor.hidden = false;
    setText(this.#chosen, '');
    this.#dockerfile.focus();
  }

  async #choose(tree) {
    this.#tree = tree;
    this.#context = null;
    this.#editor.hidden = true;
    setAttribute(this.#chosen, 'class', 'hint');
    setText(this.#chosen, texts.readingFolder(0));
    const dockerfile = this.#fields.dockerfile.value.trim() || 'Dockerfile';
    try {
      const context = await createContext(tree, dockerfile, n => setText(this.#chosen, texts.readingFolder(n)));
      if (this.#tree !== tree) return;
      this.#context = context;
      const known = context.files === null
        ? texts.archiveOf(context.name, format.bytes(context.body.size))
        : texts.contextOf(context.name || texts.files, context.files, format.bytes(context.body.size), context.ignored);
      const missing = context.files !== null && !context.hasDockerfile;
      setText(this.#chosen, missing ? `${known}. ${texts.noDockerfile(dockerfile)}` : known);
      setAttribute(this.#chosen, 'class', missing ? 'error' : 'chosen');
      const tag = this.#fields.tag;
      if (!tag.value && !missing) tag.value = suggestTag(context.name);
    } catch (e) {
      setText(this.#chosen, e.message);
      setAttribute(this.#chosen, 'class', 'error');
    }
  }

  #start() {
    const f = this.#fields;
    const written = !this.#editor.hidden;
    if (!written && this.#context === null) {
      notify(texts.dropHere, true);
      return;
    }
    this.#credentials.keep();
    const search = query({
      mode: 'detach', tag: f.tag.value.trim(), engine: this.#engine.value,
      dockerfile: written || f.dockerfile.value.trim() === 'Dockerfile' ? null : f.dockerfile.value.trim(),
      target: f.target.value.trim(), buildArg: f.args.value.split('\n').map(l => l.trim()).filter(Boolean),
      noCache: f['no-cache'].checked, pull: f.pull.checked ? 'always' : null,
    });
    const [body, type, name] = written
      ? [new Blob([this.#dockerfile.value]), 'text/x-dockerfile', texts.dockerfile]
      : [this.#context.body, this.#context.type, this.#context.name || texts.files];
    started.unshift(new StartedBuild(name, f.tag.value.trim(), this.#engine.value, search, body, type));
    this.#showRunning();
  }

  #showRunning() {
    setChildren(this.#running, started.map(b => b.node));
  }

  async #poll() {
    try {
      if (!document.hidden) this.#showHistory(await getJson(`builds${query({ limit: HISTORY })}`, { signal: this.#loading.signal }));
    } catch (e) {
      if (e.name === 'AbortError') return;
      this.#history.replaceChildren(el('p', { class: 'error', text: describe(e) }));
      this.#shown = '';
      if (e.status === 403) return;
    }
    this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  #showHistory({ items }) {
    showPositions(items);
    const shown = JSON.stringify(items.map(b => [b.id, b.state, b.queuePosition]));
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#history.replaceChildren(items.length === 0 ? el('p', { class: 'empty', text: texts.noBuilds }) : simpleTable(texts.buildHistory,
      texts.buildColumns, items.map(b => [
        el('a', { href: link(['builds', b.id]), class: 'mono nowrap', text: b.id }), stateBadge(b),
        b.tags.join(', '), b.engine, b.builder ?? '', el('span', { class: 'nowrap', title: format.time(b.createdAt), text: format.ago(b.createdAt) }),
        el('span', { class: 'nowrap', text: format.duration(b.durationMs) }),
      ])));
  }
}

/** A queued build has no answer while its context waits to be read. The history has its position. */
function showPositions(items) {
  const queued = items.filter(b => b.state === 'queued' && !started.some(s => s.id === b.id));
  for (const build of started.filter(s => s.id === null)) {
    const i = queued.findIndex(b => build.matches(b));
    if (i >= 0) build.showPosition(queued.splice(i, 1)[0].queuePosition);
  }
}

export function stateBadge({ state, queuePosition }) {
  const known = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'].includes(state);
  return el('span', { class: known ? `badge ${state}` : 'badge', text: `${texts.buildState[state] ?? state}${queuePosition ? ` (${queuePosition})` : ''}` });
}

/** A build from the upload of its context to its result. */
class StartedBuild {
  #request = new XMLHttpRequest();
  #status = el('p', { class: 'hint', role: 'status' });
  #bar = el('progress', { max: 1, value: 0, 'aria-label': texts.buildUploaded });
  #heading = el('h2');
  #steps = null;
  #close = button(texts.close, () => this.#remove(), { class: 'quiet' });
  #stop = button(texts.cancel, () => this.#cancel());
  #tag;
  #engine;
  id = null;

  constructor(name, tag, engine, search, body, type) {
    this.#tag = tag;
    this.#engine = engine;
    setText(this.#heading, tag || name);
    this.node = el('section', { class: 'panel started-build', 'aria-label': tag || name },
      el('div', { class: 'head' }, this.#heading, el('div', { class: 'actions' },
        button(texts.asCurl, () => showCommand(texts.asCurlTitle, [curlOf(search, type)]), { class: 'quiet' }), this.#stop, this.#close)),
      this.#status, this.#bar);
    this.#send(search, body, type);
  }

  matches({ engine, tags }) {
    return engine === this.#engine && (this.#tag ? tags.some(t => t === this.#tag || t === `${this.#tag}:latest`) : tags.length === 0);
  }

  showPosition(position) {
    setText(this.#status, texts.buildQueued(position));
  }

  /** Only this kind of request reports how much of the body was sent. */
  #send(search, body, type) {
    const request = this.#request;
    request.open('POST', address(`builds${search}`));
    const headers = { Accept: 'application/json', 'Content-Type': type, ...authorization(), ...registryHeaders() };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = e => {
      this.#bar.value = e.loaded / e.total;
      setText(this.#status, e.loaded < e.total ? texts.buildUploading(format.bytes(e.loaded), format.bytes(e.total)) : texts.buildUploaded);
    };
    request.onload = () => this.#answered(request);
    request.onerror = () => this.#fail(texts.unreachable);
    request.send(body);
  }

  #answered(request) {
    let answer = null;
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      // A proxy's answer may be no JSON.
    }
    if (request.status !== 202 || !answer?.id) {
      this.#fail(describe(new Problem(request.status, answer)));
      return;
    }
    this.id = answer.id;
    this.#bar.remove();
    setText(this.#status, '');
    this.#heading.replaceChildren(this.#heading.textContent, ' ', el('a', { href: link(['builds', answer.id]), class: 'mono', text: answer.id }));
    this.#steps = new BuildSteps(answer.id);
    this.#steps.addEventListener('result', () => this.#stop.remove());
    this.node.append(this.#steps.node);
  }

  #fail(message) {
    this.#bar.remove();
    this.#stop.remove();
    setAttribute(this.#status, 'class', 'error');
    setAttribute(this.#status, 'role', 'alert');
    setText(this.#status, message);
  }

  #cancel() {
    if (this.id === null) {
      this.#request.abort();
      this.#remove();
      return null;
    }
    return cancelBuild(this.id);
  }

  #remove() {
    this.#steps?.dispose();
    started.splice(started.indexOf(this), 1);
    this.node.remove();
  }
}

export function cancelBuild(id) {
  return attempt(() => getJson(`builds/${encodeURIComponent(id)}/cancel`, { method: 'POST' }), texts.buildStopped);
}

function curlOf(search, type) {
  const stream = curl(`builds${search.replace('mode=detach&', '').replace('mode=detach', '')}`);
  return `tar -c . | ${stream.replace(/^curl/, `curl -N --data-binary @- -H 'Content-Type: ${type}'`)}`;
}

/** A name of a folder as a repository: lower case, and only what a reference may have. */
function suggestTag(name) {
  const clean = name.toLowerCase().replace(/\.(tar.*|t[a-z]*gz|tgz)$/, '').replace(/[^a-z0-9._-]+/g, '-').replace(/^[._-]+|[._-]+$/g, '');
  return clean && `${clean}:latest`;
}
