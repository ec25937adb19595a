// What is dropped or chosen becomes a build context: a folder without its ignored files, or an archive as it is.

import { parseIgnoreFile } from './ignore.js';
import { packTar } from './tar.js';

const ARCHIVES = [
  [/\.tar$/i, 'application/x-tar'], [/\.(tar\.gz|tgz)$/i, 'application/gzip'], [/\.(tar\.zst|tzst)$/i, 'application/zstd'],
  [/\.(tar\.bz2|tbz2?)$/i, 'application/x-bzip2'], [/\.(tar\.xz|txz)$/i, 'application/x-xz'],
];

/** A dropped folder, files or an archive. The entries must be taken before the event ends. */
export function readDrop(transfer) {
  const entries = [...transfer.items].filter(i => i.kind === 'file').map(i => i.webkitGetAsEntry()).filter(Boolean);
  return entries.length === 1 && entries[0].isDirectory
    ? treeOfEntry(entries[0])
    : treeOfFiles([...transfer.files].filter((_, i) => entries[i]?.isFile));
}

/** Files of a folder dialog have the folder's name in front of their path. */
export function readChosen(files) {
  const list = [...files];
  const folder = list[0]?.webkitRelativePath.split('/')[0] ?? '';
  return treeOfFiles(list, folder);
}

/**
 * Makes the context of a tree.
 * @param {string} dockerfile its path in the folder
 * @param {(count: number) => void} progress
 */
export async function createContext(tree, dockerfile, progress) {
  if (tree.archive) return { ...tree.archive, files: null, ignored: 0 };
  const ignoreFile = await tree.read(`${dockerfile}.dockerignore`) ?? await tree.read('.dockerignore');
  const ignore = parseIgnoreFile(ignoreFile ? await ignoreFile.text() : '', [dockerfile, '.dockerignore']);
  const entries = [];
  let ignored = 0;
  let files = 0;
  for await (const entry of tree.walk(ignore.skips)) {
    if (entry.skipped || ignore.ignores(entry.path)) {
      ignored++;
      continue;
    }
    entries.push(entry);
    if (entry.file && ++files % 500 === 0) progress(files);
  }
  return {
    name: tree.name, body: packTar(entries), type: 'application/x-tar', files, ignored,
    hasDockerfile: entries.some(e => e.path === dockerfile),
  };
}

function treeOfFiles(files, folder = '') {
  const type = files.length === 1 && ARCHIVES.find(([pattern]) => pattern.test(files[0].name))?.[1];
  if (type) return { name: files[0].name, archive: { name: files[0].name, body: files[0], type } };
  const paths = new Map(files.map(f => [folder ? f.webkitRelativePath.slice(folder.length + 1) : f.name, f]));
  return {
    name: folder,
    read: async path => paths.get(path) ?? null,
    async* walk() {
      const folders = new Set();
      for (const [path, file] of paths) {
        for (let i = path.indexOf('/'); i >= 0; i = path.indexOf('/', i + 1)) {
          const parent = path.slice(0, i);
          if (!folders.has(parent)) yield { path: parent, file: null };
          folders.add(parent);
        }
        yield { path, file };
      }
    },
  };
}

function treeOfEntry(root) {
  const find = path => new Promise(resolve => root.getFile(path, {}, resolve, () => resolve(null)));
  return {
    name: root.name,
    read: async path => {
      const entry = await find(path);
      return entry && fileOf(entry);
    },
    walk: skip => walkEntries(root, '', skip),
  };
}

async function* walkEntries(folder, prefix, skip) {
  const reader = folder.createReader();
  while (true) {
    // A reader returns some hundred entries at a time, and none at the end.
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const entry of entries) {
      const path = prefix + entry.name;
      if (!entry.isDirectory) yield { path, file: await fileOf(entry) };
      else if (skip(path)) yield { path, file: null, skipped: true };
      else {
        yield { path, file: null };
        yield* walkEntries(entry, `${path}/`, skip);
      }
    }
  }
}

const fileOf = entry => new Promise((resolve, reject) => entry.file(resolve, reject));
