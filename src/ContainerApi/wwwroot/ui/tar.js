// A tar archive as a Blob: headers in memory, the files by reference, so that a large folder takes no memory.

const BLOCK = 512;
const MAX_NAME = 100;
const MAX_SIZE = 8 * 1024 ** 3;
const encoder = new TextEncoder();

/** A browser does not know the mode of a file. As Docker on Windows does, every file may be executed. */
const MODE = 0o755;

/** @param {{ path: string, file: File|null }[]} entries files, and folders without a file */
export function packTar(entries) {
  const parts = [];
  for (const { path, file } of entries) {
    const name = file === null ? `${path}/` : path;
    const size = file?.size ?? 0;
    const extended = [];
    // eslint-disable-next-line no-control-regex
    if (encoder.encode(name).length > MAX_NAME || /[^\x20-\x7e]/.test(name)) extended.push(['path', name]);
    if (size >= MAX_SIZE) extended.push(['size', String(size)]);
    if (extended.length > 0) {
      const records = concat(extended.map(([key, value]) => paxRecord(key, value)));
      parts.push(header('PaxHeaders/entry', records.length, 0, 'x'), records, padding(records.length));
    }
    parts.push(header(shorten(name), size < MAX_SIZE ? size : 0, file?.lastModified ?? 0, file === null ? '5' : '0'));
    if (size > 0) parts.push(file, padding(size));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return new Blob(parts, { type: 'application/x-tar' });
}

function header(name, size, modified, type) {
  const block = new Uint8Array(BLOCK);
  const write = (offset, text) => block.set(encoder.encode(text), offset);
  const octal = (offset, length, value) => write(offset, value.toString(8).padStart(length - 1, '0'));
  write(0, name);
  octal(100, 8, MODE);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, Math.max(0, Math.floor(modified / 1000)));
  write(148, ' '.repeat(8));
  write(156, type);
  write(257, 'ustar\0' + '00');
  const sum = block.reduce((total, byte) => total + byte, 0);
  write(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** A name for the header; the extended header has the whole one. */
const shorten = name => [...name.replace(/[^\x20-\x7e]/g, '_')].slice(0, MAX_NAME).join('');

/** A record has its own length in front, which counts itself. */
function paxRecord(key, value) {
  const text = ` ${key}=${value}\n`;
  const bytes = encoder.encode(text).length;
  let length = bytes + String(bytes).length;
  if (bytes + String(length).length !== length) length = bytes + String(length).length;
  return encoder.encode(`${length}${text}`);
}

function padding(size) {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}

function concat(arrays) {
  const all = new Uint8Array(arrays.reduce((sum, a) => sum + a.length, 0));
  let offset = 0;
  for (const array of arrays) {
    all.set(array, offset);
    offset += array.length;
  }
  return all;
}
