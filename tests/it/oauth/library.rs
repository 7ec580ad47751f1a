//! The flows by client libraries that are not ours.

use super::flow::Scene;
use crate::harness::{EMAIL, PASSWORD, node};

/// openid-client, from npm: see tests/node/oauth.mjs.
#[test]
fn an_ordinary_client_library_goes_through_all_of_it() {
    let scene = Scene::new();
    let secret = scene.client.secret.as_deref().expect("a secret");
    let arguments = [&scene.server.url(), EMAIL, PASSWORD, &scene.app, &scene.client.id, secret, &scene.public.id];
    assert_eq!(node("oauth.mjs", &arguments), "oauth: ok\n");
}
