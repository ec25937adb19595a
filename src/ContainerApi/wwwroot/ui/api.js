// Requests to the service, with the key of this tab.

import { texts } from './texts.js';

const KEY = 'containerapi.key';
const root = new URL('.', location.href.split('#')[0]);

/** The address of a path of the API. */
export const address = path => new URL(`v1/${path}`, root).href;

/** The address of a file of the page. */
export const pageFile = name => new URL(`ui/${name}`, root).href;

/** The key is kept for this tab alone. It never becomes part of an address. */
export const key = {
  get: () => sessionStorage.getItem(KEY),
  set: value => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY)),
};

/** An error as the service describes it (RFC 9457), or one of the connection. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? body?.title ?? texts.status(status));
    this.status = status;
    this.code = body?.code ?? null;
    this.errors = body?.errors ?? null;
    this.body = body;
  }
}

/** Receives every response, and a key that is missing or not valid. */
export const responses = new EventTarget();

export const authorization = () => (key.get() ? { Authorization: `Bearer ${key.get()}` } : {});

/** Sends a request and returns its response, which succeeded. */
export async function send(path, { method = 'GET', json, body, headers = {}, signal } = {}) {
  const request = () => fetch(address(path), {
    method,
    signal,
    cache: 'no-store',
    credentials: 'omit',
    headers: { Accept: 'application/json', ...(json ? { 'Content-Type': 'application/json' } : {}), ...headers, ...authorization() },
    body: json ? JSON.stringify(json) : body,
  });
  let response;
  try {
    // A request that the browser cancelled (see start.js) is sent again if it changes nothing.
    response = await request().catch(e => (method === 'GET' && e.name !== 'AbortError' ? request() : Promise.reject(e)));
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new Problem(0, { detail: texts.unreachable });
  }
  responses.dispatchEvent(new CustomEvent('response', { detail: response }));
  if (response.ok) return response;
  const problem = new Problem(response.status, await readProblem(response));
  if (problem.status === 401) responses.dispatchEvent(new Event('unauthenticated'));
  throw problem;
}

export async function getJson(path, options) {
  return (await send(path, options)).json();
}

async function readProblem(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/** Reads a stream of JSON lines. Lines of one piece of the network come together, so that they are shown together. */
export async function* readBatches(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop();
      const events = lines.filter(Boolean).map(line => JSON.parse(line));
      if (events.length > 0) yield events;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

export const openStream = (path, options = {}) =>
  send(path, { ...options, headers: { Accept: 'application/x-ndjson', ...options.headers } });

const quote = text => `'${String(text).replaceAll("'", "'\\''")}'`;

/** The same request for a shell. The key is a variable there, so that it is in no history. */
export function curl(path, { method, json, stream } = {}) {
  const parts = ['curl'];
  if (stream) parts.push('-N');
  if (method && method !== 'GET') parts.push('-X', method);
  if (key.get()) parts.push('-H', '"Authorization: Bearer $KEY"');
  if (json) parts.push('-H', quote('Content-Type: application/json'), '-d', quote(JSON.stringify(json)));
  parts.push(quote(address(path)));
  return parts.join(' ');
}

/** A query of the names and values that have a value; a list repeats its name. */
export function query(values) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== '' && one !== false) search.append(name, one);
    }
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}
