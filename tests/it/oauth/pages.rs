//! The pages of the flow against those who would use them: who guesses passwords, answers for others, or
//! looks for secrets in the log or the database (RFC 6749, sections 10.3, 10.4, 10.10 and 10.12).

use super::flow::{AUTHORIZE, Asked, Form, Landing, NOT_AT_ONCE, REDIRECT, REVOKE, Scene, TOKEN, Tokens, register};
use crate::harness::{EMAIL, PASSWORD, Server};
use crate::http::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::io::Write;
use std::net::TcpStream;
use std::thread;

const DECISION: &str = "/oauth2/auth/decision";

/// RFC 6749, section 10.10, and auth.md: the same protection as where developers sign in.
#[test]
fn guessing_a_password_on_the_page_is_slowed_down() {
    let scene = Scene::new();
    let asked = Asked::of(&scene.client);
    for _ in 0..5 {
        let page = scene.sign_in(&asked, "victim@example.com", "guess guess").expect(403);
        assert!(page.text().contains("The e-mail or the password is wrong"), "{}", page.text());
    }
    let refused = scene.sign_in(&asked, "victim@example.com", "guess guess").expect(429);
    let seconds: u32 = refused.header("Retry-After").expect("when").parse().expect("seconds");
    assert!((1..=61).contains(&seconds), "{seconds}");
    assert!(Form::of(&refused).values("ticket").is_empty());
    // It is one count for both doors, and for that e-mail alone.
    scene.server.send(&crate::users::login("victim@example.com", "guess guess")).expect(429);
    scene.question(&asked);
}

/// Such a name is refused now; databases of older servers have them.
#[test]
fn a_stored_name_that_is_read_backwards_changes_nothing_around_it() {
    let scene = Scene::new();
    let name = "Shop\u{202e}ytiruces\u{2066}";
    scene.server.sql().execute("UPDATE apps SET name = ?1", [name]).expect("names");
    let asked = Asked::of(&scene.client);
    for page in [scene.open(&asked), scene.sign_in(&asked, EMAIL, PASSWORD)] {
        let isolated = page.text().matches(&format!("<bdi>{name}</bdi>")).count();
        assert!(isolated > 0 && page.text().matches(name).count() == isolated, "{}", page.text());
    }
}

/// Headers of a form that another site's page sends, as browsers have them.
const FOREIGN: [&[(&str, &str)]; 6] = [
    &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")],
    &[("Sec-Fetch-Site", "cross-site")],
    &[("Sec-Fetch-Site", "same-site"), ("Origin", "http://127.0.0.1:3000")],
    &[("Origin", "https://evil.example")],
    &[("Origin", "null")],
    &[("Origin", "http://127.0.0.1")],
];

/// RFC 6749, section 10.12: the server must protect its endpoint against forged requests: no other site's
/// page signs anybody in here, and none answers for them.
#[test]
fn no_other_sites_form_signs_in_or_consents() {
    let scene = Scene::new();
    let asked = Asked::of(&scene.client);
    for headers in FOREIGN {
        let with =
            |request: Request| headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let page = Form::of(&scene.open(&asked));
        let refused = scene.server.send(&with(page.filled(&[("email", EMAIL), ("password", PASSWORD)]))).expect(403);
        assert!(!refused.text().contains("ticket"), "{}", refused.text());
        let question = scene.question(&asked);
        let allow = question.filled(&[("decision", "allow"), ("app", &scene.app)]);
        scene.server.send(&with(allow.clone())).expect(403);
        assert_eq!(scene.grants(), 0, "{headers:?}");
        // Refused, it is as good as before.
        Landing::of(
            &scene.server.send(&allow.header("Sec-Fetch-Site", "same-origin").header("Origin", scene.server.url())),
        );
        scene.server.sql().execute("DELETE FROM grants", []).expect("none");
    }
}

/// RFC 6749, section 10.12: an answer is bound to the page that was shown to whoever signed in.
#[test]
fn an_answer_needs_the_ticket_of_its_page() {
    let scene = Scene::new();
    let question = scene.question(&Asked::of(&scene.client));
    let ticket = question.values("ticket")[0].to_owned();
    assert_eq!(ticket.len(), 43, "256 bits in base64url");
    let answer = |ticket: &str| {
        let fields = [("ticket", ticket), ("decision", "allow"), ("app", scene.app.as_str())];
        scene.server.send(&Request::post(DECISION).form(&fields))
    };
    for wrong in ["", "nonsense", &ticket[1..]] {
        assert_eq!(answer(wrong).expect(404).header("Location"), None);
    }
    let without_word = [("ticket", ticket.as_str()), ("app", &scene.app)];
    scene.server.send(&Request::post(DECISION).form(&without_word)).expect(400);
    Landing::of(&answer(&ticket));
    assert_eq!(scene.grants(), 1);
}

