//! Requests that run to their end although their client disconnects, because what they began cannot be taken back: a
//! write that waits for the writer, a password that is being hashed. They hold their permit until then, so a client
//! cannot have more of them running by disconnecting.
//!
//! Used by the route table.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::Handle;

/// Whether a request on this path runs to its end. GraphQL's engine knows by itself what has to.
pub(super) fn is_needed(path: &str) -> bool {
    ["/api/", "/oauth2/"].iter().any(|start| path.starts_with(start)) && path != "/api/v1/query"
}

/// A future that continues as a task of its own when it is dropped.
pub(super) struct ToItsEnd<F: Future + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future + Send + 'static> ToItsEnd<F> {
    pub(super) fn new(work: F) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<F: Future + Send + 'static> Future for ToItsEnd<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<F: Future + Send + 'static> Drop for ToItsEnd<F> {
    fn drop(&mut self) {
        if let Some(rest) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                rest.await;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn what_is_dropped_continues_to_its_end() {
        let (begin, begun) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        let mut work = Box::pin(ToItsEnd::new(async move {
            let _ = begun.await;
            let _ = end.send(());
        }));
        assert!((&mut work).now_or_never().is_none());
        drop(work);
        begin.send(()).expect("it still waits");
        ended.await.expect("it ran to its end");
    }

    #[tokio::test]
    async fn what_has_ended_is_not_begun_again() {
        assert_eq!(ToItsEnd::new(async { 1 }).await, 1);
    }

    #[test]
    fn graphql_and_the_page_do_not_need_it() {
        for (path, needed) in [
            ("/api/v1/connectorhub/callback/instances/state", true),
            ("/api/v1/auth/login", true),
            ("/oauth2/token", true),
            ("/api/v1/query", false),
            ("/", false),
            ("/healthz", false),
        ] {
            assert_eq!(is_needed(path), needed, "{path}");
        }
    }
}
