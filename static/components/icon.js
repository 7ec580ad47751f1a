// The pictures of the page: strokes on a grid of 20, in the colour of the text around them.

import { html } from '../core/html.js';

const PATHS = {
  overview: 'M3 10.5 10 4l7 6.5M5 9v7h10V9M8.5 16v-4h3v4',
  apps: 'M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h5v5h-5z',
  store: 'M3.5 8 5 3.5h10L16.5 8M3.5 8a2.2 2.2 0 0 0 4.3 0 2.2 2.2 0 0 0 4.4 0 2.2 2.2 0 0 0 4.3 0M4.5 10.5v6h11v-6',
  installed: 'M10 3v9M6.5 8.5 10 12l3.5-3.5M3.5 13v3.5h13V13',
  instances: 'M7 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM2.5 16c.3-3 2-4.5 4.5-4.5s4.2 1.5 4.5 4.500M13 9a2 2 0 1 0 0-4M13.5 11.500c2.3 0 3.7 1.4 4 4',
  things: 'M7.5 15h5M8 17.500h4M10 2.500a5 5 0 0 0-3 9c.7.6 1 1.3 1 2h4c0-.7.3-1.4 1-2a5 5 0 0 0-3-9Z',
  connectors: 'M7 3v4M13 3v4M5 7h10v3a5 5 0 0 1-10 0V7ZM10 15v3',
  callbacks: 'M3.5 7h10M10.5 4l3 3-3 3M16.5 13h-10M9.5 10l-3 3 3 3',
  explorer: 'm6 6-4 4 4 4M14 6l4 4-4 4M11.5 4l-3 12',
  account: 'M10 10a3.2 3.2 0 1 0 0-6.400 3.2 3.2 0 0 0 0 6.400ZM3.5 17c.5-3.400 3-5 6.500-5s6 1.600 6.500 5',
  operator: 'M3.5 4h13v5h-13zM3.5 11h13v5h-13zM6 6.500h.5M6 13.500h.5M9.5 6.500h4.500M9.5 13.500h4.500',
  signout: 'M8 3.500H4v13h4M12.5 6.5 16 10l-3.5 3.500M7.5 10H16',
  menu: 'M3 5.500h14M3 10h14M3 14.500h14',
  close: 'm5 5 10 10M15 5 5 15',
  copy: 'M7 7V3.500h9.500V13H13M3.5 7H13v9.500H3.500z',
  check: 'm4 10.5 4 4L16 6',
  plus: 'M10 4v12M4 10h12',
  search: 'M9 14.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM13 13l4 4',
  alert: 'M10 3 2.5 16.500h15L10 3ZM10 8v4M10 14v.5',
  info: 'M10 17.500a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15ZM10 9v5M10 6v.5',
  external: 'M8 4H4v12h12v-4M11.5 3.500h5v5M16.5 3.5 9 11',
  chevron: 'm7.5 5 5 5-5 5',
  back: 'm11.5 4-6 6 6 6M5.5 10H17',
  up: 'M10 16V4M5 9l5-5 5 5',
  down: 'M10 4v12M5 11l5 5 5-5',
  trash: 'M3.5 5.500h13M8 5.500v-2h4v2M5 5.500l.8 11h8.400l.8-11M8.5 8.500v5M11.5 8.500v5',
  edit: 'M3.5 16.500v-3L13 4l3 3-9.5 9.500h-3Z',
  play: 'M6 4v12l10-6L6 4Z',
};

export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>
`;
