//! The party that work is done for: the key by which everything scarce is shared fairly.
//!
//! May use [`crate::model::address`]. Used by everything that hands out turns ([`crate::ops::turns`]) or counts by
//! client.

use crate::model::address::one_client;
use crate::model::id::AccountId;
use std::net::IpAddr;

/// An account at an address, as far as both are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Party {
    account: Option<AccountId>,
    address: Option<IpAddr>,
}

/// What takes turns with all others: an address, since one attacker has many accounts but few addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Everybody at an address (IPv4) or in a network (a /64 of IPv6), whatever their accounts.
    Address(IpAddr),
    /// An account on this machine.
    Account(AccountId),
    /// Everybody on this machine without a valid token.
    Unknown,
}

impl Party {
    /// The party of an account, `None` without a valid token, at a client's address.
    ///
    /// Addresses of this machine count as unknown: behind a proxy that is not named in `--trusted-proxy` all clients
    /// have one, and then the accounts alone take turns.
    #[must_use]
    pub fn new(account: Option<AccountId>, client: Option<IpAddr>) -> Self {
        let address = client.map(one_client).filter(|client| !client.is_loopback() && !client.is_unspecified());
        Self { account, address }
    }

    /// The account, if it is known.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        self.account
    }

    /// The address or network, unless it is this machine's.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// What takes turns with all others.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match (self.address, self.account) {
            (Some(address), _) => Lane::Address(address),
            (None, Some(account)) => Lane::Account(account),
            (None, None) => Lane::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Option<IpAddr> {
        Some(address.parse().expect("an address"))
    }

    #[test]
    fn all_accounts_of_an_address_or_network_share_its_lane() {
        let [one, other] = [AccountId::generate(), AccountId::generate()];
        for (client, same) in
            [("192.0.2.1", "192.0.2.1"), ("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9")]
        {
            let lanes =
                [Party::new(Some(one), at(client)), Party::new(Some(other), at(same)), Party::new(None, at(same))]
                    .map(|party| party.lane());
            assert!(lanes.iter().all(|lane| *lane == lanes[0]), "{lanes:?}");
        }
        assert_ne!(Party::new(Some(one), at("192.0.2.1")).lane(), Party::new(Some(one), at("192.0.2.2")).lane());
    }

    #[test]
    fn on_this_machine_the_account_alone_decides() {
        let [one, other] = [AccountId::generate(), AccountId::generate()];
        for client in [at("127.0.0.1"), at("127.8.8.8"), at("::1"), at("::ffff:127.0.0.1"), None] {
            assert_eq!(Party::new(Some(one), client).lane(), Lane::Account(one), "{client:?}");
            assert_eq!(Party::new(Some(other), client).lane(), Lane::Account(other), "{client:?}");
            assert_eq!(Party::new(None, client).lane(), Lane::Unknown, "{client:?}");
        }
    }
}
