// Programs that ask a developer for access (authorization code flow with PKCE), with the app's own values in them: pure
// functions of { server, clientId, redirectUri }.

import { quoted } from '../core/curl.js';

const SCOPE = 'connctd.things.read offline';
const OTHER_SCOPES = 'connctd.connector connctd.things.action connctd.subjects.read connctd.units.read connctd.units.admin';

// For an app without a secret: a module of its page.
export const inBrowser = ({ server, clientId, redirectUri }) => `const SERVER = ${JSON.stringify(server)};
const CLIENT_ID = ${JSON.stringify(clientId)};
const REDIRECT_URI = ${JSON.stringify(redirectUri)};
// There are also: ${OTHER_SCOPES}
const SCOPE = ${JSON.stringify(SCOPE)};
const ASKED = 'connhub.asked';

const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

// Leads the developer to sign-in and consent.
export async function askForAccess() {
  const asked = { state: random(), verifier: random() };
  sessionStorage.setItem(ASKED, JSON.stringify(asked));
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(asked.verifier));
  location.assign(SERVER + '/oauth2/auth?' + new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    state: asked.state,
    code_challenge: base64url(new Uint8Array(hash)),
    code_challenge_method: 'S256',
  }));
}

// In the page at the redirect URI: { access_token, expires_in, refresh_token, scope }, or null where nobody comes back.
export async function accessGiven() {
  const answer = new URLSearchParams(location.search);
  const asked = JSON.parse(sessionStorage.getItem(ASKED));
  if (!asked || !answer.has('state')) return null;
  sessionStorage.removeItem(ASKED);
  if (answer.get('state') !== asked.state || answer.get('iss') !== SERVER) throw new Error('nobody asked for this answer');
  if (answer.has('error')) throw new Error(answer.get('error_description'));
  const response = await fetch(SERVER + '/oauth2/token', {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: CLIENT_ID,
      redirect_uri: REDIRECT_URI,
      code: answer.get('code'),
      code_verifier: asked.verifier,
    }),
  });
  const token = await response.json();
  if (!response.ok) throw new Error(token.error_description);
  return token;
}
`;

// For an app with a secret: the two steps by hand.
export const withCurl = ({ server, clientId, redirectUri }) => {
  const request = new URLSearchParams({ response_type: 'code', client_id: clientId, redirect_uri: redirectUri, scope: SCOPE });
  return `# Needs the app's secret: export CLIENT_SECRET=…
# There are also: ${OTHER_SCOPES}
VERIFIER=$(openssl rand -hex 32)
CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d '=')
echo "Open this in a browser, sign in and allow it:"
echo "${server}/oauth2/auth?${request}&state=$(openssl rand -hex 16)&code_challenge=$CHALLENGE&code_challenge_method=S256"
echo "What stands after code= in the address that you are led back to, within a minute:"
read -r CODE
curl ${server}/oauth2/token -u "${clientId}:$CLIENT_SECRET" -d grant_type=authorization_code \\
  --data-urlencode ${quoted(`redirect_uri=${redirectUri}`)} -d "code=$CODE" -d "code_verifier=$VERIFIER"
`;
};