/// A form is sent twice by a double click, and again after a cut connection: for some seconds it leads to the same place,
/// with the same code, and there is one grant.
#[test]
fn an_answer_that_is_repeated_leads_to_the_same_place_with_one_code() {
    let scene = Scene::new();
    let question = scene.question(&Asked::of(&scene.client));
    let allow = question.filled(&[("decision", "allow"), ("app", &scene.app)]);
    let places: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| Landing::of(&scene.server.send(&allow)).0)).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
    assert_eq!(scene.grants(), 1);
    let tokens = Tokens::of(&scene.client.redeem(&Landing(places[0].clone()).get("code").expect("a code")));
    // Also when the client was faster than the repeat.
    assert_eq!(Landing::of(&scene.server.send(&allow)).0, places[0]);
    assert!(scene.reads(&tokens.access));

    let question = scene.question(&Asked::of(&scene.client));
    let deny = question.filled(&[("decision", "deny")]);
    let [first, second] = [(); 2].map(|()| Landing::of(&scene.server.send(&deny)));
    first.assert_error("access_denied");
    assert_eq!(first.0, second.0);
    assert_eq!(scene.grants(), 1);
}

/// The connection is cut while the answer is being written, as often as it takes; then the person reloads.
#[test]
fn an_answer_whose_connection_was_cut_is_given_once() {
    let scene = Scene::new();
    let question = scene.question(&Asked::of(&scene.client));
    let allow = question.filled(&[("decision", "allow"), ("app", &scene.app)]);
    for _ in 0..20 {
        let mut connection = TcpStream::connect(scene.server.authority()).expect("a connection");
        connection.write_all(&allow.bytes(&scene.server.authority())).expect("it is sent");
    }
    let code = Landing::of(&scene.server.send(&allow)).get("code").expect("a code");
    scene.client.redeem(&code).expect(200);
    assert_eq!(scene.grants(), 1);
}

/// The first answer counts. Whoever gives another one learns what it was, and nothing of its code.
#[test]
fn another_answer_to_the_same_question_is_told_the_first_one() {
    let scene = Scene::new();
    let second_app = register(&scene.developer, &[], true).id;
    let question = scene.question(&Asked::of(&scene.client));
    let allow = |app: &str| question.filled(&[("decision", "allow"), ("app", app)]);
    let ticket = question.values("ticket")[0];
    let deny = Request::post(DECISION).form(&[("ticket", ticket), ("decision", "deny")]);
    Landing::of(&scene.server.send(&allow(&scene.app)));
    for other in [&deny, &allow(&second_app)] {
        let page = scene.server.send(other).expect(409);
        assert!(page.text().contains("You have allowed the access"), "{}", page.text());
        assert!(page.header("Location").is_none() && !page.text().contains("code="), "{page:?}");
    }
    assert_eq!(scene.grants(), 1);
    let question = scene.question(&Asked::of(&scene.client));
    let ticket = question.values("ticket")[0];
    Landing::of(&scene.server.send(&Request::post(DECISION).form(&[("ticket", ticket), ("decision", "deny")])));
    let page = scene.server.send(&question.filled(&[("decision", "allow"), ("app", &scene.app)])).expect(409);
    assert!(page.text().contains("You have not allowed the access"), "{}", page.text());
    assert_eq!(scene.grants(), 1);
}

/// An answer that could not be carried out is none: the person chooses again on the page that they have.
#[test]
fn an_answer_that_failed_does_not_count() {
    let scene = Scene::new();
    let question = scene.question(&Asked::of(&scene.client));
    let allow = question.filled(&[("decision", "allow"), ("app", &scene.app)]);
    let owner = |owner: &str| {
        let change = format!("UPDATE apps SET owner = ({owner}) WHERE id = unhex(replace(?1, '-', ''))");
        scene.server.sql().execute(&change, [&scene.app]).expect("changed");
    };
    owner("SELECT id FROM accounts WHERE email = 'stranger@example.com'");
    scene.server.send(&allow).expect(409);
    owner(&format!("SELECT id FROM accounts WHERE email = '{EMAIL}'"));
    scene.client.redeem(&Landing::of(&scene.server.send(&allow)).get("code").expect("a code")).expect(200);
    assert_eq!(scene.grants(), 1);
}

/// The developer picks one of their own apps (auth.md); somebody else's is none of them.
#[test]
fn nobody_consents_for_an_app_that_is_not_theirs() {
    let scene = Scene::new();
    let strangers = register(&scene.stranger, &[], true);
    for app in [strangers.id.as_str(), &scene.client.id, "01890000-0000-7000-8000-000000000000"] {
        let question = scene.question(&Asked::of(&scene.client));
        assert!(!question.values("app").contains(&app));
        let answer = scene.server.send(&question.filled(&[("decision", "allow"), ("app", app)])).expect(409);
        assert_eq!(answer.header("Location"), None);
    }
    let question = scene.question(&Asked::of(&scene.client));
    scene.server.send(&question.filled(&[("decision", "allow"), ("app", "nonsense")])).expect(400);
    assert_eq!(scene.grants(), 0);
}

