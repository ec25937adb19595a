// Removes unused images: shows which, then removes them.

import { getJson, query } from './api.js';
import { attempt, describe, showDialog } from './dialogs.js';
import { el, setAttribute, setText } from './dom.js';
import * as format from './format.js';
import { texts } from './texts.js';

export function pruneDialog(engine, done) {
  const path = `images/prune${query({ engine })}`;
  const tagged = el('input', { type: 'checkbox', id: 'prune-tagged', onchange: () => preview() });
  const counts = el('p', { role: 'status' });
  const list = el('pre', { class: 'output', tabindex: 0, 'aria-label': texts.pruneTitle, hidden: true });
  const submit = el('button', { type: 'submit', class: 'danger', text: texts.pruneGo, disabled: true });
  const request = dryRun => getJson(path, { method: 'POST', json: { dangling: !tagged.checked, dryRun } });
  let asked = 0;

  async function preview() {
    const turn = ++asked;
    submit.disabled = true;
    setAttribute(counts, 'class', 'hint');
    setText(counts, texts.loading);
    try {
      const { images, freedBytes } = await request(true);
      if (turn !== asked) return;
      setText(counts, images.length === 0 ? texts.pruneNothing : texts.prunePreview(images.length, format.bytes(freedBytes)));
      setText(list, images.map(i => `${format.bytes(i.sizeBytes)}  ${i.tags.join(', ') || format.shortId(i.id)}`).join('\n'));
      list.hidden = images.length === 0;
      submit.disabled = images.length === 0;
    } catch (e) {
      setAttribute(counts, 'class', 'error');
      setText(counts, describe(e));
    }
  }

  preview();
  return showDialog(texts.pruneTitle, close => {
    submit.addEventListener('click', async () => {
      submit.disabled = true;
      let result = null;
      const succeeded = await attempt(async () => { result = await request(false); });
      submit.disabled = false;
      if (!succeeded) return;
      close(true);
      done(texts.pruned(result.images.length, format.bytes(result.freedBytes)));
    });
    return { content: [el('label', { class: 'check', for: 'prune-tagged' }, tagged, ` ${texts.pruneAll}`), counts, list], buttons: [submit] };
  });
}
