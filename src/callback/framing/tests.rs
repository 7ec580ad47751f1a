//! Responses as servers in the field write them, byte by byte and all at once.

use super::*;
use proptest::prelude::*;

/// What ureq would read: the head, the body, and whether all of it came.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    head: String,
    body: Vec<u8>,
    ended: bool,
    in_step: bool,
    rest: usize,
}

/// Feeds the bytes in pieces of this length; `closed` says that the connection is closed behind them.
fn read_in(follows: bool, raw: &[u8], piece: usize, closed: bool) -> Result<Read, Problem> {
    let mut framing = Framing::new(follows);
    let (mut out, mut waiting) = (Vec::new(), Vec::new());
    let mut taken_in_all = 0;
    for part in raw.chunks(piece.max(1)) {
        waiting.extend_from_slice(part);
        loop {
            let mut buffer = vec![0; HEADER_BYTES_MAX + 4_096];
            let (taken, written) = framing.step(&waiting, &mut buffer)?;
            waiting.drain(..taken);
            taken_in_all += taken;
            out.extend_from_slice(&buffer[..written]);
            if taken == 0 && written == 0 {
                break;
            }
        }
    }
    if closed {
        let mut buffer = [0; 64];
        let written = framing.close(&mut buffer)?;
        out.extend_from_slice(&buffer[..written]);
    }
    let end = out.windows(4).position(|window| window == b"\r\n\r\n").map_or(out.len(), |at| at + 4);
    let head = String::from_utf8_lossy(&out[..end]).into_owned();
    let mut codings =
        head.lines().filter_map(|line| line.to_ascii_lowercase().strip_prefix("transfer-encoding:").map(str::to_owned));
    let chunked =
        codings.next_back().is_some_and(|value| value.rsplit(',').next().is_some_and(|last| last.trim() == "chunked"));
    let body = if chunked { without_chunks(&out[end..]) } else { out[end..].to_vec() };
    Ok(Read { head, body, ended: framing.is_ended(), in_step: framing.is_in_step(), rest: raw.len() - taken_in_all })
}

/// Reads the chunks that `Framing` writes, which are of the plainest kind.
fn without_chunks(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&chunks[..end]).expect("digits");
        let size = usize::from_str_radix(size, 16).expect("a size");
        body.extend_from_slice(&chunks[end + 2..end + 2 + size]);
        chunks = &chunks[end + 2 + size + 2..];
    }
    body
}

/// The same whether it comes at once or in pieces.
fn read(raw: &str) -> Read {
    let whole = read_in(false, raw.as_bytes(), raw.len(), false).expect("a response");
    for piece in [1, 2, 3, 7] {
        let in_pieces = read_in(false, raw.as_bytes(), piece, false);
        assert_eq!(in_pieces.as_ref(), Ok(&whole), "{raw:?} in pieces of {piece}");
    }
    whole
}

fn refused(raw: &str) -> String {
    let problem = read_in(false, raw.as_bytes(), raw.len(), false).expect_err(raw);
    assert_eq!(read_in(false, raw.as_bytes(), 1, false).expect_err(raw).code, problem.code);
    problem.observed
}

/// What is said of a response with too much of something, which is HTTP/1.1 all the same.
fn too_much(raw: &str) -> String {
    let problem = read_in(false, raw.as_bytes(), raw.len(), false).expect_err(raw);
    assert_eq!(problem.code, Code::AnswerTooLarge, "{problem}");
    let said = refused(raw);
    assert!(!said.contains("HTTP/1.1"), "{said}");
    said
}

#[test]
fn interim_responses_with_headers_precede_the_response() {
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nServer: x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n",
        "HTTP/1.0 100 Continue\r\nDate: now\r\n\r\n",
        "HTTP/1.1 199 \r\n\r\n\r\n",
    ] {
        let read = read(&format!("{interim}HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"));
        assert_eq!(
            (read.head.as_str(), read.body.as_slice()),
            ("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n", &b"ok"[..])
        );
        assert!(read.ended && read.in_step, "{interim}");
    }
    let body = read("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    assert!(body.ended && !body.in_step);
    let endless = "HTTP/1.1 102 Processing\r\n\r\n".repeat(200);
    assert!(too_much(&endless).contains("more than 100 interim responses"));
}

