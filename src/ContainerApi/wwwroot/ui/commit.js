// Makes an image of a container: shows what changed, then commits.

import { getJson, query } from './api.js';
import { attempt, describe, showDialog } from './dialogs.js';
import { el, setText } from './dom.js';
import { texts } from './texts.js';

const MAX_SHOWN = 500;

export function commitDialog(container) {
  const path = `images/commit${query({ engine: container.engine })}`;
  const name = container.name ?? container.shortId;
  const tag = el('input', { id: 'commit-tag', autocomplete: 'off', spellcheck: 'false', placeholder: texts.buildTagExample, required: true });
  const comment = el('input', { id: 'commit-comment', autocomplete: 'off' });
  const pause = el('input', { type: 'checkbox', id: 'commit-pause', checked: true });
  const counts = el('p', { class: 'hint', role: 'status', text: texts.loading });
  const list = el('pre', { class: 'output', tabindex: 0, 'aria-label': texts.commitPreview, hidden: true });

  getJson(path, { method: 'POST', json: { container: container.id, dryRun: true } }).then(({ preview }) => {
    setText(counts, preview.changes.length === 0 ? texts.commitNothing : texts.commitCounts(preview.changes.length, preview.changesCut));
    list.hidden = preview.changes.length === 0;
    setText(list, preview.changes.slice(0, MAX_SHOWN).map(c => `${texts.changeKind[c.kind] ?? c.kind}  ${c.path}`).join('\n'));
  }, e => {
    counts.className = 'error';
    setText(counts, describe(e));
  });

  return showDialog(texts.commitTitle(name), close => {
    const submit = el('button', { type: 'submit', class: 'primary', text: texts.commitGo, onclick: async () => {
      if (!tag.reportValidity()) return;
      submit.disabled = true;
      const json = { container: container.id, tag: tag.value.trim(), pause: pause.checked, comment: comment.value.trim() || undefined };
      const done = await attempt(() => getJson(path, { method: 'POST', json }), texts.committed(tag.value.trim()));
      submit.disabled = false;
      if (done) close(true);
    } });
    return {
      content: [
        el('h3', { text: texts.commitPreview }), counts, list,
        el('label', { class: 'field', for: 'commit-tag' }, texts.commitTag, tag),
        el('label', { class: 'field', for: 'commit-comment' }, texts.commitComment, comment),
        el('label', { class: 'check', for: 'commit-pause' }, pause, ` ${texts.commitPause}`),
      ],
      buttons: [submit],
    };
  });
}
