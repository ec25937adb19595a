// The output of one container, followed.

import { nodesOf, parseColors } from './ansi.js';
import { openStream, query, readBatches, send } from './api.js';
import { attempt, describe } from './dialogs.js';
import { button, el, setText } from './dom.js';
import { replaceParams, route } from './router.js';
import { texts } from './texts.js';

const FIRST_LINES = 500;
/** Older lines are dropped, so that the memory of the page has a bound. */
const MAX_LINES = 5000;
const RETRY_MS = 2000;
/** The first of these words says the level of a line. */
const LEVEL = /\b(?:(error|err|fatal|crit|critical|panic|emerg|alert)|(warn|warning)|(debug|trace)|info|notice)\b/i;
const LEVEL_TEXT = 200;

export class LogView {
  #path;
  #engine;
  #lines = [];
  #search = route().params.get('find')?.toLowerCase() ?? '';
  #after = null;
  #missed = 0;
  #retry = 0;
  #stopped = new AbortController();
  #box = el('div', { class: 'log wrap', tabindex: 0, role: 'log', 'aria-label': texts.logs, 'aria-live': 'off', onscroll: () => this.#scrolled() });
  #count = el('span', { class: 'summary', role: 'status' });
  #jump = button('', () => this.#toEnd(), { class: 'primary', hidden: true });
  #note = el('p', { class: 'hint', role: 'status', hidden: true });
  #follows = true;
  /** Where the lines were scrolled to last. */
  #top = 0;

  #name;

  /** @param {() => string} name the container's, for the file of a download */
  constructor(engine, id, name) {
    this.#engine = engine;
    this.#name = name;
    this.#path = `containers/${encodeURIComponent(id)}/logs`;
    const toggle = (text, checked, change) => el('label', { class: 'check' },
      el('input', { type: 'checkbox', checked, onchange: e => change(e.target.checked) }), ` ${text}`);
    this.node = el('section', { class: 'log-view', 'aria-label': texts.logs },
      el('div', { class: 'row-tools' },
        el('input', {
          type: 'search', placeholder: texts.logSearch, 'aria-label': texts.logSearch, value: route().params.get('find') ?? '',
          oninput: e => this.#setSearch(e.target.value),
        }),
        toggle(texts.logWrap, true, on => this.#box.classList.toggle('wrap', on)),
        toggle(texts.logTimes, false, on => this.#box.classList.toggle('times', on)),
        button(texts.logDownload, () => this.#download()),
        button(texts.logClear, () => this.#clear()),
        this.#count),
      this.#note, this.#box, this.#jump);
    new ResizeObserver(() => { if (this.#follows) this.#box.scrollTop = this.#box.scrollHeight; }).observe(this.#box);
    this.#run();
  }

  dispose() {
    clearTimeout(this.#retry);
    this.#stopped.abort();
  }

  async #run() {
    let again = true;
    try {
      const start = this.#after === null ? { tail: FIRST_LINES } : { after: this.#after };
      const response = await openStream(`${this.#path}${query({ engine: this.#engine, follow: true, ...start })}`, { signal: this.#stopped.signal });
      this.#say(this.#lines.length === 0 ? texts.logEmpty : '');
      for await (const events of readBatches(response)) {
        again = this.#take(events) && again;
      }
    } catch (e) {
      if (e.name === 'AbortError') return;
      again = e.status === 0 || e.status >= 500;
      this.#say(e.code === 'not_found' ? texts.logUnsupported : describe(e));
    }
    // A container that ended may be started again; its log goes on then.
    if (!this.#stopped.signal.aborted) this.#retry = setTimeout(() => this.#run(), again ? RETRY_MS : RETRY_MS * 5);
  }

  /** Adds lines; returns false after the end of the log. */
  #take(events) {
    let goesOn = true;
    const nodes = [];
    for (const event of events) {
      this.#after = event.seq ?? this.#after;
      if (event.type === 'line') nodes.push(this.#add(event));
      else if (event.type === 'ended') nodes.push(this.#addNote(texts.logEnded(event.exitCode)));
      else if (event.type === 'unreadable') nodes.push(this.#addNote(event.error.message));
      else if (event.type === 'result') {
        goesOn = event.state === 'interrupted';
        if (event.error) nodes.push(this.#addNote(event.error.message));
      }
    }
    if (nodes.length > 0) {
      this.#say('');
      this.#append(nodes);
    }
    return goesOn;
  }

  #append(nodes) {
    this.#box.append(...nodes);
    const surplus = this.#lines.length - MAX_LINES;
    if (surplus > 0) for (const line of this.#lines.splice(0, surplus)) line.node.remove();
    if (this.#follows) this.#box.scrollTop = this.#box.scrollHeight;
    else this.#missed += nodes.length;
    this.#showCount();
  }

  #add({ at, output, text }) {
    const colored = parseColors(text);
    const [, error, warning, debug] = LEVEL.exec(colored.text.slice(0, LEVEL_TEXT)) ?? [];
    const level = error ? 'error' : warning ? 'warn' : debug ? 'debug' : null;
    const node = el('div', { class: ['log-line', output === 'stderr' && 'stderr', level && `level-${level}`].filter(Boolean).join(' ') });
    const line = { node, at, ...colored };
    this.#lines.push(line);
    this.#fill(line);
    return node;
  }

  #addNote(text) {
    const node = el('div', { class: 'log-line note', text });
    this.#lines.push({ node, at: null, ...parseColors(text) });
    return node;
  }

  /** Writes a line with what is searched for marked; hides a line without it. */
  #fill(line) {
    line.node.hidden = this.#search !== '' && !line.text.toLowerCase().includes(this.#search);
    const at = line.at && el('span', { class: 'at', text: new Date(line.at).toLocaleString('sv') });
    line.node.replaceChildren(...at ? [at] : [], ...nodesOf(line, this.#search));
  }

  #setSearch(value) {
    this.#search = value.toLowerCase();
    replaceParams({ find: value });
    for (const line of this.#lines) this.#fill(line);
    this.#showCount();
    if (this.#follows) this.#box.scrollTop = this.#box.scrollHeight;
  }

  /** Scrolling up pauses; the end follows again. Lines that wrap elsewhere move the end, too, but not the position. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    const atEnd = scrollHeight - scrollTop - clientHeight < 30;
    const up = scrollTop < this.#top;
    this.#top = scrollTop;
    if (atEnd === this.#follows || (!atEnd && !up)) return;
    this.#follows = atEnd;
    this.#missed = 0;
    this.#showCount();
  }

  #toEnd() {
    this.#follows = true;
    this.#missed = 0;
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#showCount();
  }

  #showCount() {
    const shown = this.#search ? this.#lines.filter(l => !l.node.hidden).length : this.#lines.length;
    setText(this.#count, texts.logShown(shown, this.#lines.length));
    this.#jump.hidden = this.#follows;
    setText(this.#jump, texts.logPaused(this.#missed));
  }

  #clear() {
    this.#lines = [];
    this.#box.replaceChildren();
    this.#showCount();
  }

  #say(text) {
    setText(this.#note, text);
    this.#note.hidden = text === '';
  }

  /** The whole log, as the service writes it. */
  #download() {
    return attempt(async () => {
      const response = await send(`${this.#path}${query({ engine: this.#engine, tail: 'all', format: 'text' })}`, { headers: { Accept: 'text/plain' } });
      const url = URL.createObjectURL(await response.blob());
      const anchor = el('a', { href: url, download: `${this.#name()}.log` });
      anchor.click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    });
  }
}
