// The newest state of every container and engine, and the samples since the page was opened.

const METRICS = ['cpu', 'memory', 'rx', 'tx', 'pids', 'blockRead', 'blockWrite'];

/** Five minutes of samples every two seconds, and an hour of one every 20 seconds. */
const FINE = 150;
const COARSE = 180;
const COARSE_MS = 20_000;

/** How much a new sample moves the value by which rows are ordered. */
const SMOOTHING = 0.3;

/** The room for samples at first. */
const FIRST_CAPACITY = 8;

/** A ring of samples, which grows to its capacity: their times, and the numbers of all metrics of each. NaN is unknown. */
class Ring {
  length = 0;
  /** Where the oldest sample is, which the next one replaces, once the ring is full. */
  #oldest = 0;
  #times = new Float64Array(FIRST_CAPACITY);
  #values = new Float32Array(FIRST_CAPACITY * METRICS.length);

  constructor(capacity) {
    this.capacity = capacity;
  }

  push(time, sample) {
    let at = this.length;
    if (at === this.capacity) {
      at = this.#oldest;
      this.#oldest = (at + 1) % this.capacity;
    } else if (this.length++ === this.#times.length) this.#grow();
    this.#times[at] = time;
    METRICS.forEach((name, i) => { this.#values[at * METRICS.length + i] = sample[name] ?? NaN; });
  }

  /** The points [time, value] of a metric since a time, oldest first. */
  points(metric, since) {
    const offset = METRICS.indexOf(metric);
    const points = [];
    for (let i = 0; i < this.length; i++) {
      const at = (this.#oldest + i) % this.length;
      if (this.#times[at] >= since) points.push([this.#times[at], this.#values[at * METRICS.length + offset]]);
    }
    return points;
  }

  #grow() {
    const [times, values] = [this.#times, this.#values];
    const room = Math.min(this.capacity, 2 * times.length);
    this.#times = new Float64Array(room);
    this.#times.set(times);
    this.#values = new Float32Array(room * METRICS.length);
    this.#values.set(values);
  }
}

class Row {
  /** Increases with every sample. */
  version = 0;
  sample = {};
  smooth = {};
  #fine = new Ring(FINE);
  #coarse = null;
  #coarseSum = null;

  constructor(container) {
    this.key = keyOf(container.engine, container.id);
    this.update(container);
  }

  update(container) {
    this.container = container;
    this.running = ['running', 'paused', 'restarting'].includes(container.state);
    this.project = container.project ?? container.labels['com.docker.compose.project'] ?? container.labels['com.docker.stack.namespace'] ?? null;
    this.service = container.service ?? container.labels['com.docker.compose.service'] ?? stackService(container.labels);
    this.address = container.networks.map(n => n.ipv4 ?? n.ipv6).filter(Boolean).join(', ');
    if (!this.running) {
      this.sample = {};
      this.smooth = {};
    }
    this.addSample(container);
  }

  /** Takes the sections of a container or of a sample. */
  addSample({ usage, network, status }) {
    if (status) this.container.status = status;
    if (usage) this.container.usage = usage;
    if (network) this.container.network = network;
    if (!this.running || !(usage || network)) return;
    this.version++;
    this.sample = this.#read(this.container.usage, this.container.network);
    for (const name of METRICS) {
      const now = this.sample[name];
      const before = this.smooth[name];
      this.smooth[name] = now === null ? null : before === null || before === undefined ? now : before + SMOOTHING * (now - before);
    }
    this.#remember(Date.now());
  }

  points(metric, minutes) {
    const since = Date.now() - minutes * 60_000;
    const fine = this.#fine.points(metric, since);
    if (minutes <= 5 || this.#coarse === null) return fine;
    const begin = fine[0]?.[0] ?? Infinity;
    return [...this.#coarse.points(metric, since).filter(([time]) => time < begin), ...fine];
  }

  #read(usage, network) {
    const u = usage?.state === 'ok' ? usage : {};
    const n = network?.state === 'ok' ? network : {};
    return {
      cpu: u.cpuPercent ?? null,
      memory: u.memoryBytes ?? null,
      pids: u.pids ?? null,
      rx: n.rxBytesPerSecond ?? null,
      tx: n.txBytesPerSecond ?? null,
      blockRead: u.blockReadBytesPerSecond ?? null,
      blockWrite: u.blockWriteBytesPerSecond ?? null,
    };
  }

  #remember(now) {
    this.#fine.push(now, this.sample);
    const sum = this.#coarseSum ??= { since: now, count: 0, values: {} };
    sum.count++;
    for (const name of METRICS) sum.values[name] = (sum.values[name] ?? 0) + (this.sample[name] ?? NaN);
    if (now - sum.since < COARSE_MS) return;
    this.#coarse ??= new Ring(COARSE);
    this.#coarse.push(sum.since, Object.fromEntries(METRICS.map(name => [name, sum.values[name] / sum.count])));
    this.#coarseSum = null;
  }
}

export class Store extends EventTarget {
  /** @type {Map<string, Row>} */
  rows = new Map();
  /** @type {Map<string, object>} */
  engines = new Map();
  /** Whether the first snapshot has come. */
  loaded = false;

  /** Takes a batch of events of the watch, and reports once what changed. */
  apply(events) {
    const changed = { members: false, facts: false, samples: false, engines: false };
    for (const event of events) this.#take(event, changed);
    this.dispatchEvent(new CustomEvent('change', { detail: changed }));
  }

  find(engine, idOrName) {
    return this.rows.get(keyOf(engine, idOrName))
      ?? [...this.rows.values()].find(r => r.container.engine === engine
        && (r.container.name === idOrName || r.container.id.startsWith(idOrName)));
  }

  #take(event, changed) {
    switch (event.type) {
      case 'snapshot': {
        this.loaded = true;
        const keys = new Set(event.items.map(c => keyOf(c.engine, c.id)));
        for (const known of this.rows.keys()) if (!keys.has(known)) this.rows.delete(known);
        for (const container of event.items) this.#put(container);
        this.engines = new Map(event.engines.map(e => [e.name, e]));
        changed.members = changed.engines = true;
        break;
      }
      case 'added':
      case 'changed':
        this.#put(event.container);
        changed[event.type === 'added' ? 'members' : 'facts'] = true;
        break;
      case 'removed':
        this.rows.delete(keyOf(event.engine, event.containerId));
        changed.members = true;
        break;
      case 'sample':
        for (const item of event.items) this.rows.get(keyOf(item.engine, item.containerId))?.addSample(item);
        changed.samples = true;
        break;
      case 'engine':
        this.engines.set(event.engine.name, event.engine);
        changed.engines = true;
        break;
      default: // a type that this page does not know
    }
  }

  #put(container) {
    const key = keyOf(container.engine, container.id);
    const row = this.rows.get(key);
    if (row) row.update(container);
    else this.rows.set(key, new Row(container));
  }
}

export const keyOf = (engine, id) => `${engine}/${id}`;

/** Swarm's service name begins with the name of its stack. */
function stackService(labels) {
  const name = labels['com.docker.swarm.service.name'];
  const stack = labels['com.docker.stack.namespace'];
  if (!name) return null;
  return stack && name.startsWith(`${stack}_`) ? name.slice(stack.length + 1) : name;
}
