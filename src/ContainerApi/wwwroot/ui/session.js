// Who the page is for the service: its key, its scopes, and the version that it was loaded from.

import { getJson, key, pageFile, responses } from './api.js';
import { askForKey, describe, notify } from './dialogs.js';

const VERSION = 'ContainerApi-Version';

class Session extends EventTarget {
  /** @type {{name: string|null, scopes: string[], readOnly: boolean, expiresAt: string|null}|null} */
  caller = null;
  version = null;
  /** Whether the service is another one than the one that the page came from. */
  outdated = false;
  #asking = null;
  #page = null;

  constructor() {
    super();
    responses.addEventListener('unauthenticated', () => this.#ask());
    responses.addEventListener('response', e => this.#compare(e.detail.headers.get(VERSION)));
  }

  /** Reads what the caller may do; asks for a key where one is needed. */
  async start() {
    const service = await getJson('');
    this.version ??= service.version;
    this.caller = service.caller;
    this.#page ??= await pageTag();
    if (this.caller === null) await this.#ask();
    this.dispatchEvent(new Event('change'));
  }

  may(scope) {
    return this.caller?.scopes.includes(scope) ?? false;
  }

  /** Whether the files of the page are still the ones that it was loaded from. */
  async checkPage() {
    const tag = await pageTag();
    if (this.#page !== null && tag !== null && tag !== this.#page) this.#setOutdated();
  }

  async changeKey() {
    key.set(null);
    await this.#ask();
  }

  /** One dialog, however many requests fail. */
  #ask() {
    return this.#asking ??= (async () => {
      let refused = key.get() !== null;
      do {
        key.set(await askForKey(refused));
        this.caller = (await getJson('')).caller;
        refused = true;
      } while (this.caller === null);
      this.#asking = null;
      this.dispatchEvent(new Event('change'));
      this.dispatchEvent(new Event('key'));
    })().catch(e => {
      this.#asking = null;
      notify(describe(e), true);
    });
  }

  #compare(version) {
    if (this.version !== null && version !== null && version !== this.version) this.#setOutdated();
  }

  #setOutdated() {
    if (this.outdated) return;
    this.outdated = true;
    this.dispatchEvent(new Event('change'));
  }
}

async function pageTag() {
  try {
    return (await fetch(pageFile('app.js'), { method: 'HEAD', cache: 'no-store' })).headers.get('ETag');
  } catch {
    return null;
  }
}

export const session = new Session();
