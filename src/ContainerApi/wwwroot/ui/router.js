// The view and its state are in the address bar, after the '#', which no server and no log gets.

/** Splits '#/containers/local/abc?tab=logs' into its parts and parameters. */
export function route() {
  const [path, search = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean).map(decode);
  return { parts: parts.length ? parts : ['containers'], params: new URLSearchParams(search) };
}

export function link(parts, params = {}) {
  const search = new URLSearchParams(Object.entries(params).filter(([, value]) => value)).toString();
  return `#/${parts.map(encodeURIComponent).join('/')}${search ? `?${search}` : ''}`;
}

/** Changes parameters of the current view without a new entry in the history and without leaving the view. */
export function replaceParams(changes) {
  const { parts, params } = route();
  const all = { ...Object.fromEntries(params), ...changes };
  history.replaceState(null, '', link(parts, all));
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
