// .dockerignore, with the rules of Docker's builders (moby/patternmatcher): the last pattern that matches decides, `!` takes back, and what
// matched a folder also matches what is below it.

const WILDCARDS = /[*?[\]\\]/;
const SPECIAL = /[*?[\]\\^]/;
const ESCAPED = new Set('.+()|{}$');

/**
 * @param {string} text the ignore file
 * @param {string[]} kept files that are always part of the context
 * @returns {{ ignores: (path: string) => boolean, skips: (folder: string) => boolean }} `skips`: nothing below this folder is taken back
 */
export function parseIgnoreFile(text, kept = []) {
  const lines = text.replace(/^\uFEFF/, '').split('\n').filter(line => !line.startsWith('#')).map(line => line.trim()).filter(Boolean);
  const patterns = [...lines.map(readPattern), ...kept.map(path => readPattern(`!${path}`))].filter(Boolean);
  const folders = new Map([['', { matched: [], ignored: false }]]);

  /** The patterns that match a path; a pattern that cannot change the result is not tried, and does not count as matched below. */
  const match = path => {
    const parent = stateOf(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    let ignored = false;
    const matched = patterns.map(({ takesBack, matches }, i) => {
      const hit = parent.matched[i] || (takesBack === ignored && matches(path));
      if (hit) ignored = !takesBack;
      return hit;
    });
    return { matched, ignored };
  };
  const stateOf = folder => {
    if (!folders.has(folder)) folders.set(folder, match(folder));
    return folders.get(folder);
  };
  return {
    ignores: path => match(path).ignored,
    skips: folder => stateOf(folder).ignored && !patterns.some(p => p.takesBack && mayMatchBelow(p.path, folder)),
  };
}

function readPattern(line) {
  const takesBack = line.startsWith('!');
  const path = clean(takesBack ? line.slice(1).trim() : line);
  if (path === '') return null;
  try {
    const expression = expressionOf(path);
    return { takesBack, path, matches: WILDCARDS.test(path) ? other => expression.test(other) : other => other === path };
  } catch {
    // No pattern; the service refuses the file, which is part of the context.
    return null;
  }
}

/** Removes what says nothing, as Go's path.Clean does; `..` stays where it leads out. */
function clean(path) {
  const rooted = path.startsWith('/');
  const parts = [];
  for (const part of path.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '' && part !== '.' && !(part === '..' && rooted)) parts.push(part);
  }
  return parts.join('/');
}

function mayMatchBelow(path, folder) {
  const text = path.replace(/\/\*\*?$/, '');
  return /[*?[\\]/.test(text) || text.startsWith(`${folder}/`);
}

function expressionOf(pattern) {
  // Two stars in front of plain text match any beginning.
  if (pattern.startsWith('**') && pattern[2] !== '/' && !SPECIAL.test(pattern.slice(2))) return new RegExp(`^.*${plain(pattern.slice(2))}$`, 's');
  let expression = '';
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i];
    if (c === '*' && pattern[i + 1] === '*') {
      i++;
      if (pattern[i + 1] === '/') i++;
      expression += i + 1 >= pattern.length ? '.*' : '(?:.*/)?';
    } else if (c === '*') expression += '[^/]*';
    else if (c === '?') expression += '[^/]';
    else if (c === '\\') expression += `\\${pattern[++i]}`;
    else if (c === '[') {
      const end = endOfClass(pattern, i);
      expression += pattern.slice(i, end);
      i = end - 1;
    } else expression += plain(c);
  }
  return new RegExp(`^${expression}$`, 's');
}

/** A class ends with the first `]` that is not escaped. */
function endOfClass(pattern, begin) {
  let i = begin + 1;
  while (i < pattern.length && pattern[i] !== ']') i += pattern[i] === '\\' ? 2 : 1;
  if (i >= pattern.length) throw new SyntaxError(pattern);
  return i + 1;
}

const plain = text => [...text].map(c => (ESCAPED.has(c) ? `\\${c}` : c)).join('');
