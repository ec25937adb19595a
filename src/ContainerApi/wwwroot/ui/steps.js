// The steps of one build, live or replayed.

import { nodesOf, parseColors } from './ansi.js';
import { openStream, readBatches } from './api.js';
import { describe } from './dialogs.js';
import { el, setAttribute, setText } from './dom.js';
import * as format from './format.js';
import { link } from './router.js';
import { texts } from './texts.js';

const RETRY_MS = 1000;
const TICK_MS = 500;
/** A browser has six connections to a service over HTTP/1.1: some stay free for other requests. Further builds wait for their turn. */
const MAX_STREAMS = 3;
let streams = 0;
const waiting = [];

/** More output of a step than this loses its beginning. */
const MAX_OUTPUT = 200_000;

export class BuildSteps extends EventTarget {
  /** The result, when the build has ended. */
  result = null;
  #path;
  #after = null;
  #stopped = new AbortController();
  #steps = new Map();
  #ticking = 0;
  #retry = 0;
  #list = el('ol', { class: 'steps' });
  #message = el('p', { class: 'hint', role: 'status', hidden: true });
  #transfer = el('progress', { max: 1, hidden: true, 'aria-label': texts.buildUploaded });
  #warnings = el('ul', { class: 'warnings' });
  #result = el('p', { class: 'result', role: 'status' });

  constructor(id) {
    super();
    this.#path = `builds/${encodeURIComponent(id)}/events`;
    this.node = el('div', { class: 'build-steps' }, this.#message, this.#transfer, this.#list, this.#warnings, this.#result);
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#run();
  }

  dispose() {
    clearInterval(this.#ticking);
    clearTimeout(this.#retry);
    this.#stopped.abort();
  }

  async #run() {
    if (streams >= MAX_STREAMS) {
      this.#say(texts.buildFollowed);
      await new Promise(resolve => waiting.push(resolve));
    }
    streams++;
    try {
      await this.#follow();
    } finally {
      streams--;
      waiting.shift()?.();
    }
  }

  async #follow() {
    if (this.#stopped.signal.aborted) return;
    try {
      const query = this.#after === null ? '' : `?after=${encodeURIComponent(this.#after)}`;
      const response = await openStream(this.#path + query, { signal: this.#stopped.signal });
      for await (const events of readBatches(response)) for (const event of events) this.#take(event);
    } catch (e) {
      if (e.name === 'AbortError') return;
      this.#say(describe(e));
      if (e.status >= 400 && e.status < 500 && e.status !== 429) {
        clearInterval(this.#ticking);
        return;
      }
    }
    if (this.result === null) this.#retry = setTimeout(() => this.#run(), RETRY_MS);
  }

  #take(event) {
    this.#after = event.seq ?? this.#after;
    switch (event.type) {
      case 'queued':
        this.#say(texts.buildQueued(event.position));
        break;
      case 'started':
        this.#say('');
        break;
      case 'step':
        this.#step(event.stepId).update(event);
        break;
      case 'log':
        this.#step(event.stepId).log(event.text);
        break;
      case 'progress':
        if (event.stepId === null) this.#showTransfer(event);
        else this.#step(event.stepId).progress(event);
        break;
      case 'warning':
        this.#warnings.append(el('li', { text: event.line ? `${event.line}: ${event.text}` : event.text }));
        break;
      case 'result':
        this.#end(event);
        break;
      default: // a heartbeat, or a type that this page does not know
    }
  }

  /** Output outside of steps is a step without a name. */
  #step(id) {
    const key = id ?? '';
    let step = this.#steps.get(key);
    if (!step) {
      this.#steps.set(key, step = new Step());
      this.#list.append(step.node);
    }
    return step;
  }

  #showTransfer({ currentBytes, totalBytes, status }) {
    this.#transfer.hidden = status === 'sent';
    if (totalBytes) this.#transfer.value = currentBytes / totalBytes;
  }

  #end(event) {
    this.result = event;
    clearInterval(this.#ticking);
    this.#transfer.hidden = true;
    this.#say('');
    for (const step of this.#steps.values()) step.end();
    setAttribute(this.#result, 'class', `result ${event.state === 'succeeded' ? 'succeeded' : 'failed'}`);
    this.#result.replaceChildren(event.error
      ? texts.buildFailed(event.error.message, event.error.exitCode)
      : `${texts.buildState[event.state] ?? event.state} · ${format.duration(event.durationMs)}`);
    if (event.imageId) {
      this.#result.append(' · ', el('a', { href: link(['images', event.engine, event.imageId]), text: event.tags[0] ?? format.shortId(event.imageId) }));
    }
    this.dispatchEvent(new Event('result'));
  }

  #tick() {
    for (const step of this.#steps.values()) step.tick();
  }

  #say(text) {
    setText(this.#message, text);
    this.#message.hidden = text === '';
  }
}

class Step {
  #state = null;
  #began = 0;
  #length = 0;
  #number = el('span', { class: 'step-state' });
  #name = el('span', { class: 'step-name' });
  #stateText = el('span', { class: 'step-state' });
  #output = el('pre', { tabindex: 0, 'aria-label': texts.stepOutput });
  #details = el('details', { hidden: true }, el('summary', { text: texts.stepOutput }), this.#output);
  #progress = el('progress', { hidden: true, max: 1, 'aria-label': texts.stepOutput });
  #layers = new Map();
  node = el('li', { class: 'step' }, el('div', { class: 'step-head' }, this.#number, this.#name, this.#stateText), this.#progress, this.#details);

  update({ number, total, name, state, cached, durationMs, at }) {
    setText(this.#number, texts.stepOf(number, total));
    setText(this.#name, name);
    if (state === 'started' && this.#state === null) this.#began = Date.parse(at);
    this.#state = cached ? 'cached' : state;
    setAttribute(this.node, 'class', `step ${['started', 'completed', 'cached', 'failed'].includes(this.#state) ? this.#state : ''}`);
    if (state === 'started') {
      this.#details.open = true;
      this.tick();
    } else {
      this.#progress.hidden = true;
      this.#details.open = state === 'failed';
      const word = texts.stepState[this.#state] ?? this.#state;
      setText(this.#stateText, durationMs === null || cached ? word : `${word} · ${format.duration(durationMs)}`);
    }
  }

  log(text) {
    this.#details.hidden = false;
    if (this.#state === null) this.#details.open = true;
    const atEnd = this.#output.scrollHeight - this.#output.scrollTop - this.#output.clientHeight < 20;
    const colored = parseColors(text);
    this.#output.append(...nodesOf(colored));
    this.#length += colored.text.length;
    while (this.#length > MAX_OUTPUT && this.#output.childNodes.length > 1) {
      this.#length -= this.#output.firstChild.textContent.length;
      this.#output.firstChild.remove();
    }
    if (atEnd) this.#output.scrollTop = this.#output.scrollHeight;
  }

  progress({ layer, currentBytes, totalBytes }) {
    if (!totalBytes) return;
    this.#layers.set(layer, [currentBytes ?? 0, totalBytes]);
    const sum = i => [...this.#layers.values()].reduce((total, l) => total + l[i], 0);
    this.#progress.hidden = false;
    this.#progress.value = Math.min(1, sum(0) / sum(1));
  }

  tick() {
    if (this.#state === 'started') setText(this.#stateText, `${texts.stepState.started} · ${format.duration(Math.max(0, Date.now() - this.#began))}`);
  }

  end() {
    if (this.#state === 'started') setText(this.#stateText, texts.stepState.cancelled);
    this.#progress.hidden = true;
  }
}
