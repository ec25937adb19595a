// Numbers and times as text for people. Unknown is a dash, never 0.

export const UNKNOWN = '–';

const known = value => value !== null && value !== undefined && !Number.isNaN(value);

/** Units of 1024, as `docker stats` shows memory. */
export function bytes(value) {
  if (!known(value)) return UNKNOWN;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  // Three digits at most: 1,023 of a unit are 1.00 of the next.
  while (value >= 999.5 && i < units.length - 1) {
    value /= 1024;
    i++;
  }
  return `${i === 0 ? Math.round(value) : value < 1 ? value.toFixed(2) : value.toPrecision(3)} ${units[i]}`;
}

export const rate = value => (known(value) ? `${bytes(value)}/s` : UNKNOWN);

export function percent(value) {
  if (!known(value)) return UNKNOWN;
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} %`;
}

const numbers = new Intl.NumberFormat('en');

export const count = value => (known(value) ? numbers.format(value) : UNKNOWN);

/** A duration in milliseconds: 480 ms, 2.3 s, 4 min 10 s, 3 h 5 min, 2 d 4 h. */
export function duration(ms) {
  if (!known(ms)) return UNKNOWN;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s.toFixed(1)} s`;
  const whole = Math.floor(s);
  const pairs = [[86400, 'd', 3600, 'h'], [3600, 'h', 60, 'min'], [60, 'min', 1, 's']];
  const [unit, name, rest, restName] = pairs.find(([seconds]) => whole >= seconds);
  const left = Math.floor((whole % unit) / rest);
  return `${Math.floor(whole / unit)} ${name}${left ? ` ${left} ${restName}` : ''}`;
}

/** How long ago a time was, in one unit. */
export function ago(time) {
  if (!time) return UNKNOWN;
  const s = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  const units = [[31536000, 'y'], [2592000, 'mo'], [86400, 'd'], [3600, 'h'], [60, 'min']];
  const [unit, name] = units.find(([seconds]) => s >= seconds) ?? [1, 's'];
  return `${Math.floor(s / unit)} ${name} ago`;
}

/** A time of the service in the reader's zone. */
export function time(value) {
  return value ? new Date(value).toLocaleString('sv') : UNKNOWN;
}

export function clock(ms) {
  return new Date(ms).toLocaleTimeString('en-GB');
}

/** An image reference without the digits of a digest that nobody reads. */
export function shortImage(image) {
  return image.replace(/^sha256:([0-9a-f]{12})[0-9a-f]*$/, '$1').replace(/@sha256:([0-9a-f]{12})[0-9a-f]*$/, '@$1');
}

export const shortId = id => id?.replace(/^sha256:/, '').slice(0, 12) ?? UNKNOWN;

/** The port as `docker ps` shows it; the short form leaves out the usual protocol. */
export function port(p, short = false) {
  const inner = short && p.protocol === 'tcp' ? String(p.containerPort) : `${p.containerPort}/${p.protocol}`;
  return p.hostPort ? `${p.hostPort}→${inner}` : inner;
}

/**
 * Returns where a published TCP port is reached from this browser, or null. The host of a remote engine is not known.
 */
export function portAddress(p) {
  if (!p.hostPort || p.protocol !== 'tcp') return null;
  const everywhere = ['0.0.0.0', '::', '', null].includes(p.hostIp);
  const host = everywhere ? location.hostname : p.hostIp.includes(':') ? `[${p.hostIp}]` : p.hostIp;
  const scheme = p.containerPort === 443 || p.containerPort === 8443 ? 'https' : 'http';
  try {
    return new URL(`${scheme}://${host}:${p.hostPort}/`).href;
  } catch {
    return null;
  }
}

/** Unknown values come last in both directions. */
export function compare(a, b, descending) {
  const [noA, noB] = [a === null || a === undefined || a === '', b === null || b === undefined || b === ''];
  if (noA || noB) return noA - noB;
  const order = typeof a === 'number' ? a - b : a < b ? -1 : a > b ? 1 : 0;
  return descending ? -order : order;
}