#[test]
fn chunks_come_with_extensions_leading_zeros_and_trailers() {
    let head = "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n";
    for chunks in [
        "5\r\nhello\r\n0\r\n\r\n",
        "5;name=\"a value; longer than twenty bytes\"\r\nhello\r\n0\r\n\r\n",
        "000000000000000000000000000000005\r\nhello\r\n00000000000000000000000000\r\n\r\n",
        "2 \r\nhe\r\n3\t;x\r\nllo\r\n0;last\r\nX-Trailer: a\r\nX-More: b\r\n\r\n",
        "5\nhello\n0\n\n",
    ] {
        let read = read(&format!("{head}{chunks}"));
        assert_eq!(
            (read.body.as_slice(), read.ended, read.in_step, read.rest),
            (&b"hello"[..], true, true, 0),
            "{chunks}"
        );
    }
    for (chunks, told) in [
        ("hello\r\n", "the line \"hello\" is not the size of a chunk"),
        ("-5\r\nhello", "\"-5\""),
        ("\r\n5\r\nhello", "the line \"\""),
        ("11111111111111111\r\n", "\"11111111111111111\""),
        ("5\r\nhello!\r\n0\r\n\r\n", "longer than the line with its size says"),
    ] {
        assert!(refused(&format!("{head}{chunks}")).contains(told), "{chunks}");
    }
    let long = format!("{head}5;{}", "x".repeat(5_000));
    assert!(too_much(&long).contains("size of a chunk is longer than 4096 bytes"));
    let trailers = format!("{head}0\r\n{}", "X: y\r\n".repeat(1_000));
    assert!(too_much(&trailers).contains("trailers are longer than 4096 bytes"));
    let trailer = format!("{head}0\r\nX: {}", "y".repeat(5_000));
    assert!(too_much(&trailer).contains("trailer line is longer than 4096 bytes"));
}

#[test]
fn header_lines_are_read_as_the_standard_has_them_or_named() {
    let folded = read("HTTP/1.1 204 No Content\r\nX-A: b\r\n  c\r\n\td\r\nX-E : f\u{1}g\r\nX-H:\r\n\r\n");
    assert_eq!(folded.head, "HTTP/1.1 204 No Content\r\nX-A: b c d\r\nX-E: f g\r\nX-H: \r\n\r\n");
    assert_eq!(read("HTTP/1.1 204\nX-A: b\n\n").head, "HTTP/1.1 204 \r\nX-A: b\r\n\r\n");
    assert_eq!(read("\r\nHTTP/1.9 204 ok\r\n\r\n").head, "HTTP/1.1 204 ok\r\n\r\n");
    for (raw, told) in [
        ("HTTP/1.1 201 Created\r\n folded\r\n\r\n", "\" folded\" begins with a space"),
        ("HTTP/1.1 201 Created\r\nno colon\r\n\r\n", "\"no colon\""),
        ("HTTP/1.1 201 Created\r\n: no name\r\n\r\n", "\": no name\""),
        ("HTTP/1.1 201 Created\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "\"Content-Length: 5, 6\""),
        ("HTTP/1.1 201 Created\r\nContent-Length: -1\r\n\r\n", "\"Content-Length: -1\""),
        ("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", "another coding after chunked"),
        ("HTTP/1.1 20 OK\r\n\r\n", "\"HTTP/1.1 20 OK\""),
        ("HTTP/1.1 099 OK\r\n\r\n", "\"HTTP/1.1 099 OK\""),
        ("HTTP/2 200\r\n\r\n", "\"HTTP/2 200\""),
        ("SSH-2.0-OpenSSH_9.6\r\n", "\"S"),
    ] {
        assert!(refused(raw).contains(told), "{raw}: {}", refused(raw));
    }
    let many = format!("HTTP/1.1 201 Created\r\n{}\r\n", "X: y\r\n".repeat(129));
    assert!(too_much(&many).contains("more than 128 header lines"));
}

#[test]
fn the_limit_on_headers_is_stated_once_and_as_it_is() {
    let filled = |length: usize| {
        let start = "HTTP/1.1 204 No Content\r\nX: ";
        format!("{start}{}\r\n\r\n", "x".repeat(length - start.len() - 4))
    };
    assert!(read_in(false, filled(HEADER_BYTES_MAX).as_bytes(), HEADER_BYTES_MAX, false).is_ok());
    for raw in [filled(HEADER_BYTES_MAX + 1), "HTTP/1.1 200 OK\r\nX: ".to_owned() + &"x".repeat(20_000)] {
        let problem = read_in(false, raw.as_bytes(), 4_096, false).expect_err("too large");
        assert_eq!(problem.code, Code::AnswerTooLarge);
        assert!(problem.observed.ends_with("longer than 16 KiB"), "{problem}");
        assert!(!problem.code.advice().contains("64"), "{}", problem.code.advice());
    }
}

