// Removing an installation: which instances go with it, and then the connector's name to be typed. Nothing is asked of
// the server that removes anything before that.

import { html } from '../core/html.js';
import { count, counted } from '../core/format.js';
import { navigate, path } from '../core/router.js';
import { visible } from '../core/visible.js';
import { exchange } from '../api/client.js';
import { useAction, useQuery } from '../api/hooks.js';
import { StateBadge } from '../components/badge.js';
import { Confirm, Dialog } from '../components/dialog.js';
import { Loaded } from '../components/states.js';
import { toast } from '../components/toast.js';

const SHOWN = 10;
const AFFECTED = `query ($id: ID!) {
  connectorInstallation(id: $id) { instanceCount instances(first: ${SHOWN}) { id externalSubjectId state } }
}`;
const REMOVE = `mutation ($id: ID!, $instances: Boolean!) {
  removeInstallation(installationId: $id, removeInstances: $instances) { affectedInstallation { state } }
}`;

// retry: whether it leads to the install form then.
export function InstallationRemoval({ app, installation, retry, onClose }) {
  const { id, connector } = installation;
  const name = visible(connector.name).replace(/\s+/g, ' ').trim();
  const affected = useQuery(AFFECTED, { id });
  const instanceCount = affected.data?.connectorInstallation?.instanceCount ?? 0;
  const here = location.pathname;
  const [remove, { busy, error }] = useAction(async () => {
    const { data, errors } = await exchange(REMOVE, { id, instances: instanceCount > 0 });
    const left = data.removeInstallation?.affectedInstallation;
    if (!left) throw errors[0];
    // Somebody instantiated it meanwhile, so nothing was removed: they are shown first.
    if (left.state !== 'REMOVAL_ONGOING') return affected.reload();
    tell(name, errors);
    const next = retry ? `${path`/store/${connector.id}/install`}?app=${encodeURIComponent(app)}` : path`/apps/${app}/installed`;
    if (location.pathname === here) navigate(next, { replace: true });
    return undefined;
  });
  const title = `Remove the installation of “${name}”?`;
  if (!affected.data) {
    return html`
      <${Dialog} title=${title} onClose=${onClose}>
        <div class="dialog-body"><${Loaded} query=${affected}>${() => null}</${Loaded}></div>
      </${Dialog}>
    `;
  }
  return html`
    <${Confirm} title=${title} action=${retry ? 'Remove and try again' : 'Remove it'} typed=${instanceCount > 0 ? name : undefined}
      busy=${busy} error=${error} onConfirm=${remove} onClose=${onClose}>
      <p>The connector is told, and the configuration is gone for good. Its callbacks stay in the log.</p>
      ${instanceCount > 0 && html`<${Instances} rows=${affected.data.connectorInstallation.instances} total=${instanceCount} />`}
      <p role="status" class="hint">${busy && instanceCount > 0 && 'The connector is told of each instance. This may take a while.'}</p>
    </${Confirm}>
  `;
}

const Instances = ({ rows, total }) => html`
  <div class="stack">
    <p>
      <strong>${counted(total, 'instance')}</strong>${total === 1
        ? ' goes with it, with all its things and histories:'
        : ' go with it, with all their things and histories:'}
    </p>
    <ul class="affected">
      ${rows.map(({ id, externalSubjectId, state }) => html`
        <li key=${id}><span class="breaking">${visible(externalSubjectId)}</span><${StateBadge} state=${state} /></li>
      `)}
      ${total > rows.length && html`<li class="hint">and ${count(total - rows.length)} more</li>`}
    </ul>
  </div>
`;

// The removal took place; an error beside it says that the connector did not confirm.
function tell(name, errors) {
  if (errors.length === 0) return toast(`“${name}” is removed`);
  const others = errors.length > 1 ? ` (and ${counted(errors.length - 1, 'further callback', 'further callbacks')})` : '';
  return toast(`“${name}” is removed, but the connector did not confirm: ${errors[0].message}${others}`, 'warn');
}
