"""OAuth 2.0 as Python programs do it, with the unmodified libraries requests-oauthlib and authlib.

For an app with a secret and one without: client credentials, the authorization code flow with PKCE, refresh,
introspection, revocation, and reading things with what they got. requests plays the person at the browser. Used by
the Rust tests. The arguments are the server's URL, the developer's e-mail and password, the app to act for, ID and
secret of the one client, and the ID of the other.
"""

import os
import re
import sys
from html import unescape
from urllib.parse import urljoin

# The libraries refuse plain http otherwise. The test's server is on loopback.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session as Authlib
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError, InvalidScopeError, WebApplicationClient
from requests_oauthlib import OAuth2Session as RequestsOauthlib

BASE, EMAIL, PASSWORD, APP, CLIENT_ID, SECRET, PUBLIC_ID = sys.argv[1:]
REDIRECT = "https://client.example/callback"
# The order in which the platform documents them.
SCOPES = ["connctd.units.read", "connctd.things.read", "connctd.connector", "offline"]
OWN_SCOPES = ["connctd.connector", "connctd.units.admin", "connctd.things.read"]

metadata = requests.get(f"{BASE}/.well-known/oauth-authorization-server").json()
AuthorizationServerMetadata(metadata)
AUTHORIZE, TOKEN = metadata["authorization_endpoint"], metadata["token_endpoint"]
INTROSPECT, REVOKE = metadata["introspection_endpoint"], metadata["revocation_endpoint"]


def submit(page, **fields):
    """Fills in the form of a page and sends it, as a browser does."""
    assert page.status_code == 200, page.text
    form = re.search(r"<form.*?</form>", page.text, re.S).group()
    action = unescape(re.search(r'action="([^"]*)"', form).group(1))
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return requests.post(
        urljoin(BASE, action),
        data={**dict(hidden), **fields},
        headers={"Origin": BASE, "Sec-Fetch-Site": "same-origin"},
        allow_redirects=False,
    )


def consent(url):
    """A person who follows a link, signs in and allows what is asked: where they are led."""
    question = submit(requests.get(url, allow_redirects=False), email=EMAIL, password=PASSWORD)
    answer = submit(question, decision="allow", app=APP)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def things(session):
    return session.post(f"{BASE}/api/v1/query", json={"query": "{ things { id } }"})


def assert_good(session):
    response = things(session)
    assert (response.status_code, response.json()) == (200, {"data": {"things": []}}), response.text


def assert_refused(error, act):
    try:
        act()
    except error:
        return
    raise AssertionError(f"no {error.__name__}")


def with_requests_oauthlib_for_the_app_itself():
    # Basic with the ID in the body too, Basic alone, and the body alone.
    for arguments in [
        {"auth": requests.auth.HTTPBasicAuth(CLIENT_ID, SECRET)},
        {"client_id": CLIENT_ID, "client_secret": SECRET},
        {"client_id": CLIENT_ID, "client_secret": SECRET, "include_client_id": True},
    ]:
        session = RequestsOauthlib(client=BackendApplicationClient(CLIENT_ID, scope=OWN_SCOPES))
        # It raises a warning if the response has another scope than the one asked for.
        token = session.fetch_token(TOKEN, **arguments)
        assert token["scope"] == OWN_SCOPES and "refresh_token" not in token, token
        assert_good(session)
    unknown = RequestsOauthlib(client=BackendApplicationClient(CLIENT_ID, scope=["connctd.core"]))
    assert_refused(InvalidScopeError, lambda: unknown.fetch_token(TOKEN, client_id=CLIENT_ID, client_secret=SECRET))


