// An editor of code: a text area, with its coloured copy behind it and the numbers of its lines. Tab leaves it, as
// every field; with `suggest` it has a list of what may stand at the cursor.

import { classes, html, useEffect, useId, useLayoutEffect, useMemo, useRef } from '../core/html.js';
import { Coloured } from '../components/coloured.js';
import { typed } from './typing.js';
import { Suggestions, useSuggestions } from './suggestions.js';
import { write } from './write.js';

// tokens: (text) => tokens. suggest: (text, at) => { from, to, options } or null. onRun: for Ctrl+Enter.
// area: a ref to the text area.
export function CodeEditor({ label, value, onInput, tokens, suggest, onRun, error, hint, area: given, class: name }) {
  const id = useId();
  const own = useRef(null);
  const area = given ?? own;
  const layer = useRef(null);
  const list = useSuggestions(area, suggest);
  const lines = value.split('\n').length;
  const coloured = useMemo(() => html`<${Coloured} tokens=${tokens(value)} exact />`, [value]);
  // The caret stays where it is when the text changes from elsewhere.
  useLayoutEffect(() => {
    if (area.current.value !== value) area.current.value = value;
  }, [value]);
  useEffect(() => () => list.close(), []);
  const keyDown = (event) => {
    if (event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') {
      event.preventDefault();
      list.close();
      onRun?.();
    } else if (list.keyDown(event)) event.preventDefault();
    else if (!event.ctrlKey && !event.metaKey && !event.altKey) writeFor(event);
  };
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return html`
    <div class=${classes('code-field', error && 'wrong', name)}>
      <label for=${id}>${label}</label>
      <div class="code-editor">
        <div class="code-scroll">
          <div class="code-lines" aria-hidden="true">${Array.from({ length: lines }, (_, at) => `${at + 1}\n`).join('')}</div>
          <div class="code-sheet">
            <pre class="code-layer" aria-hidden="true" ref=${layer}><code>${coloured}${'\n'}</code></pre>
            <textarea id=${id} ref=${area} wrap="off" spellcheck=${false} autocomplete="off" autocapitalize="off" autocorrect="off"
              aria-describedby=${described || undefined} aria-invalid=${error ? 'true' : undefined} ...${list.attributes}
              onInput=${(event) => (onInput(event.target.value), list.written(event))} onKeyDown=${keyDown}
              onClick=${list.close} onBlur=${list.close} onScroll=${backToOrigin}></textarea>
          </div>
        </div>
        ${list.open && html`<${Suggestions} list=${list} layer=${layer} />`}
      </div>
      ${error && html`<p class="field-error" id=${`${id}-error`}>${error}</p>`}
      ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    </div>
  `;
}

// What is around it scrolls, and it is as large as its text; a browser that scrolls it all the same would part the
// text from its colours.
const backToOrigin = ({ target }) => target.scrollTo(0, 0);

function writeFor(event) {
  const { value, selectionStart, selectionEnd } = event.target;
  const change = typed(event.key, value, selectionStart, selectionEnd);
  if (!change) return;
  event.preventDefault();
  write(event.target, change);
}
