//! nginx and Caddy in front of connhub, each with its default configuration: what works, and what is said
//! about what cannot.

use crate::harness::Server;
use crate::http::Request;
use crate::proxy::Program;

#[test]
fn the_page_and_the_probes_are_reached_through_a_proxy() {
    let server = Server::start();
    for program in Program::ALL {
        let proxy = program.start(&server.authority());
        for path in ["/", "/healthz", "/api/schema"] {
            let response = Request::get(path).send(proxy.authority());
            assert_eq!(response.status, 200, "{program:?} {path}: {response:?}\n{}", proxy.output());
        }
    }
}
