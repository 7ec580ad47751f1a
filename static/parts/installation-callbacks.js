// What the platform has told the connector about one installation and its instances, live.

import { html } from '../core/html.js';
import { counted } from '../core/format.js';
import { Button } from '../components/button.js';
import { Empty, Failure, Loaded } from '../components/states.js';
import { More } from '../components/table.js';
import { useCallbackLog } from './callback-log.js';
import { CallbackTable } from './callback-table.js';

// Whoever is in the table with the keyboard, or has gone down, reads.
const isRead = () => Boolean(document.activeElement?.closest('.table, .more, .waiting')) || scrollY > innerHeight;

export function InstallationCallbacks({ installation }) {
  const filters = { connectorId: installation.connector.id, installationId: installation.id, kind: null, failedOnly: false };
  const log = useCallbackLog(filters, isRead);
  const { busy, error } = log.olderState;
  return html`
    <div class="waiting" role="status">
      ${log.waiting > 0 && html`
        <${Button} small kind="primary" onClick=${log.show}>${counted(log.waiting, 'new callback')} – show</${Button}>
      `}
    </div>
    <${Loaded} query=${log.query} lines=${6}>${() => (log.rows.length > 0
      ? html`
        <${CallbackTable} caption="Callbacks about this installation, newest first" rows=${log.rows} fresh=${log.fresh} />
        ${error && html`<${Failure} error=${error} />`}
        <${More} more=${log.more} busy=${busy} onMore=${log.older} />
      `
      : html`
        <${Empty} icon="callbacks" title="No callbacks are kept">
          The log keeps them for some days only. New ones appear here by themselves.
        </${Empty}>
      `)}</${Loaded}>
  `;
}
