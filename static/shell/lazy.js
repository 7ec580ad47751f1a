// A page that is loaded when it is needed.

import { html, useEffect, useState } from '../core/html.js';
import { Button } from '../components/button.js';
import { Notice } from '../components/notice.js';
import { Loading } from '../components/states.js';

const loaded = new Map();

export function Lazy({ page, params }) {
  const [failed, setFailed] = useState(false);
  const [, setRound] = useState(0);
  const Page = loaded.get(page);
  useEffect(() => {
    if (Page) return;
    page().then(
      (module) => (loaded.set(page, module.default), setRound((round) => round + 1)),
      () => setFailed(true),
    );
  }, [page]);
  if (Page) return html`<${Page} ...${params} />`;
  if (!failed) return html`<${Loading} lines=${6} />`;
  return html`
    <${Notice} kind="warn" title="This page could not be loaded" alert actions=${html`<${Button} onClick=${() => location.reload()}>Reload</${Button}>`}>
      The server cannot be reached, or runs a newer connhub than the one that this tab began with.
    </${Notice}>
  `;
}
