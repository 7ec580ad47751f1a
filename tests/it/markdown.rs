//! Markdown of connectors that is made to cost more than it says: in time, memory and length.

use crate::connector::Kind;
use crate::users::{World, id_of};
use serde_json::json;
use std::time::{Duration, Instant};

/// The most memory that the server has used so far, in KiB.
fn peak_kib(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.server.process_id())).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the most memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Texts of 60 KiB, less than a response may have, with what is found in each.
fn attacks() -> Vec<(&'static str, String)> {
    let half = |one: &str, other: &str| one.repeat(30_000 / one.len()) + &other.repeat(30_000 / other.len());
    vec![
        // The one that was found: 26 KB became 48 MB.
        ("formatting elements, then paragraphs", half("<b><i><font color=red>", "\n\nx")),
        ("links, then list items", half("<a href=https://h/>", "\n\n- x")),
        (
            "cells that are not there",
            format!("{}\n{}\n{}", "|a".repeat(4_000), "|-".repeat(4_000), "|\n".repeat(15_000)),
        ),
        ("quotes in quotes", "> ".repeat(30_000)),
        ("emphasis in emphasis", "*_".repeat(30_000)),
        ("references", format!("[a]: https://h/{}\n\n{}", "x".repeat(29_000), "[a] ".repeat(7_000))),
        ("characters that are written as more", "\"&<\u{a0}".repeat(10_000)),
    ]
}

#[test]
fn markdown_that_a_connector_made_to_cost_much_costs_little_when_it_is_stored_and_when_it_is_shown() {
    for (what, mut markdown) in attacks() {
        while json!(markdown).to_string().len() > 64_000 {
            markdown.truncate(markdown.floor_char_boundary(markdown.len() * 9 / 10));
        }
        let world = World::new();
        let before = peak_kib(&world);
        let step = json!({ "furtherStep": { "type": 2, "content": markdown } });
        world.connector.answers(Kind::Installation, &json!({ "status": 202, "json": step }));
        let since = Instant::now();
        let answer = world.install();
        let installation = answer.field();
        assert_eq!(installation["state"], "ONGOING", "{what}: {answer:?}");
        let html = installation["furtherStep"]["contentHtml"].as_str().expect("HTML");
        assert!(!html.is_empty() && html.len() <= 64 * 1024, "{what}: {} bytes", html.len());
        for _ in 0..5 {
            let shown = world.developer.installation(&id_of(installation));
            assert_eq!(shown["furtherStep"], installation["furtherStep"], "{what}");
        }
        let (took, grown) = (since.elapsed(), peak_kib(&world) - before);
        assert!(took < Duration::from_secs(5), "{what}: {took:?}");
        assert!(grown < 100 * 1024, "{what}: {grown} KiB more");
    }
}
