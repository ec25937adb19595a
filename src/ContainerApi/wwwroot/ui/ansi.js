// Colors of terminals as classes. All other escape sequences are removed; what remains is text.

import { el } from './dom.js';

/** Colors and movements, titles, and others of two characters (ECMA-48). The parameters are known for colors only. */
const SEQUENCE = /\u001b(?:\[(?:([\d;:]*)m|[0-?]*[ -/]*[@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g;
const COLORS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
/** The codes that switch a style on, and those that switch it off. */
const ON = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 7: 'inverse', 9: 'strike' };
const OFF = { 22: ['bold', 'dim'], 23: ['italic'], 24: ['underline'], 27: ['inverse'], 29: ['strike'] };

/**
 * Splits a text with escape sequences.
 * @returns {{ text: string, runs: { end: number, style: string }[] }} the text without them, and its pieces with their classes
 */
export function parseColors(source) {
  const runs = [];
  const style = {};
  let text = '';
  let begin = 0;
  const add = end => {
    if (end === begin) return;
    text += source.slice(begin, end);
    runs.push({ end: text.length, style: classOf(style) });
  };
  for (const match of source.matchAll(SEQUENCE)) {
    add(match.index);
    begin = match.index + match[0].length;
    if (match[1] !== undefined) change(style, match[1].split(/[;:]/).map(Number));
  }
  add(source.length);
  return { text, runs };
}

/** The text as nodes: plain text, and spans with classes. What is searched for, in lower case, is marked. */
export function nodesOf({ text, runs }, search = '') {
  const marks = [];
  const lower = search && text.toLowerCase();
  for (let at = 0; search && (at = lower.indexOf(search, at)) >= 0; at += search.length) marks.push(at, at + search.length);
  const nodes = [];
  let begin = 0;
  for (const { end, style } of runs) {
    while (begin < end) {
      const inside = marks.findIndex(m => m > begin);
      const stop = Math.min(end, inside < 0 ? end : marks[inside]);
      const part = text.slice(begin, stop);
      // Marks are pairs of begin and end: before an end is what was searched for.
      const node = inside % 2 === 1 ? el('mark', { text: part }) : part;
      nodes.push(style ? el('span', { class: style }, node) : node);
      begin = stop;
    }
  }
  return nodes;
}

function change(style, codes) {
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) for (const name of Object.keys(style)) delete style[name];
    else if (ON[code]) style[ON[code]] = true;
    else if (OFF[code]) for (const name of OFF[code]) delete style[name];
    else if (code === 38 || code === 48) {
      const [color, used] = extended(codes.slice(i + 1));
      style[code === 38 ? 'color' : 'back'] = color;
      i += used;
    } else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) style.color = COLORS[code % 10];
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) style.back = COLORS[code % 10];
    else if (code === 39) delete style.color;
    else if (code === 49) delete style.back;
  }
}

/** The nearest of the eight colors to one of the 256, or of all, and how many codes it takes. */
function extended([kind, ...values]) {
  if (kind === 2) return [nearest(values.slice(0, 3)), 4];
  if (kind !== 5) return [undefined, 0];
  const [n] = values;
  if (n < 16) return [COLORS[n % 8], 2];
  if (n >= 232) return [n < 244 ? 'black' : 'white', 2];
  return [nearest([36, 6, 1].map(unit => (Math.floor((n - 16) / unit) % 6) * 51)), 2];
}

/** A part counts where it is near the greatest one; colors with none are shades of gray. */
function nearest(parts) {
  const most = Math.max(...parts);
  if (most - Math.min(...parts) < 40) return most < 128 ? 'black' : 'white';
  return COLORS[parts.reduce((bits, part, i) => bits | (part > most * 0.5 ? 1 << i : 0), 0)];
}

/** On a colored ground, text has the color of the page's text, which is readable on all of them. */
function classOf({ color, back, inverse, ...others }) {
  const ground = inverse ? color ?? 'white' : back;
  return [ground ? `ground-${ground}` : color && `color-${color}`, ...Object.keys(others).filter(name => others[name]).map(name => `text-${name}`)]
    .filter(Boolean).join(' ');
}
