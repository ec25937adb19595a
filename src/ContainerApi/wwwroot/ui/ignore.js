// .dockerignore, with the rules of Docker (moby/patternmatcher): later patterns win, `!` takes back, a pattern also matches what is below.

const ESCAPED = new Set('.+()|{}$^');

/**
 * @param {string} text the ignore file
 * @param {string[]} kept files that are always part of the context
 * @returns {{ ignores: (path: string) => boolean, canSkip: boolean }} `canSkip`: nothing below an ignored folder can be taken back
 */
export function parseIgnoreFile(text, kept = []) {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/).filter(line => !line.startsWith('#')).map(line => line.trim()).filter(Boolean);
  const written = lines.map(readPattern).filter(Boolean);
  const patterns = [...written, ...kept.map(path => ({ takesBack: true, expression: expressionOf(clean(path)) }))];
  return {
    canSkip: !written.some(p => p.takesBack),
    ignores: path => {
      const parts = path.split('/');
      const prefixes = parts.map((_, i) => parts.slice(0, i + 1).join('/'));
      let ignored = false;
      for (const { takesBack, expression } of patterns) {
        if (takesBack === ignored && prefixes.some(prefix => expression.test(prefix))) ignored = !takesBack;
      }
      return ignored;
    },
  };
}

function readPattern(line) {
  const takesBack = line.startsWith('!');
  const path = clean(takesBack ? line.slice(1).trim() : line);
  if (path === '' || path === '.') return null;
  try {
    return { takesBack, expression: expressionOf(path) };
  } catch {
    // The service refuses a pattern that is none.
    return null;
  }
}

/** Removes `.`, `..` and slashes that say nothing, as Go's path.Clean does. */
function clean(path) {
  const parts = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function expressionOf(pattern) {
  let expression = '';
  let inClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i];
    if (inClass) {
      expression += c === '[' ? '\\[' : c;
      inClass = c !== ']';
    } else if (c === '*' && pattern[i + 1] === '*') {
      i++;
      if (pattern[i + 1] === '/') i++;
      expression += i + 1 >= pattern.length ? '.*' : '(.*/)?';
    } else if (c === '*') expression += '[^/]*';
    else if (c === '?') expression += '[^/]';
    else if (c === '[') {
      expression += c;
      inClass = true;
    } else if (c === '\\') expression += i + 1 < pattern.length ? `\\${pattern[++i]}` : '\\\\';
    else expression += ESCAPED.has(c) ? `\\${c}` : c;
  }
  return new RegExp(`^${expression}$`, 's');
}
