// Writing into a text area for somebody.

// Writes into a text area as if it was typed, so that it can be undone.
export function write(area, { from, to, text, caret }) {
  area.focus();
  area.setSelectionRange(from, to);
  const done = document.execCommand(text ? 'insertText' : 'delete', false, text);
  if (!done) {
    area.setRangeText(text, from, to, 'end');
    area.dispatchEvent(new Event('input', { bubbles: true }));
  }
  area.setSelectionRange(caret, caret);
}
