//! Where a call comes from.

use super::ApiConfig;
use axum::extract::ConnectInfo;
use http::request::Parts;
use std::net::{IpAddr, SocketAddr};

/// The client's address: the connection's, or the one the trusted proxy in front has seen.
pub fn client_address(parts: &Parts, config: &ApiConfig) -> Option<IpAddr> {
    if config.trust_forwarded_for {
        let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
        // Earlier entries are what the client claims; only the last was written by the proxy.
        if let Some(last) = forwarded.and_then(|v| v.to_str().ok()).and_then(|v| v.rsplit(',').next()) {
            return last.trim().parse().ok().map(canonical);
        }
    }
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| canonical(address.ip()))
}

/// Whether the list lets this address in; an empty list lets everybody in, an unknown address matches nothing.
pub fn is_allowed(list: &[String], address: Option<IpAddr>) -> bool {
    list.is_empty() || address.is_some_and(|address| list.iter().any(|entry| covers(entry, address)))
}

fn covers(entry: &str, address: IpAddr) -> bool {
    let (base, bits) = match entry.split_once('/') {
        Some((base, bits)) => (base, bits.parse().ok()),
        None => (entry, Some(128)),
    };
    let (Ok(base), Some(bits)) = (base.parse::<IpAddr>(), bits) else { return false };
    match (canonical(base), address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            let bits: u32 = if entry.contains('/') { bits } else { 32 };
            same_prefix(u128::from(base.to_bits()) << 96, u128::from(address.to_bits()) << 96, bits.min(32))
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => same_prefix(base.to_bits(), address.to_bits(), bits.min(128)),
        _ => false,
    }
}

/// `::ffff:a.b.c.d` is `a.b.c.d`.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn same_prefix(a: u128, b: u128, bits: u32) -> bool {
    bits == 0 || (a ^ b) >> (128 - bits) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(list: &[&str], address: &str) -> bool {
        let list: Vec<String> = list.iter().map(ToString::to_string).collect();
        is_allowed(&list, Some(canonical(address.parse().unwrap())))
    }

    #[test]
    fn blocks_cover_their_addresses_and_no_others() {
        assert!(allowed(&["10.1.0.0/16"], "10.1.255.3"));
        assert!(!allowed(&["10.1.0.0/16"], "10.2.0.0"));
        assert!(allowed(&["192.0.2.7"], "192.0.2.7"));
        assert!(!allowed(&["192.0.2.7"], "192.0.2.8"));
        assert!(allowed(&["2001:db8::/32"], "2001:db8:1::1"));
        assert!(!allowed(&["2001:db8::/32"], "2001:db9::1"));
        assert!(allowed(&["0.0.0.0/0"], "1.2.3.4"));
        assert!(!allowed(&["0.0.0.0/0"], "::1"));
        assert!(allowed(&["127.0.0.1"], "::ffff:127.0.0.1"));
    }

    #[test]
    fn an_unknown_address_passes_only_an_empty_list() {
        assert!(is_allowed(&[], None));
        assert!(!is_allowed(&["0.0.0.0/0".into()], None));
    }
}
