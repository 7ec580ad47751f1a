//! The reference: a bare warp route in a process of its own, with the server's allocator and two
//! worker threads, that answers POST with given bytes, and PUT with 204 once it has the body.

use crate::Outcome;
use crate::environment::Environment;
use crate::support::process::Process;
use bytes::Bytes;
use std::fs;
use std::process::Command;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use warp::Filter;
use warp::http::StatusCode;

/// What makes this binary the reference; the next argument is the file with the bytes.
pub const ARGUMENT: &str = "--reference";
/// As many as the server has on the two cores that the figures are for.
const WORKER_THREADS: usize = 2;

/// Starts the reference.
pub fn start(environment: &Environment, bytes: &[u8]) -> Outcome<Process> {
    let file = environment.path("reference");
    fs::write(&file, bytes)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(ARGUMENT).arg(file);
    Ok(Process::start(command)?)
}

/// Is the reference.
pub fn serve(file: &str) -> Outcome<()> {
    let bytes = Bytes::from(fs::read(file)?);
    let answer = move |_: Bytes| {
        warp::reply::with_header(warp::reply::Response::new(bytes.clone().into()), "content-type", "application/json")
    };
    let post = warp::post().and(warp::body::bytes()).map(answer);
    let put = warp::put().and(warp::body::bytes()).map(|_: Bytes| StatusCode::NO_CONTENT);
    Builder::new_multi_thread().worker_threads(WORKER_THREADS).enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("the reference listens on http://{}", listener.local_addr()?);
        warp::serve(post.or(put)).incoming(listener).run().await;
        Ok(())
    })
}
