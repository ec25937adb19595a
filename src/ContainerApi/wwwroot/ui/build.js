// One build of the history: its steps are replayed, and followed while it runs.

import { curl, getJson, send } from './api.js';
import { cancelBuild, stateBadge } from './builds.js';
import { attempt, confirmAction, describe, showCommand } from './dialogs.js';
import { button, el, setChildren, setText } from './dom.js';
import * as format from './format.js';
import { link } from './router.js';
import { session } from './session.js';
import { BuildSteps } from './steps.js';
import { texts } from './texts.js';

export class BuildView {
  #id;
  #steps;
  #build = null;
  #facts = el('p', { class: 'hint' });
  #state = el('span', {});
  #actions = el('div', { class: 'actions' });

  constructor(id) {
    this.#id = id;
    this.title = id;
    this.#steps = new BuildSteps(id);
    this.#steps.addEventListener('result', () => this.#load());
    this.node = el('div', { class: 'view' },
      el('div', { class: 'head' }, el('h1', { text: texts.build(id) }), this.#state, this.#actions), this.#facts, this.#steps.node);
    this.#load();
  }

  update() {
    this.#showActions();
  }

  dispose() {
    this.#steps.dispose();
  }

  get #path() {
    return `builds/${encodeURIComponent(this.#id)}`;
  }

  async #load() {
    try {
      const build = this.#build = await getJson(this.#path);
      setChildren(this.#state, [stateBadge(build)]);
      setText(this.#facts, [build.tags.join(', '), build.engine, build.builder, format.time(build.createdAt),
        build.durationMs !== null && format.duration(build.durationMs)].filter(Boolean).join(' · '));
      this.#showActions();
    } catch (e) {
      setText(this.#facts, describe(e));
    }
  }

  #showActions() {
    if (this.#build === null) return;
    const runs = ['queued', 'running'].includes(this.#build.state) && this.#steps.result === null;
    const may = session.may('builds:write');
    setChildren(this.#actions, [
      may && runs && button(texts.buildStop, () => cancelBuild(this.#id), { class: 'danger' }),
      may && !runs && button(texts.buildErase, () => this.#erase(), { class: 'danger' }),
      button(texts.asCurl, () => showCommand(texts.asCurlTitle, [curl(this.#path), curl(`${this.#path}/events`, { stream: true })]), { class: 'quiet' }),
    ]);
  }

  async #erase() {
    if (!await confirmAction(texts.buildErase, texts.buildEraseText, texts.buildErase, { danger: true })) return;
    if (await attempt(() => send(this.#path, { method: 'DELETE' }), texts.buildErased)) location.hash = link(['builds']);
  }
}
