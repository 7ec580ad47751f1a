// The list of what may stand at the cursor: it opens while a word is written or with Ctrl+Space, the arrow keys choose,
// Enter takes what is chosen. The focus stays in the text.

import { html, useEffect, useId, useLayoutEffect, useRef, useState } from '../core/html.js';
import { announce } from '../components/toast.js';
import { write } from './write.js';

const CLOSED = { open: false, options: [], chosen: -1 };
const WORD_END = /[\w$@]$/;

// What a text area needs to have such a list.
export function useSuggestions(area, suggest) {
  const id = useId();
  const [state, setState] = useState(CLOSED);
  const close = () => setState((known) => (known.open ? CLOSED : known));
  const look = (asked) => {
    const { value, selectionStart: at } = area.current;
    const found = suggest(value, at);
    if (!found?.options.length) return close();
    const prefix = value.slice(found.from, at);
    const complete = found.options.some(({ name }) => name === prefix);
    // Who has written all of a word wants to go on with Enter.
    if (complete && !asked && found.options.length === 1) return close();
    announce(`${found.options.length} suggestions`);
    return setState({ open: true, ...found, at, chosen: complete && !asked ? -1 : 0 });
  };
  const take = (option) => {
    close();
    write(area.current, { from: state.from, to: state.to, text: option.text, caret: state.from + option.text.length });
    // Behind the name of an argument stands its value.
    if (option.text.endsWith(': ')) look(true);
  };
  const move = (step) => setState((known) => ({ ...known, chosen: (known.chosen + step + known.options.length) % known.options.length }));
  const keys = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(state.chosen < 0 ? 0 : -1),
    Enter: () => take(state.options[state.chosen]),
    Escape: close,
  };
  // Whether it was for the list.
  const keyDown = (event) => {
    if (!suggest) return false;
    if (event.ctrlKey && event.key === ' ') return look(true), true;
    if (!state.open) return false;
    if (/^(ArrowLeft|ArrowRight|Home|End|PageUp|PageDown)$/.test(event.key)) close();
    if (!keys[event.key] || (event.key === 'Enter' && state.chosen < 0)) return false;
    event.stopPropagation();
    keys[event.key]();
    return true;
  };
  const written = ({ inputType, target }) => {
    if (!suggest) return;
    const word = WORD_END.test(target.value.slice(0, target.selectionStart));
    if (word && (state.open || inputType === 'insertText')) look(false);
    else close();
  };
  const option = state.open && state.chosen >= 0 ? `${id}-${state.chosen}` : undefined;
  const attributes = suggest && {
    'aria-autocomplete': 'list',
    'aria-haspopup': 'listbox',
    'aria-controls': state.open ? id : undefined,
    'aria-activedescendant': option,
  };
  return { ...state, id, attributes, keyDown, written, close, take };
}

export function Suggestions({ list, layer }) {
  const box = useRef(null);
  const { id, options, chosen, from, take } = list;
  useLayoutEffect(() => place(box.current, layer.current, from), [from, options]);
  useEffect(() => box.current.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }), [chosen, options]);
  const about = options[chosen];
  // A press must not take the focus out of the text.
  return html`
    <div class="suggestions" ref=${box} onMouseDown=${(event) => event.preventDefault()}>
      <ul role="listbox" id=${id} aria-label="Suggestions">
        ${options.map((option, at) => html`
          <li key=${option.name} role="option" id=${`${id}-${at}`} aria-selected=${String(at === chosen)}
            class=${option.deprecated ? 'deprecated' : undefined} onClick=${() => take(option)}>
            <span>${option.name}</span>${option.type && html`<span class="suggestion-type">${option.type}</span>`}
          </li>
        `)}
      </ul>
      ${about?.description && html`<p class="suggestion-about">${about.description}</p>`}
    </div>
  `;
}

// Below the word that is written, or above it where there is no room, and not beyond the editor's edge.
function place(box, layer, offset) {
  const word = rectAt(layer, offset);
  const around = box.parentElement.getBoundingClientRect();
  const left = Math.min(word.left - around.left, around.width - box.offsetWidth - 1);
  const below = word.bottom - around.top;
  const above = word.top - around.top - box.offsetHeight;
  const roomBelow = word.bottom + box.offsetHeight < innerHeight;
  box.style.left = `${Math.max(0, left)}px`;
  box.style.top = `${roomBelow || word.top < box.offsetHeight ? below : above}px`;
}

// Where a character of the coloured copy is.
function rectAt(layer, offset) {
  const texts = document.createTreeWalker(layer, NodeFilter.SHOW_TEXT);
  let left = offset;
  while (texts.nextNode()) {
    const { length } = texts.currentNode;
    if (left < length) {
      const range = document.createRange();
      range.setStart(texts.currentNode, left);
      range.setEnd(texts.currentNode, left + 1);
      const rects = range.getClientRects();
      if (rects.length > 0) return rects[0];
    }
    left -= length;
    if (left < 0) break;
  }
  return layer.getBoundingClientRect();
}
