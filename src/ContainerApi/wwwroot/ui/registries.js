// Credentials for registries: one owner for pulls, builds and the check for updates.

import { el, setText } from './dom.js';
import { texts } from './texts.js';

/** Credentials by registry, until the page is closed. A registry gets its own only. */
const known = new Map();

/** The registry in a reference: its first part where that is a host, else Docker Hub's. */
export function registryOf(image) {
  const [first, ...rest] = image.split('/');
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : 'docker.io';
}

/** The credentials of one registry, or null. */
export const credentialsOf = registry => known.get(registry) ?? null;

export const forget = registry => known.delete(registry);

/** All credentials by registry, as Docker's clients send them; the service gives each registry its own. */
export function registryHeaders() {
  if (known.size === 0) return {};
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(known)));
  return { 'X-Registry-Auth': btoa(String.fromCharCode(...json)).replaceAll('+', '-').replaceAll('/', '_') };
}

/** The fields for a user and a password. `registry` returns whose they are. */
export class CredentialFields {
  #registry;
  #hint = el('span', { class: 'hint', role: 'status' });

  constructor(prefix, registry) {
    this.#registry = registry;
    const field = (id, text, type) => el('input', {
      id: `${prefix}-${id}`, type, autocomplete: 'off', spellcheck: 'false', 'aria-label': text, placeholder: text,
    });
    this.user = field('user', texts.registryUser, 'text');
    this.password = field('password', texts.registryPassword, 'password');
    this.nodes = [this.user, this.password, this.#hint];
    this.show();
  }

  /** Keeps what was typed, if anything was. */
  keep() {
    const username = this.user.value.trim();
    if (!username || !this.password.value) return;
    known.set(this.#registry(), { username, password: this.password.value });
    this.user.value = this.password.value = '';
    this.show();
  }

  show() {
    const registry = this.#registry();
    setText(this.#hint, known.has(registry) ? texts.registryKnown(registry) : texts.registryHelp(registry));
  }
}
