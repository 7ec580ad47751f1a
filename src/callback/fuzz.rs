//! What fuzzers feed to this room: connectors' answers, as bytes on the wire too, and the URLs that strangers
//! name.
//!
//! Used by `fuzz`, in tests and fuzzers alone.

use crate::callback::advice::Asked;
use crate::callback::client::{End, Received};
use crate::callback::framing::{Framing, HEADER_BYTES_MAX};
use crate::callback::guard::Policy;
use crate::callback::interpret::interpret;
use crate::callback::message::target;
use crate::callback::problem::Code;
use crate::model::callback::{CallbackKind, Header, Message, Outcome};
use crate::model::id::InstanceId;
use crate::model::url::{CallbackUrlPolicy, callback_url_problem};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

const KINDS: [CallbackKind; 5] = [
    CallbackKind::Installation,
    CallbackKind::Instance,
    CallbackKind::InstallationRemoval,
    CallbackKind::InstanceRemoval,
    CallbackKind::Action,
];

const ASKED: Asked<'_> = Asked { scheme: "http", authority: "h:8080", signed_scheme: "https" };

/// An answer: a kind, a status and a body. Whatever it is, it means something, and what is to be kept
/// of it is what the domain says.
pub fn answer(data: &[u8]) {
    let [kind, high, low, body @ ..] = data else { return };
    let kind = KINDS[usize::from(*kind) % KINDS.len()];
    let received = Received {
        status: u16::from_be_bytes([*high, *low]),
        headers: vec![Header { name: "content-type".to_owned(), value: "text/plain".to_owned() }],
        body: body.to_vec(),
        end: if high % 2 == 0 { End::Whole } else { End::TooLarge },
    };
    let shown = String::from_utf8_lossy(body).into_owned();
    let verdict = interpret(kind, ASKED, Ok((&received, &shown)), Duration::from_millis(1));
    if let Outcome::Standing(standing) = &verdict.outcome
        && let Some(details) = &standing.details
    {
        let read: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(details.as_str());
        assert!(read.is_ok(), "details that are no object: {details:?}");
    }
}

/// A response on the wire, after a byte that says how it comes. In pieces or at once, it is the same.
pub fn response(data: &[u8]) {
    let [how, raw @ ..] = data else { return };
    let (follows, piece) = (how % 2 == 1, usize::from(how / 2) + 1);
    assert_eq!(framed(follows, raw, piece), framed(follows, raw, raw.len().max(1)));
}

/// Status, whether all of it came and in step, and how many bytes were taken for it; or what is wrong.
fn framed(follows: bool, raw: &[u8], piece: usize) -> Result<(Option<u16>, bool, bool, usize), Code> {
    let (mut framing, mut waiting, mut taken_in_all) = (Framing::new(follows), Vec::new(), 0);
    let mut buffer = vec![0; 2 * HEADER_BYTES_MAX];
    for part in raw.chunks(piece) {
        waiting.extend_from_slice(part);
        loop {
            let (taken, written) = framing.step(&waiting, &mut buffer).map_err(|problem| problem.code)?;
            waiting.drain(..taken);
            taken_in_all += taken;
            if taken == 0 && written == 0 {
                break;
            }
        }
    }
    Ok((framing.status(), framing.is_ended(), framing.is_in_step(), taken_in_all))
}

/// A callback URL. One that may be published can be called, and leads where it is judged to lead.
pub fn url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if callback_url_problem(text, &CallbackUrlPolicy::default()).is_some() {
        return;
    }
    let id = InstanceId::MIN;
    let target = target(&Message::InstanceRemoval { id }, text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    // No receiver spells it otherwise, so that the signature can be verified.
    let spelled = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?[]%".contains(c);
    assert!(target.path_and_query.chars().all(spelled), "{target:?}");
    for (at, _) in target.path_and_query.match_indices('%') {
        let digits = target.path_and_query.as_bytes().get(at + 1..at + 3);
        assert!(digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)), "{target:?}");
    }
    assert!(target.path_and_query.starts_with('/') && target.path_and_query.contains(&id.to_string()), "{target:?}");
    let uri: ureq::http::Uri = target.to_string().parse().unwrap_or_else(|error| panic!("{target:?}: {error}"));
    // What is judged is what the client connects to.
    assert_eq!(uri.authority().map(|authority| authority.as_str()), Some(target.authority.as_str()));
    let host = uri.host().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        // Whatever the judgement, there is one.
        let _ = Policy::default().check(SocketAddr::new(address, uri.port_u16().unwrap_or(443)), true);
    }
}