#[test]
fn a_body_ends_where_its_headers_say_and_no_later() {
    for (raw, body, in_step, rest) in [
        ("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 400 Bad\r\n\r\n", "ok", true, 20),
        ("HTTP/1.1 201 Created\r\nContent-Length: 2, 2\r\n\r\nok", "ok", true, 0),
        ("HTTP/1.1 204 No Content\r\n\r\nhello", "", true, 5),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "", true, 0),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "", false, 5),
        ("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", false, 5),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", false, 0),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n\u{1}", "", false, 1),
        (
            "HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "ok",
            false,
            0,
        ),
        ("HTTP/1.1 202 Accepted\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", "ok", false, 0),
        ("HTTP/1.1 202 Accepted\r\nTransfer-Encoding: identity, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", true, 0),
        ("HTTP/1.0 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", false, 0),
        ("HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\u{1}\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", true, 0),
    ] {
        let read = read(raw);
        assert!(read.ended, "{raw}");
        assert_eq!((read.body.as_slice(), read.in_step, read.rest), (body.as_bytes(), in_step, rest), "{raw}");
    }
    for raw in [
        "HTTP/1.1 202 Accepted\r\n\r\nok",
        "HTTP/1.0 202 Accepted\r\n\r\nok",
        "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: identity\r\n\r\nok",
        "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nok",
    ] {
        assert!(!read(raw).ended, "{raw}");
        let closed = read_in(false, raw.as_bytes(), 1, true).expect("a response");
        assert_eq!((closed.body.as_slice(), closed.ended, closed.in_step), (&b"ok"[..], true, false), "{raw}");
        assert!(!closed.head.contains("Content-Length"));
    }
    let cut = "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n";
    assert!(read_in(false, cut.as_bytes(), 1, true).is_ok_and(|read| read.ended && read.body == b"ok"));
    let cut = "HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\nok";
    assert!(read_in(false, cut.as_bytes(), 1, true).is_ok_and(|read| !read.ended));
}

#[test]
fn the_late_rest_of_one_response_is_not_the_next() {
    let next = "HTTP/1.1 204 No Content\r\n\r\n";
    for late in ["hello", "x", "HT", "{\"a\": \"HTT\"}\r\n", "\r\n\r\nHTTp/"] {
        for piece in [1, 4, 100] {
            let read = read_in(true, format!("{late}{next}").as_bytes(), piece, false).expect("a response");
            assert_eq!((read.head.as_str(), read.in_step), (next, false), "{late} in {piece}");
        }
        assert!(
            read_in(true, late.as_bytes(), 100, true).is_err_and(|problem| problem.observed.contains("no response"))
                || late == "HT"
        );
    }
    // On a connection without an earlier response there is nothing that it could belong to.
    assert!(read_in(false, format!("hello{next}").as_bytes(), 100, false).is_err());
    assert!(read_in(true, "x".repeat(100_000).as_bytes(), 4_096, false).is_err());
}

fn httpish() -> impl Strategy<Value = Vec<u8>> {
    let parts = [
        "HTTP/1.1 204 No Content",
        "HTTP/1.0 200 OK",
        "HTTP/1.1 100 Continue",
        "HTTP/1.1 202",
        "\r\n",
        "\n",
        "\r",
        "Content-Length: 2",
        "Content-Length: 0",
        "Transfer-Encoding: chunked",
        "Connection: close",
        ": ",
        " x",
        "2\r\nok\r\n",
        "0\r\n\r\n",
        "ok",
        "00;a=b",
        "\u{15}",
        "ü",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..24).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        raw in prop_oneof![httpish(), prop::collection::vec(any::<u8>(), 0..256)],
        piece in 1_usize..9,
        follows: bool,
        closed: bool,
    ) {
        let whole = read_in(follows, &raw, raw.len(), closed);
        let in_pieces = read_in(follows, &raw, piece, closed);
        match (whole, in_pieces) {
            (Ok(whole), Ok(in_pieces)) => prop_assert_eq!(whole, in_pieces),
            (Err(whole), Err(in_pieces)) => prop_assert_eq!(whole.code, in_pieces.code),
            (whole, in_pieces) => prop_assert!(false, "{:?} and {:?}", whole, in_pieces),
        }
    }
}
