//! The options about connections of clients.
//!
//! Used by [`super`].

use crate::config::duration;
use crate::door::{self, CertificateFiles};
use clap::Args;
use humantime::Duration;
use ipnet::IpNet;
use std::path::PathBuf;

/// The options about connections of clients.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connections")]
pub struct DoorOptions {
    /// PEM file with the certificate to speak TLS with, and those that lead to its authority below it
    #[arg(long, env = "CONNHUB_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// PEM file with the certificate's private key, not encrypted
    #[arg(long, env = "CONNHUB_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// How many connections may be open at once
    #[arg(
        long,
        env = "CONNHUB_CONNECTIONS",
        value_name = "NUMBER",
        default_value_t = 12_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub connections: u32,

    /// How many of them from one address; loopback and trusted proxies have no limit
    #[arg(
        long,
        env = "CONNHUB_CONNECTIONS_PER_ADDRESS",
        value_name = "NUMBER",
        default_value_t = 1_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub connections_per_address: u32,

    /// How long a TLS handshake may take
    #[arg(long, env = "CONNHUB_HANDSHAKE_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration::step)]
    pub handshake_timeout: Duration,

    /// How long the head of a request may take to arrive, from its first byte
    #[arg(long, env = "CONNHUB_HEADER_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration::step)]
    pub header_timeout: Duration,

    /// How long a body may take to arrive; a second more for each 16 KiB that has
    #[arg(long, env = "CONNHUB_BODY_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration::step)]
    pub body_timeout: Duration,

    /// How long a client may read nothing of an answer
    #[arg(long, env = "CONNHUB_ANSWER_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = duration::step)]
    pub answer_timeout: Duration,

    /// How long a connection may be open without a request; longer than the 90s of Go's clients
    #[arg(long, env = "CONNHUB_IDLE_TIMEOUT", value_name = "DURATION", default_value = "100s", value_parser = duration::step)]
    pub idle_timeout: Duration,
}

impl DoorOptions {
    /// What connections may take; those of proxies stand for many clients.
    #[must_use]
    pub fn limits(&self, proxies: &[IpNet]) -> door::Limits {
        door::Limits {
            connections: self.connections as usize,
            connections_per_address: self.connections_per_address as usize,
            proxies: proxies.to_vec(),
            handshake_time: self.handshake_timeout.into(),
            header_time: self.header_timeout.into(),
            idle_time: self.idle_timeout.into(),
            answer_time: self.answer_timeout.into(),
        }
    }

    /// Where the certificate is, if TLS is to be spoken.
    #[must_use]
    pub fn certificate_files(&self) -> Option<CertificateFiles> {
        let (certificate, key) = self.tls_cert.clone().zip(self.tls_key.clone())?;
        Some(CertificateFiles { certificate, key })
    }
}
