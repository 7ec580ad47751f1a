// The server as its operators see it: which connectors are busy, all accounts and what they use, invitations.

import { html, useEffect } from '../core/html.js';
import { bytes, count } from '../core/format.js';
import { useShownAgain } from '../core/shown-again.js';
import { useQuery } from '../api/hooks.js';
import { usePages } from '../api/pages.js';
import { Notice } from '../components/notice.js';
import { Facts, Page, Section } from '../components/page.js';
import { Loaded } from '../components/states.js';
import { ACCOUNT, Accounts } from '../parts/operator/accounts.js';
import { BusiestConnectors } from '../parts/operator/connectors.js';
import { Invites } from '../parts/operator/invites.js';
import { USAGE } from '../parts/operator/usage.js';

const SERVER = `{
  server { version accounts accountsMax diskFree diskLowAt isDiskLow }
  busiestConnectors(first: 20) { id name ownerEmail suspended removed ${USAGE} }
  invites { id email expiresAt }
}`;
const ACCOUNTS = `query ($first: Int, $after: ID) { accounts(first: $first, after: $after) { ${ACCOUNT} } }`;
// While something is under way that ends soon.
const RELOAD_MS = 2_000;

const isUnsettled = (account) => account.state === 'REMOVING' || account.usage.rows === null;

export default function Operator() {
  const query = useQuery(SERVER);
  const list = usePages(ACCOUNTS, {}, ({ accounts }) => accounts);
  const reload = () => {
    query.reload();
    list.reload();
  };
  useShownAgain(reload);
  useEffect(() => {
    if (!list.rows?.some(isUnsettled)) return undefined;
    const timer = setTimeout(reload, RELOAD_MS);
    return () => clearTimeout(timer);
  }, [list.rows]);
  return html`
    <${Page} title="Operator" lead="Everything on this server: who uses it, how much, and what to do about it." wide>
      <${Loaded} query=${query} lines=${10}>${({ server, busiestConnectors, invites }) => html`
        ${server.isDiskLow && html`<${LowDisk} ...${server} />`}
        <${Section} title="Server"><${Server} ...${server} /></${Section}>
        <${Section} title="Busiest connectors"><${BusiestConnectors} connectors=${busiestConnectors} reload=${reload} /></${Section}>
        <${Section} title="Accounts"><${Accounts} list=${list} reload=${reload} /></${Section}>
        <${Section} title="Invite someone"><${Invites} invites=${invites} reload=${query.reload} /></${Section}>
      `}</${Loaded}>
    </${Page}>
  `;
}

const Server = ({ version, accounts, accountsMax, diskFree }) => html`
  <${Facts} facts=${[
    ['Version', version],
    ['Accounts', accountsMax === null ? count(accounts) : `${count(accounts)} of ${count(accountsMax)}`],
    ['Free disk space', diskFree === null ? null : bytes(diskFree)],
  ]} />
`;

const LowDisk = ({ diskFree, diskLowAt }) => html`
  <div class="above">
    <${Notice} kind="danger" title="The disk is almost full">
      ${bytes(diskFree)} are free where the database is; this notice appears below ${bytes(diskLowAt)} (<code>--disk-low</code>). On a full disk nothing can be written.
    </${Notice}>
  </div>
`;
