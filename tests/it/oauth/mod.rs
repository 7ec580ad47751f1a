//! OAuth 2.0: a test for each MUST and MUST NOT that applies to connhub as an authorization server, which
//! its doc comment names, and each SHOULD that we keep. [`flow`] has the parts that they are made of.
//!
//! | file | rules |
//! | --- | --- |
//! | [`authorization`] | RFC 6749, sections 3.1, 3.1.1, 3.1.2, 3.3, 4.1.2, 4.1.2.1, 10.2, 10.10, 10.13; RFC 8252, 7.1, 8.4, 8.6; RFC 9207, 2; RFC 9700, 2.1.2, 2.6, 4.2.4, 4.11.2, 4.12, 4.16 |
//! | [`redirects`] | RFC 6749, 3.1.2.2 to 3.1.2.4, 4.1.2.1; RFC 8252, 7.1, 7.3; RFC 9700, 2.1, 4.1 |
//! | [`codes`] | RFC 6749, 3.2.1, 4.1.2 to 4.1.4, 5.1, 10.5; RFC 7636, 4.2, 4.4.1, 4.6; RFC 8252, 6; RFC 9700, 2.1.1, 4.5, 4.8.2 |
//! | [`token_endpoint`] | RFC 6749, 2.3, 2.3.1, 3.2, 3.2.1, 3.3, 4.4, 5.2, appendix B; RFC 9700, 2.4 |
//! | [`refresh`] | RFC 6749, 5.2, 6, 10.4; RFC 9700, 2.2.2, 4.14 |
//! | [`introspection`] | RFC 7662, 2.1 to 2.3, 4 |
//! | [`revocation`] | RFC 7009, 2, 2.1, 2.2 |
//! | [`metadata`] | RFC 8414, 2, 3, 3.1 to 3.3; RFC 6749, 2.2 |
//! | [`pages`] | RFC 6749, 2.3.1, 10.10, 10.12; RFC 9700, 4.7 |
//! | [`endings`] | RFC 6749, 1.4, 10.3, 10.4 |
//! | [`library`] | the whole by a client library that is not ours, which checks what clients must |
//! | `crate::tokens` | RFC 8725, 2.1, 3.1, 3.8 to 3.12; RFC 6750, 2.3; RFC 9700, 2.3 |
//! | `crate::accounts` | RFC 6750, 3: the challenges of resources |
//! | `crate::tls` | RFC 6749, 1.6, 3.1, 3.2, 10.8: TLS where an operator has a certificate |
//!
//! What has no test here, and why:
//!
//! | rule | why not |
//! | --- | --- |
//! | RFC 6749, 4.2, 9, 10.3, 10.16; RFC 9700, 2.1.2: the implicit grant | not built: RFC 9700 is against it; that it is refused is tested |
//! | RFC 6749, 4.3, 10.7: the password grant | not built: RFC 9700, 2.4, forbids it; that it is refused is tested |
//! | RFC 6749, 4.5, 8; RFC 7521 to 7523: extension grants, client assertions | not built |
//! | RFC 6749, 2.4: clients that are not registered | there are none: every client is an app |
//! | RFC 6749, 3.1, 3.2, 3.1.2.1, 10.8, 10.9; RFC 7009, 2; RFC 7662, 4; RFC 8414, 2, 6.1; RFC 9700, 4.13: TLS must be used | plain http is what a sandbox on loopback speaks; over a network the operator gives `--tls-cert`, or a proxy's `--public-url` (README) |
//! | RFC 6749, 3.1.2.5, 4.1.1, 10.1, 10.6, 10.12; RFC 7636, 4.1, 4.3, 7.1; RFC 8252, 7, 8.1, 8.9, 8.12; RFC 8414, 3.3; RFC 9207, 2.4; RFC 9700, 2.1.1, 4.4: what clients must do | rules for clients; the library of [`library`] keeps them |
//! | RFC 6749, 7; RFC 6750, 2.1, 5: what resource servers must do | see `crate::tokens`, `crate::permissions` |
//! | RFC 7009, 2.2.1: `unsupported_token_type` | both types can be revoked |
//! | RFC 7009, 2.3: JSONP | not built; CORS serves the purpose |
//! | RFC 7662, 2.2, 3; RFC 8414, 2.1, 2.3, 7: members of extensions, signed metadata | not built |
//! | RFC 7636, 4.4: the server must be able to tell which challenge a code has | each redeeming of [`codes`] does |
//! | RFC 8414, 3: an issuer with a path | connhub has none: `--public-url` refuses a path |
//! | RFC 9700, 2.2.1, 4.10: tokens bound to their sender (mutual TLS, DPoP) | a SHOULD that is not built: service tokens are bearers', for an hour |
//! | RFC 9700, 4.13, 4.15: reverse proxies; clients that share an origin with resource owners | an operator's; a client's ID is of the server's making, and subjects are IDs of apps, never of a client's choice |
//! | RFC 9700, 4.17: in-browser flows by postMessage | not built |

mod authorization;
mod codes;
mod endings;
pub mod flow;
mod introspection;
mod library;
mod metadata;
mod pages;
mod redirects;
mod refresh;
mod revocation;
mod token_endpoint;
