//! The flows by client libraries that are not ours.

use super::flow::Scene;
use crate::harness::{EMAIL, PASSWORD, node, python};

/// What the programs are told: where the server is, who consents for which app, and who the clients are.
fn arguments(scene: &Scene) -> [String; 7] {
    let secret = scene.client.secret.clone().expect("a secret");
    let [email, password] = [EMAIL, PASSWORD].map(str::to_owned);
    let (id, public) = (scene.client.id.clone(), scene.public.id.clone());
    [scene.server.url(), email, password, scene.app.clone(), id, secret, public]
}

/// openid-client, from npm: see tests/node/oauth.mjs.
#[test]
fn an_ordinary_client_library_goes_through_all_of_it() {
    let scene = Scene::new();
    assert_eq!(node("oauth.mjs", &arguments(&scene).each_ref().map(String::as_str)), "oauth: ok\n");
}

/// requests-oauthlib and authlib, from PyPI: see tests/python/oauth.py.
#[test]
fn the_ordinary_libraries_of_python_go_through_all_of_it() {
    let scene = Scene::new();
    assert_eq!(python("oauth.py", &arguments(&scene)), "oauth: ok\n");
}
