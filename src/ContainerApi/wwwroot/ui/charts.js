// Lines of samples: small ones in the table, and charts with values.

import { el, setAttribute, setText } from './dom.js';
import { clock } from './format.js';
import { texts } from './texts.js';

const SPARK_WIDTH = 60;
const SPARK_HEIGHT = 18;
const SPARK_MINUTES = 5;
/** Samples of this time are one point of a small line, which has no place for more. */
const SPARK_POINT_MS = 10_000;
/** A line that has just begun is as wide as this time, so that one sees it move. */
const FIRST_MS = 40_000;

/** A line of the last five minutes, or since the page was opened, without axes. The number beside it has the value, so that screen readers skip it. */
export class Spark {
  #line = el('svg:path', { class: 'spark-line' });
  #area = el('svg:path', { class: 'spark-area' });
  #row = null;
  #version = -1;

  constructor(metric) {
    this.metric = metric;
    this.node = el('svg:svg', {
      class: 'spark', 'aria-hidden': 'true', viewBox: `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`, preserveAspectRatio: 'none',
    }, this.#area, this.#line);
  }

  update(row) {
    if (this.#row === row && this.#version === row.version) return;
    [this.#row, this.#version] = [row, row.version];
    const samples = row.points(this.metric, SPARK_MINUTES);
    const now = Date.now();
    const range = Math.min(SPARK_MINUTES * 60_000, Math.max(FIRST_MS, now - (samples[0]?.[0] ?? now)));
    const points = range > 2 * FIRST_MS ? means(samples) : samples;
    const x = time => (SPARK_WIDTH * (1 - (now - time) / range)).toFixed(1);
    const { line, area } = paths(points, x, scale(points, SPARK_HEIGHT), SPARK_HEIGHT);
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', area);
  }
}

/** The mean of each period, and the newest sample. A period begins at the same times, so that the line does not change its form. */
function means(samples) {
  const points = [];
  let [period, sum, count] = [null, 0, 0];
  for (const [time, value] of samples) {
    const now = Math.floor(time / SPARK_POINT_MS);
    if (now !== period) {
      if (count > 0) points.push([(period + 0.5) * SPARK_POINT_MS, sum / count]);
      [period, sum, count] = [now, 0, 0];
    }
    sum += value;
    count++;
  }
  if (count > 0) points.push(samples.at(-1));
  return points;
}

/** Scales from 0 to the greatest value. */
function scale(points, height, top = maxOf(points)) {
  return value => (height - 1 - (height - 2) * (top > 0 ? value / top : 0)).toFixed(1);
}

const maxOf = points => points.reduce((max, [, value]) => (value > max ? value : max), 0);

/** The line and the area below it; an unknown value is a gap. */
function paths(points, x, y, height) {
  let line = '';
  let area = '';
  let begin = null;
  let last = null;
  const close = () => {
    if (begin !== null) area += `L${last} ${height}L${begin} ${height}Z`;
    begin = null;
  };
  for (const [time, value] of points) {
    if (Number.isNaN(value)) {
      close();
      continue;
    }
    last = x(time);
    const point = `${last} ${y(value)}`;
    line += `${begin === null ? 'M' : 'L'}${point}`;
    area += `${begin === null ? 'M' : 'L'}${point}`;
    begin ??= last;
  }
  close();
  return { line, area };
}

const WIDTH = 600;
const HEIGHT = 140;

/** A chart of one or two metrics of a row. The pointer or the arrow keys show the values of one time. */
export class Chart {
  #series;
  #format;
  #plot;
  #top = el('span');
  #from = el('span');
  #cursor = el('svg:line', { class: 'chart-cursor', y1: 0, y2: HEIGHT, visibility: 'hidden' });
  #shown = null;
  #points = [];
  #minutes = 5;
  #now = 0;
  #running = false;

  /** @param {{metric: string, name: string}[]} series */
  constructor(title, series, format) {
    this.#format = format;
    this.#series = series.map((s, i) => ({
      ...s,
      line: el('svg:path', { class: `chart-line series-${i}` }),
      area: el('svg:path', { class: `chart-area series-${i}` }),
      value: el('span', { class: 'chart-value' }),
    }));
    this.#plot = el('svg:svg', {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', class: 'chart-plot', tabindex: 0, role: 'img', 'aria-label': title,
      onpointermove: e => this.#show((e.clientX - this.#plot.getBoundingClientRect().left) / this.#plot.clientWidth),
      onpointerleave: () => this.#show(null),
      onblur: () => this.#show(null),
      onkeydown: e => this.#move(e),
    }, ...[0.25, 0.5, 0.75].map(f => el('svg:line', { class: 'chart-grid', x1: 0, x2: WIDTH, y1: HEIGHT * f, y2: HEIGHT * f })),
    ...this.#series.flatMap(s => [s.area, s.line]), this.#cursor);
    this.node = el('figure', { class: 'chart' },
      el('figcaption', {}, el('strong', { text: title }),
        ...this.#series.map((s, i) => el('span', { class: `legend series-${i}` }, s.name ? `${s.name} ` : '', s.value))),
      this.#plot,
      el('div', { class: 'chart-times' }, this.#from, this.#top, el('span', { text: texts.now })));
    this.#title = title;
  }

  #title;

  update(row, minutes) {
    this.#minutes = minutes;
    this.#now = Date.now();
    this.#running = row.running;
    this.#points = this.#series.map(s => row.points(s.metric, minutes));
    const top = Math.max(...this.#points.map(maxOf));
    this.#series.forEach((s, i) => {
      const { line, area } = paths(this.#points[i], time => this.#x(time).toFixed(1), scale(this.#points[i], HEIGHT, top * 1.05), HEIGHT);
      s.line.setAttribute('d', line);
      s.area.setAttribute('d', area);
    });
    setText(this.#top, top > 0 ? texts.chartTop(this.#format(top)) : '');
    setText(this.#from, texts.minutesAgo(minutes));
    this.#describe();
  }

  #x(time) {
    return WIDTH * (1 - (this.#now - time) / (this.#minutes * 60_000));
  }

  #show(fraction) {
    this.#shown = fraction;
    this.#describe();
  }

  #move(event) {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.#show(Math.min(1, Math.max(0, (this.#shown ?? 1) + step)));
  }

  /** Shows the newest values, or those at the pointer. */
  #describe() {
    const time = this.#shown === null ? null : this.#now - (1 - this.#shown) * this.#minutes * 60_000;
    setAttribute(this.#cursor, 'visibility', time === null ? 'hidden' : 'visible');
    if (time !== null) {
      const x = String(this.#shown * WIDTH);
      this.#cursor.setAttribute('x1', x);
      this.#cursor.setAttribute('x2', x);
    }
    const values = this.#points.map(points => this.#format(time !== null ? nearest(points, time) : this.#running ? points.at(-1)?.[1] : null));
    this.#series.forEach((s, i) => setText(s.value, values[i] + (time !== null && i === 0 ? ` (${clock(time)})` : '')));
    const label = `${this.#title}: ${this.#series.map((s, i) => `${s.name ?? ''} ${values[i]}`.trim()).join(', ')}`;
    this.#plot.setAttribute('aria-label', time === null ? label : `${label}, ${clock(time)}`);
  }
}

function nearest(points, time) {
  let best = null;
  for (const [at, value] of points) {
    if (best === null || Math.abs(at - time) < Math.abs(best[0] - time)) best = [at, value];
  }
  return best?.[1] ?? null;
}
