//! How many files the system lets us have open, which every connection is one of.
//!
//! Uses nothing of ours. Used by `app`.

use rlimit::Resource;

/// Raises what the system allows, as far as it lets us, and complains where that is less than needed.
pub fn make_room_for(connections: usize, others: usize) {
    let needed = connections.saturating_add(others) as u64;
    let allowed =
        rlimit::increase_nofile_limit(needed).or_else(|_| rlimit::getrlimit(Resource::NOFILE).map(|(soft, _)| soft));
    match allowed {
        Ok(allowed) if allowed < needed => tracing::warn!(
            allowed,
            needed,
            "there may be fewer open files than connections (--connections) and callbacks can need; raise the limit \
             (ulimit -Hn {needed}, or LimitNOFILE={needed} in a systemd unit) or lower --connections"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "it is unknown how many files may be open"),
    }
}