def with_requests_oauthlib(client_id, secret):
    verifier = generate_token(48)
    session = RequestsOauthlib(client_id, redirect_uri=REDIRECT, scope=SCOPES)
    url, _ = session.authorization_url(
        AUTHORIZE, code_challenge=create_s256_code_challenge(verifier), code_challenge_method="S256"
    )
    landed = consent(url)
    arguments = {"client_secret": secret} if secret else {"include_client_id": True}
    token = session.fetch_token(TOKEN, authorization_response=landed, code_verifier=verifier, **arguments)
    assert token["scope"] == SCOPES, token
    assert_good(session)
    first = token["refresh_token"]
    auth = requests.auth.HTTPBasicAuth(client_id, secret) if secret else None
    refreshing = {"auth": auth} if secret else {"client_id": client_id}
    # The library repeats the scope, offline included.
    second = session.refresh_token(TOKEN, refresh_token=first, **refreshing)
    assert second["scope"] == SCOPES and second["refresh_token"] != first, second
    # As after a timeout: the same again.
    repeat = session.refresh_token(TOKEN, refresh_token=first, **refreshing)
    assert repeat["refresh_token"] == second["refresh_token"], repeat
    assert_good(session)
    # By itself, once the token is too old.
    session.token = {**repeat, "expires_in": -1, "expires_at": 1}
    session.auto_refresh_url = TOKEN
    session.auto_refresh_kwargs = {"client_id": client_id, **({"client_secret": secret} if secret else {})}
    session.token_updater = lambda fresh: saved.append(fresh)
    saved = []
    assert_good(session)
    assert len(saved) == 1 and saved[0]["refresh_token"] != second["refresh_token"], saved
    newest = saved[0]
    form = {} if secret else {"client_id": client_id}
    if secret:
        told = requests.post(INTROSPECT, data={"token": newest["access_token"]}, auth=auth).json()
        assert (told["active"], told["client_id"], told["sub"]) == (True, client_id, APP), told
    url, headers, body = WebApplicationClient(client_id).prepare_token_revocation_request(
        REVOKE, newest["refresh_token"], "refresh_token", **form
    )
    assert requests.post(url, headers=headers, data=body, auth=auth).status_code == 200
    session.auto_refresh_url, session.auto_refresh_kwargs = None, {}
    assert things(session).status_code == 401
    gone = newest["refresh_token"]
    assert_refused(InvalidGrantError, lambda: session.refresh_token(TOKEN, refresh_token=gone, **refreshing))


def with_authlib_for_the_app_itself():
    for method in ["client_secret_basic", "client_secret_post"]:
        session = Authlib(CLIENT_ID, SECRET, scope=" ".join(OWN_SCOPES), token_endpoint_auth_method=method)
        token = session.fetch_token(TOKEN, grant_type="client_credentials")
        assert token["scope"] == " ".join(OWN_SCOPES), token
        assert_good(session)


def with_authlib(client_id, secret):
    session = Authlib(
        client_id,
        secret,
        scope=" ".join(SCOPES),
        redirect_uri=REDIRECT,
        code_challenge_method="S256",
        prompt="consent",
        nonce="n-0S6_WzA2Mj",
        response_mode="query",
    )
    verifier = generate_token(48)
    url, state = session.create_authorization_url(AUTHORIZE, code_verifier=verifier)
    landed = consent(url)
    token = session.fetch_token(TOKEN, authorization_response=landed, state=state, code_verifier=verifier)
    assert token["scope"] == " ".join(SCOPES), token
    assert_good(session)
    refreshed = session.refresh_token(TOKEN)
    assert refreshed["refresh_token"] != token["refresh_token"], refreshed
    assert_good(session)
    if secret:
        told = session.introspect_token(INTROSPECT, token=refreshed["access_token"], token_type_hint="access_token").json()
        assert (told["active"], told["scope"]) == (True, " ".join(SCOPES[:-1])), told
    revoked = session.revoke_token(REVOKE, token=refreshed["refresh_token"], token_type_hint="refresh_token")
    assert revoked.status_code == 200, revoked.text
    assert things(session).status_code == 401
    assert_refused(OAuthError, lambda: session.refresh_token(TOKEN, refresh_token=refreshed["refresh_token"]))


with_requests_oauthlib_for_the_app_itself()
with_authlib_for_the_app_itself()
for client_id, secret in [(CLIENT_ID, SECRET), (PUBLIC_ID, None)]:
    with_requests_oauthlib(client_id, secret)
    with_authlib(client_id, secret)
print("oauth: ok")
