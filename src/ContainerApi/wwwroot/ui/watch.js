// The stream of all containers, which is opened again when it ends.

import { openStream, query, readBatches } from './api.js';

/** The service sends something at least every 15 seconds. */
const SILENCE_MS = 40_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;
/** A browser has six connections to a service over HTTP/1.1. Forgotten tabs must not take them all. */
const HIDDEN_MS = 5 * 60_000;

/** @typedef {'connecting'|'live'|'waiting'|'refused'|'hidden'} WatchState */

export class Watch extends EventTarget {
  /** @type {WatchState} */
  state = 'connecting';
  reason = null;
  #seq = null;
  #controller = null;
  #retry = FIRST_RETRY_MS;
  #timer = 0;
  #silence = 0;
  #lastRead = 0;
  #hidden = 0;
  #interval;

  /** @param {number} interval seconds between samples */
  constructor(interval) {
    super();
    this.#interval = interval;
    window.addEventListener('online', () => this.retryNow());
    document.addEventListener('visibilitychange', () => this.#changeVisibility());
  }

  start() {
    this.#run();
  }

  retryNow() {
    if (this.state === 'waiting' || this.state === 'refused') this.#run();
  }

  #changeVisibility() {
    clearTimeout(this.#hidden);
    if (document.hidden) this.#hidden = setTimeout(() => this.#stop(), HIDDEN_MS);
    // A machine that slept has a dead connection without an error.
    else if (this.state === 'hidden' || performance.now() - this.#lastRead > SILENCE_MS / 2) this.#restart();
  }

  #restart() {
    this.#stop();
    this.#run();
  }

  #stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const controller = this.#controller;
    // Nobody waits for its end.
    this.#controller = null;
    controller?.abort();
    this.#set('hidden', null);
  }

  async #run() {
    clearTimeout(this.#timer);
    const controller = new AbortController();
    this.#controller = controller;
    this.#set(this.state === 'connecting' ? 'connecting' : 'waiting', this.reason);
    try {
      this.#expect(controller);
      const response = await openStream(
        `containers/watch${query({ all: true, include: 'network,usage', interval: this.#interval, after: this.#seq })}`,
        { signal: controller.signal });
      for await (const events of readBatches(response)) {
        this.#expect(controller);
        this.#retry = FIRST_RETRY_MS;
        const ended = events.find(e => e.type === 'result');
        this.#seq = events.at(-1).seq ?? this.#seq;
        this.dispatchEvent(new CustomEvent('events', { detail: events }));
        this.#set('live', null);
        if (ended) this.reason = ended.error?.message ?? null;
      }
      this.#wait(controller, this.reason);
    } catch (e) {
      this.#wait(controller, e.name === 'AbortError' ? this.reason : e.message, [401, 403].includes(e.status));
    }
  }

  /** A new run has taken over if its controller is another one. */
  #wait(controller, reason, refused = false) {
    if (controller !== this.#controller) return;
    clearTimeout(this.#silence);
    this.#set(refused ? 'refused' : 'waiting', reason);
    if (refused) return;
    const delay = this.#retry * (0.75 + Math.random() / 2);
    this.#retry = Math.min(LAST_RETRY_MS, this.#retry * 2);
    this.#timer = setTimeout(() => this.#run(), delay);
  }

  #expect(controller) {
    this.#lastRead = performance.now();
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => controller.abort(), SILENCE_MS);
  }

  #set(state, reason) {
    if (this.state === state && this.reason === reason) return;
    this.state = state;
    this.reason = reason;
    this.dispatchEvent(new Event('state'));
  }
}
