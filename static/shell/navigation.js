// The sidebar: where one can go, which app is worked on, who is signed in.

import { classes, html, useEffect } from '../core/html.js';
import { navigate, path, usePlace } from '../core/router.js';
import { useStore } from '../core/store.js';
import { useQuery } from '../api/hooks.js';
import { chooseApp, chosenApp, end, session } from '../api/session.js';
import { Button } from '../components/button.js';
import { Select } from '../components/field.js';
import { Icon } from '../components/icon.js';
import { appsChanged } from './apps-changed.js';

const APPS = '{ apps { id name } profile { role } }';

export function Navigation({ params }) {
  const changes = useStore(appsChanged);
  const { data, reload } = useQuery(APPS);
  useEffect(() => {
    if (changes > 0) reload();
  }, [changes]);
  const apps = data?.apps ?? [];
  const chosen = useStore(chosenApp);
  useEffect(() => {
    if (!data) return;
    // The address decides; else what was chosen before, else the first app.
    const known = (id) => apps.some((app) => app.id === id);
    if (known(params.app)) chooseApp(params.app);
    else if (!known(chosen)) chooseApp(apps[0]?.id ?? null);
    // Not for each choice: the choice of an app that was just made comes before the list that has it.
  }, [data, params.app]);
  const app = params.app ?? chosen;
  const within = (place) => (app ? path`/apps/${app}/` + place : '/apps');
  return html`
    <a class="brand" href="/"><img src="/favicon.svg" alt="" width="28" height="28" />connhub</a>
    <nav aria-label="Pages">
      <ul><${Item} href="/" icon="overview" exact>Overview</${Item}></ul>
      <h2>App</h2>
      <${AppChoice} apps=${apps} chosen=${app} />
      <ul>
        <${Item} href="/store" icon="store">Store</${Item}>
        <${Item} href=${within('installed')} icon="installed" off=${!app}>Installed</${Item}>
        <${Item} href=${within('instances')} icon="instances" off=${!app}>Instances</${Item}>
        <${Item} href=${within('things')} icon="things" off=${!app}>Things</${Item}>
        <${Item} href="/apps" icon="apps" only=${/^\/apps(\/[^/]+)?$/}>All apps</${Item}>
      </ul>
      <h2>Develop</h2>
      <ul>
        <${Item} href="/connectors" icon="connectors">My connectors</${Item}>
        <${Item} href="/callbacks" icon="callbacks">Callbacks</${Item}>
        <${Item} href="/explorer" icon="explorer">Explorer</${Item}>
      </ul>
      ${data?.profile.role === 'OPERATOR' && html`
        <h2>Server</h2>
        <ul><${Item} href="/operator" icon="operator">Operator</${Item}></ul>
      `}
    </nav>
    <${SignedIn} />
  `;
}

function Item({ href, icon, exact = false, only, off = false, children }) {
  const { path: here } = usePlace();
  const current = !off && (only ? only.test(here) : here === href || (!exact && here.startsWith(`${href}/`)));
  return html`
    <li><a href=${href} class=${classes('nav-item', current && 'current')} aria-current=${current ? 'page' : undefined}><${Icon} name=${icon} />${children}</a></li>
  `;
}

function AppChoice({ apps, chosen }) {
  const { path: here } = usePlace();
  if (apps.length === 0) return null;
  const choose = (id) => {
    chooseApp(id);
    // Pages of one app's things lead to the same list of the other's.
    const [, , app, list] = here.split('/');
    if (here.startsWith('/apps/') && app !== id) navigate(path`/apps/${id}` + (list ? `/${list}` : ''));
  };
  return html`<${Select} label="Working on" class="app-choice" value=${chosen} options=${apps.map(({ id, name }) => [id, name])} onInput=${choose} />`;
}

function SignedIn() {
  const signedIn = useStore(session);
  const leave = () => {
    end();
    navigate('/signin');
  };
  return html`
    <div class="signed-in">
      <span class="who" title=${signedIn?.email}>${signedIn?.email}</span>
      <ul><${Item} href="/account" icon="account">Account</${Item}></ul>
      <${Button} kind="plain" small icon="signout" onClick=${leave}>Sign out</${Button}>
    </div>
  `;
}