/// Who has no app can say no, and nothing else.
#[test]
fn who_has_no_app_is_told_to_make_one() {
    let scene = Scene::on(Server::with(&["--open-signup"]));
    let body = serde_json::json!({ "email": "new@example.com", "password": "nothing yet made" });
    scene.server.send(&Request::post("/api/v1/auth/register").json(&body)).expect(201);
    let page = scene.sign_in(&Asked::of(&scene.client), "new@example.com", "nothing yet made").expect(200);
    let form = Form::of(&page);
    assert_eq!((form.values("app"), form.values("decision")), (vec![], vec!["deny"]));
    Landing::of(&scene.server.send(&form.filled(&[("decision", "deny")]))).assert_error("access_denied");
}

/// The part of a token that nobody can make.
fn signature(token: &str) -> &str {
    token.rsplit('.').next().expect("a signature")
}

/// Goes through the flow, and tells all of it that is secret. The last grant and the last code stand.
fn secrets(scene: &Scene) -> Vec<(&'static str, String)> {
    let asked = Asked::of(&scene.client).with("state", "my-secret-state");
    let question = scene.question(&asked);
    let ticket = question.values("ticket")[0].to_owned();
    let landing = Landing::of(&scene.server.send(&question.filled(&[("decision", "allow"), ("app", &scene.app)])));
    let code = landing.get("code").expect("a code");
    let first = Tokens::of(&scene.client.redeem(&code));
    let second = Tokens::of(&scene.client.refresh(first.refresh()));
    scene.client.introspect(&second.access);
    scene.client.revoke(&second.access).expect(200);
    let own = Tokens::of(&scene.client.send(TOKEN, &[("grant_type", "client_credentials")]));
    let secret = scene.client.secret.clone().expect("a secret");
    let signature = |token: &str| signature(token).to_owned();
    vec![
        ("password", PASSWORD.to_owned()),
        ("basic", super::flow::basic(&scene.client.id, &secret)),
        ("client secret", secret),
        ("ticket", ticket),
        ("state", "my-secret-state".to_owned()),
        ("code", code),
        ("code that nobody has redeemed", scene.code(&asked)),
        ("access token", signature(&first.access)),
        ("refresh token", signature(first.refresh())),
        ("new access token", signature(&second.access)),
        ("new refresh token", signature(second.refresh())),
        ("token of the client's own", signature(&own.access)),
        ("developer token", signature(&scene.developer.token)),
    ]
}

/// No token and no code in a log (issue 5). RFC 6749, sections 10.3 and 10.4: tokens must be kept confidential;
/// RFC 9700, section 4.9.3: whoever takes them must not store them in plain text; RFC 6749, section 2.3.1, and
/// RFC 6750, section 5.3: what stands in a URL ends up in logs.
#[test]
fn nothing_secret_is_in_the_log() {
    let scene = Scene::on(Server::with(&["--log", "trace"]));
    let secrets = secrets(&scene);
    let (_, code) = secrets.iter().find(|(what, _)| *what == "code").expect("a code");
    // Errors too, where one is most likely to say too much.
    scene.client.redeem(code).expect(400);
    let tokens = scene.tokens(&scene.client);
    scene.client.refresh(&tokens.refresh()[1..]).expect(400);
    scene.client.refresh(tokens.refresh()).expect(200);
    scene.client.refresh(tokens.refresh()).expect(200);
    scene.seconds_pass(NOT_AT_ONCE);
    scene.client.refresh(tokens.refresh()).expect(400);
    scene.server.send(&Request::get(&format!("{TOKEN}?client_secret=my-secret-query"))).expect(405);
    scene.server.send(&Request::get(&format!("/api/v1/query?access_token={}", tokens.access))).expect(400);
    let output = scene.server.output();
    assert!(output.contains(AUTHORIZE) && output.contains(REVOKE), "the log is on:\n{output}");
    let of_errors = [
        ("query", "my-secret-query"),
        ("used refresh token", signature(tokens.refresh())),
        ("token in a URL", signature(&tokens.access)),
    ];
    for (what, text) in secrets.iter().map(|(what, text)| (*what, text.as_str())).chain(of_errors) {
        assert!(!output.contains(text), "the {what} is in the log");
    }
}

/// RFC 6749, sections 10.3 and 10.4: tokens must be confidential where they are stored too; RFC 9700, section
/// 4.9.3: not in plain text. Nor are codes (RFC 6749, section 10.5), tickets and clients' secrets there: whoever
/// reads the file cannot use what it gave.
#[test]
fn nothing_that_was_given_out_is_in_the_database() {
    let scene = Scene::new();
    let secrets = secrets(&scene);
    // The newest is in the log of the database, and goes from there to the file.
    let files = ["-wal", ""].map(|end| format!("{}{end}", scene.server.database().display()));
    let stored = files.map(|file| std::fs::read(file).expect("a file of the database")).concat();
    let has = |bytes: &[u8]| stored.windows(bytes.len()).any(|window| window == bytes);
    let id = uuid::Uuid::parse_str(&scene.client.id).expect("an ID");
    assert!(has(id.as_bytes()) && has(REDIRECT.as_bytes()), "what is there is not found");
    for (what, text) in secrets {
        let raw = URL_SAFE_NO_PAD.decode(&text).unwrap_or_else(|_| text.clone().into_bytes());
        assert!(!has(text.as_bytes()) && !has(&raw), "the {what} is in the database");
    }
}
