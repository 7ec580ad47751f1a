//! OAuth 2.0: a test for each MUST and MUST NOT that applies to connhub as an authorization server, which
//! its doc comment names, and each SHOULD that we keep. [`flow`] has the parts that they are made of.
//!
//! | file | rules |
//! | --- | --- |
//! | [`authorization`] | RFC 6749, sections 3.1, 3.1.1, 3.1.2, 3.3, 4.1.2, 4.1.2.1, 10.2, 10.10, 10.13, 10.14; RFC 8252, 7.1, 8.4, 8.6; RFC 9207, 2, 2.3; RFC 9700, 2.1, 2.1.2, 2.6, 4.2.4, 4.11.2, 4.12, 4.16 |
//! | [`redirects`] | RFC 6749, 3.1.2.2 to 3.1.2.4, 4.1.2.1, 4.1.3, 10.6; RFC 8252, 7, 7.1 to 7.3, 8.4; RFC 9700, 2.1, 4.1, 4.1.3, 4.11.2 |
//! | [`codes`] | RFC 6749, 3.2.1, 4.1.2 to 4.1.4, 5.1, 5.2, 10.5, 10.6; RFC 7636, 4.2, 4.4, 4.4.1, 4.5, 4.6; RFC 8252, 6, 8.1, 8.4; RFC 9700, 2.1.1, 4.2.4, 4.5, 4.8.2 |
//! | [`token_endpoint`] | RFC 6749, 2.3, 2.3.1, 3.2, 3.2.1, 3.3, 4.4, 4.4.2, 4.4.3, 5.2, appendix B; RFC 9700, 2.4 |
//! | [`refresh`] | RFC 6749, 5.2, 6, 10.4; RFC 9700, 2.2.2, 4.14.2 |
//! | [`introspection`] | RFC 7662, 2.1 to 2.3, 4, 5 |
//! | [`revocation`] | RFC 7009, 2, 2.1, 2.2, 5 |
//! | [`metadata`] | RFC 8414, 2, 3, 3.1 to 3.3; RFC 6749, 2.2; RFC 9207, 2.3; RFC 9700, 2.1.1, 4.7.1, 4.15 |
//! | [`pages`] | RFC 6749, 2.3.1, 10.3 to 10.5, 10.10, 10.12; RFC 6750, 5.3; RFC 9700, 4.9.3 |
//! | [`endings`] | RFC 6749, 10.1, as [`flow::register`] has it too; RFC 7662, 4 |
//! | [`documented`] | the platform's documented requests, word for word; RFC 6749, 3.1, 3.2: what is not understood is ignored |
//! | [`library`] | the whole by client libraries that are not ours, which check what clients must |
//! | `crate::tokens` | RFC 6749, 7, 10.3, 10.4; RFC 6750, 2.1 to 2.3, 5.2; RFC 8725, 2.1, 2.8, 3.1, 3.3, 3.8 to 3.10, 3.12; RFC 9700, 2.3, 4.14.2 |
//! | `crate::accounts` | RFC 6749, 5.1, 7; RFC 6750, 3: tokens that are not stored, scopes, the challenges of resources |
//! | `crate::tls` | RFC 6749, 1.6, 3.1, 3.2, 10.8; RFC 7662, 4; RFC 8414, 6.1: TLS where an operator has a certificate |
//! | `crate::startup` | RFC 6749, 3.1, 3.2: an operator without TLS is told |
//! | `crate::origins`, `crate::graphql_http` | RFC 6750, 5.2, 5.3: no token in a cookie |
//! | tests/browser/consent.test.mjs | RFC 6749, 10.14: hostile names |
//!
//! A code that is repeated at once by the session that began the flow is refused (RFC 6749, 4.1.2, and RFC 9700, 4.2.4, say
//! MUST), but does not end what the first request gave (they say SHOULD); a refresh token that is repeated at once has
//! the same response again, and RFC 9700, 4.14.2, still holds. `src/ops/grant.rs` has the reasons, [`codes`] and
//! [`refresh`] the tests of both sides.
//!
//! What has no test here, and why:
//!
//! | rule | why not |
//! | --- | --- |
//! | RFC 6749, 4.2, 9, 10.3, 10.16; RFC 9700, 2.1.2: the implicit grant | not built: RFC 9700 is against it; that it is refused is tested |
//! | RFC 6749, 4.3, 10.7: the password grant | not built: RFC 9700, 2.4, forbids it; that it is refused is tested |
//! | RFC 6749, 4.5, 8; RFC 7521 to 7523: extension grants, client assertions | not built |
//! | RFC 6749, 2.3.2; RFC 9700, 2.5: other ways for a client to show who it is, asymmetric ones | not built: a secret, or none |
//! | RFC 6749, 2.4: clients that are not registered | there are none: every client is an app |
//! | RFC 8252, 8.5: a secret that every copy of a native app has | not built: no native app needs one, and whoever has one is a client with a secret |
//! | RFC 6749, 2.3.1, 3.1, 3.1.2.1, 3.2, 10.3, 10.4, 10.8, 10.9, 10.11; RFC 6750, 5.2; RFC 7009, 2; RFC 7662, 2, 4; RFC 8414, 2, 3, 6.1; RFC 9207, 2; RFC 9700, 2.6: TLS must be used | plain http is what a sandbox on loopback speaks; over a network the operator gives `--tls-cert`, or a proxy's `--public-url` (README) |
//! | RFC 6749, 3.1.2.5, 4.1.1, 7.1, 10.1, 10.12; RFC 7636, 4.1, 4.3, 7.1; RFC 8252, 5, 8.9, 8.10, 8.12; RFC 8414, 3.3, 4; RFC 9207, 2.4; RFC 9700, 2.1, 2.1.1, 4.4, 4.7.1, 4.11.1: what clients must do | rules for clients; the library of [`library`] keeps those of the flow. What RFC 6749, 10.1 and 10.12, RFC 8414, 3.3, and RFC 9700, 2.1, 2.1.1 and 4.7.1, say to the server is above |
//! | RFC 6749, 5.2; RFC 7009, 2.2.1: words for 429, 500 and 503 | no list has any, so they are those of 4.1.2.1. What is refused before the endpoint (414, 415, 421, or 503 of the server as a whole) has the API's own form |
//! | RFC 7009, 2.2.1: `unsupported_token_type` | both types can be revoked |
//! | RFC 7009, 2.3: JSONP | not built; CORS serves the purpose |
//! | RFC 7662, 2.2, 3; RFC 8414, 2.1, 7: members of extensions, signed metadata | not built |
//! | RFC 7662, 4: resources that are specially authorised to ask | a SHOULD that is not built: an app may ask about its own tokens alone |
//! | RFC 8414, 3: an issuer with a path | connhub has none: `--public-url` refuses a path |
//! | RFC 6750, 5.3: bearer tokens for an hour or less | service tokens are; a developer token lasts 12 hours (auth.md), or as long as the operator says |
//! | RFC 8725, 3.5: a key that nobody can guess | the database's own is random (auth.md); a `CONNHUB_SECRET` is the operator's, of whose 32 characters or more nobody can see whether they are random |
//! | RFC 8725, 3.11: kinds of tokens by `typ` | a recommendation that is not built: kinds differ by `aud`, which is tested |
//! | RFC 9700, 2.2.1, 4.10: tokens bound to their sender (mutual TLS, DPoP) | a SHOULD that is not built: service tokens are bearers', for an hour |
//! | RFC 9700, 2.3: a token that may no more than it needs | the client says what it needs; where it names no scope it asks for all that an app may have (auth.md), and the consent page lists that |
//! | RFC 9700, 2.6: http redirect URIs for native apps alone | those of loopback are for apps with a secret too: a web app that is being developed on this machine is one |
//! | RFC 9700, 4.11.2: nobody must be led anywhere before they have signed in | tested where the request is good. With a broken one the person is led back at once, to a redirect URI that is trusted: without `--open-signup` apps are made only by accounts that the operator made. With it the person is told first, and decides |
//! | RFC 9700, 4.13: reverse proxies | an operator's |
//! | RFC 9700, 4.15: clients and resource owners whose IDs share a namespace (`sub`) | a client's ID is of the server's making, and subjects are IDs of apps, never of a client's choice |
//! | RFC 9700, 4.16: origins that may show the pages in a frame | a SHOULD that is not built: no page of the flow is ever shown in one |
//! | RFC 9700, 4.17: in-browser flows by postMessage | not built |

mod authorization;
mod codes;
mod documented;
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
