// Texts from outside made harmless to look at: characters that are not seen, or that turn the direction of writing
// around, are shown as signs of their own.

// But for the tab and the line feed, which lay a text out.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const PICTURES = 0x2400;
const DELETE = 0x7f;

function sign(character) {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(PICTURES + code);
  if (code === DELETE) return '\u2421';
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

export const visible = (text) => text.replace(UNSEEN, sign);
