// An address that no page has.

import { html } from '../core/html.js';
import { usePlace } from '../core/router.js';
import { ButtonLink } from '../components/button.js';
import { Page } from '../components/page.js';

export default function Nowhere() {
  const { path } = usePlace();
  return html`
    <${Page} title="There is nothing here" lead=${html`No page has the address <code>${path}</code>.`}>
      <p><${ButtonLink} kind="primary" href="/">To the overview</${ButtonLink}></p>
    </${Page}>
  `;
}
