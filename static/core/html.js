// Markup for everything on the page: `html` tagged templates become DOM nodes. Texts put into them
// are texts, never HTML.

import { h } from '../vendor/preact.js';
import htm from '../vendor/htm.js';

export { Component, Fragment, createContext, render } from '../vendor/preact.js';
export * from '../vendor/hooks.js';

export const html = htm.bind(h);

// The classes that are meant: classes('button', busy && 'is-busy').
export const classes = (...names) => names.filter(Boolean).join(' ');
