// Dialogs and short messages.

import { button, el, setText } from './dom.js';
import { texts } from './texts.js';

/** Opens a dialog; the promise has its value, or null where it was closed. */
function open(title, build, { cancel = true, forced = false } = {}) {
  return new Promise(resolve => {
    const heading = `dialog-${Math.random().toString(36).slice(2)}`;
    const dialog = el('dialog', { 'aria-labelledby': heading });
    let result = null;
    const close = value => {
      result = value;
      dialog.close();
    };
    const { content, buttons } = build(close);
    const form = el('form', { onsubmit: e => e.preventDefault() },
      el('h2', { id: heading, text: title }), ...content,
      el('div', { class: 'buttons' }, cancel && !forced && button(texts.cancel, () => close(null)), ...buttons));
    dialog.append(form);
    dialog.addEventListener('cancel', e => { if (forced) e.preventDefault(); });
    const opener = document.activeElement;
    dialog.addEventListener('close', () => {
      dialog.remove();
      // What opened the dialog may be gone after its change.
      if (document.activeElement === document.body) (opener?.isConnected ? opener : document.getElementById('content')).focus();
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Asks for a key until one is given. */
export function askForKey(refused) {
  return open(texts.keyTitle, close => {
    const input = el('input', { type: 'password', id: 'key', autocomplete: 'off', required: true, spellcheck: 'false', 'aria-describedby': 'key-help' });
    const submit = el('button', { type: 'submit', class: 'primary', text: texts.keySend, onclick: () => input.value.trim() && close(input.value.trim()) });
    return {
      content: [
        refused && el('p', { class: 'error', role: 'alert', text: texts.keyRefused }),
        el('label', { for: 'key', text: texts.keyLabel }), input, el('p', { id: 'key-help', class: 'hint', text: texts.keyHelp }),
      ],
      buttons: [submit],
    };
  }, { forced: true });
}

/**
 * Asks before a change. Where something is deleted, its name must be typed.
 * @returns {Promise<object|null>} the values of the options, or null
 */
export function confirmAction(title, message, action, { typed = null, danger = false, options = [] } = {}) {
  return open(title, close => {
    const boxes = options.map(o => [o.name, el('input', { type: 'checkbox', id: `option-${o.name}` }), o.text]);
    const submit = el('button', {
      type: 'submit', class: danger ? 'danger' : 'primary', text: action, disabled: typed !== null,
      onclick: () => close(Object.fromEntries(boxes.map(([name, box]) => [name, box.checked]))),
    });
    const input = typed !== null && el('input', {
      id: 'typed', autocomplete: 'off', spellcheck: 'false', oninput: () => { submit.disabled = input.value !== typed; },
    });
    return {
      content: [
        el('p', { text: message }),
        ...boxes.map(([name, box, text]) => el('label', { class: 'check', for: `option-${name}` }, box, ` ${text}`)),
        typed !== null && el('label', { for: 'typed', text: texts.typeName(typed) }), input,
      ],
      buttons: [submit],
    };
  });
}

/** Shows text that can be copied. */
export function showCommand(title, commands) {
  return open(title, close => ({
    content: commands.map(command => {
      const copied = el('span', { role: 'status' });
      const code = el('pre', { class: 'command', tabindex: 0, text: command });
      return el('div', { class: 'command-row' }, code, button(texts.copy, async () => {
        try {
          await navigator.clipboard.writeText(command);
          setText(copied, texts.copied);
        } catch {
          getSelection().selectAllChildren(code);
          setText(copied, texts.selected);
        }
      }), copied);
    }),
    buttons: [button(texts.close, () => close(true), { class: 'primary', autofocus: true })],
  }), { cancel: false });
}

/** A dialog with content of its own. `build` gets a function that closes it. */
export const showDialog = (title, build) => open(title, build);

const messages = el('div', { class: 'messages', role: 'status', 'aria-live': 'polite', popover: 'manual' });

/** Shows a message for some seconds; an error until it is closed. */
export function notify(text, error = false) {
  if (!messages.isConnected) document.body.append(messages);
  const message = el('div', { class: error ? 'message error' : 'message' }, el('span', { text }),
    button('×', () => message.remove(), { 'aria-label': texts.close, class: 'quiet' }));
  messages.append(message);
  // The last one shown is above an open dialog.
  messages.hidePopover();
  messages.showPopover();
  if (!error) setTimeout(() => message.remove(), 5000);
}

/** Runs an action and shows its error. Returns whether it succeeded. */
export async function attempt(action, done) {
  try {
    await action();
    if (done) notify(done);
    return true;
  } catch (e) {
    notify(describe(e), true);
    return false;
  }
}

/** The error with those messages of its fields that it does not have. */
export function describe(e) {
  const fields = Object.entries(e.errors ?? {}).flatMap(([field, list]) => list.filter(m => !e.message.includes(m)).map(m => `${field} ${m}`));
  return [e.message, ...fields].join(' ');
}
