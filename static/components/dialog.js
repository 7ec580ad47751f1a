// A question above the page, in the browser's own <dialog>: Escape closes it, the focus stays in it and goes back.

import { sentence } from '../core/format.js';
import { html, useEffect, useId, useRef, useState } from '../core/html.js';
import { Button, IconButton } from './button.js';
import { TextField } from './field.js';
import { Notice } from './notice.js';

// Open while it is drawn.
export function Dialog({ title, onClose, wide = false, children }) {
  const dialog = useRef(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  return html`
    <dialog ref=${dialog} class=${wide ? 'dialog wide' : 'dialog'} aria-labelledby=${id} onCancel=${(event) => (event.preventDefault(), onClose())}>
      <header><h2 id=${id}>${title}</h2><${IconButton} label="Close" icon="close" onClick=${onClose} /></header>
      ${children}
    </dialog>
  `;
}

// Asks before something is destroyed. `children` say what it takes along; `typed`, if given, is what must be typed first.
// onConfirm may answer a promise; error is what it came to.
export function Confirm({ title, action, typed, busy, error, onConfirm, onClose, children }) {
  const [text, setText] = useState('');
  const ready = !typed || text.trim() === typed.trim();
  const submit = (event) => {
    event.preventDefault();
    if (ready && !busy) onConfirm();
  };
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <form onSubmit=${submit}>
        <div class="dialog-body">
          ${children}
          ${typed && html`<${TextField} label=${`Type “${typed}” to confirm`} value=${text} onInput=${setText} autocomplete="off" />`}
          ${error && html`<${Notice} kind="danger" alert>${sentence(error.message)}</${Notice}>`}
        </div>
        <footer class="actions">
          <${Button} onClick=${onClose}>Cancel</${Button}>
          <${Button} kind="danger" type="submit" busy=${busy} disabled=${!ready}>${action}</${Button}>
        </footer>
      </form>
    </${Dialog}>
  `;
}
