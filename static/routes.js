// The route table: every page, its address and the module that draws it. All but the first are loaded when they
// are needed.

import { match } from './core/router.js';

// `open`: also for those who are not signed in.
const ROUTES = [
  { at: '/signin', open: true, page: () => import('./pages/sign-in.js') },
  { at: '/signup', open: true, page: () => import('./pages/sign-up.js') },
  { at: '/invite', open: true, page: () => import('./pages/invite.js') },
  { at: '/', page: () => import('./pages/overview.js') },
  { at: '/apps', page: () => import('./pages/apps.js') },
  { at: '/apps/:app', page: () => import('./pages/app.js') },
  { at: '/apps/:app/installed', page: () => import('./pages/installed.js') },
  { at: '/apps/:app/installed/:installation', page: () => import('./pages/installation.js') },
  { at: '/apps/:app/installed/:installation/instantiate', page: () => import('./pages/instantiate.js') },
  { at: '/apps/:app/instances', page: () => import('./pages/instances.js') },
  { at: '/apps/:app/instances/:instance', page: () => import('./pages/instance.js') },
  { at: '/apps/:app/things', page: () => import('./pages/things.js') },
  { at: '/apps/:app/things/:thing', page: () => import('./pages/thing.js') },
  { at: '/store', page: () => import('./pages/store.js') },
  { at: '/store/:connector', page: () => import('./pages/connector.js') },
  { at: '/store/:connector/install', page: () => import('./pages/install.js') },
  { at: '/connectors', page: () => import('./pages/my-connectors.js') },
  { at: '/connectors/new', page: () => import('./pages/publish.js') },
  { at: '/connectors/:connector', page: () => import('./pages/my-connector.js') },
  { at: '/connectors/:connector/edit', page: () => import('./pages/edit-connector.js') },
  { at: '/callbacks', page: () => import('./pages/callbacks.js') },
  { at: '/callbacks/:callback', page: () => import('./pages/callback.js') },
  { at: '/account', page: () => import('./pages/account.js') },
  { at: '/operator', page: () => import('./pages/operator.js') },
  { at: '/explorer', page: () => import('./pages/explorer.js') },
];

const NOWHERE = () => import('./pages/nowhere.js');

// { page, params, open }
export function find(pathname) {
  for (const { at, page, open = false } of ROUTES) {
    const params = match(at, pathname);
    if (params) return { page, params, open };
  }
  return { page: NOWHERE, params: {}, open: true };
}
