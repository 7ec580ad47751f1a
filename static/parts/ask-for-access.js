// How an app asks other developers for access to theirs: what it has to know, and a program that does it.

import { readIssuer } from '../api/metadata.js';
import { html, useEffect, useState } from '../core/html.js';
import { CodeBlock, Identifier } from '../components/copy.js';
import { Notice } from '../components/notice.js';
import { Facts } from '../components/page.js';
import { inBrowser, withCurl } from './sign-in-snippets.js';

const AUTHORIZATION = { path: '/oauth2/auth', what: 'authorization endpoint' };
const TOKEN = { path: '/oauth2/token', what: 'token endpoint' };
const METADATA = { path: '/.well-known/oauth-authorization-server', what: 'metadata' };

// With --public-url the issuer may differ from the URL at which this page was opened.
function useIssuer() {
  const [issuer, setIssuer] = useState(location.origin);
  useEffect(() => {
    const aborting = new AbortController();
    readIssuer(aborting.signal)
      .then((issuer) => setIssuer(issuer ?? location.origin))
      .catch(() => {}); // The page's own origin is the best guess then.
    return () => aborting.abort();
  }, []);
  return issuer;
}

export function AskForAccess({ app: { id, hasSecret, redirectUris } }) {
  const [redirectUri] = redirectUris;
  const server = useIssuer();
  const given = { server, clientId: id, redirectUri };
  const endpoint = ({ path, what }) => html`<${Identifier} value=${server + path} what=${what} />`;
  return html`
    <div class="stack">
      <p>
        ${hasSecret ? 'Beside its own token, this app can get one for an app of another developer' : 'This app gets a token for an app of a developer'}:
        it leads them to the authorization endpoint, they sign in, choose one of their apps and consent, and are led back
        with a code, which it exchanges for a token (OAuth 2.0, authorization code flow with PKCE). They can end that access
        on their account’s page.
      </p>
      ${server !== location.origin &&
      html`<${Notice}>You opened this page at ${location.origin}, but the server’s public URL is ${server}. Apps and developers use that one, so it must be reachable for them.</${Notice}>`}
      <${Facts} facts=${[['Authorization endpoint', endpoint(AUTHORIZATION)], ['Token endpoint', endpoint(TOKEN)], ['Metadata, for OAuth libraries', endpoint(METADATA)]]} />
      ${redirectUri
        ? html`<${CodeBlock} ...${hasSecret ? { label: 'access.sh', code: withCurl(given) } : { label: 'access.js', code: inBrowser(given) }} />`
        : html`<${Notice}>It has no redirect URI yet. Add one to the settings below; then a ready program stands here.</${Notice}>`}
    </div>
  `;
}
