//! Hosts as grants and manifests name them.
//!
//! | pattern | allows |
//! |---|---|
//! | `api.example.com` | this host on the scheme's own port (443 for https, 80 for http) |
//! | `api.example.com:8443` | this host on this port |
//! | `*.example.com` | hosts below `example.com`, at any depth, not `example.com` itself |
//! | `*.example.com:8443` | the same on this port |
//!
//! An empty list allows nothing. There is no pattern for every host.

use http::Uri;
use std::net::IpAddr;

/// The address that a host part of a URI spells out, if it is one.
pub fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    wildcard: bool,
    host: String,
    port: Option<u16>,
}

impl HostPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("'{text}' is not a host: {why}");
        let (wildcard, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (host, port) = split_port(rest).ok_or_else(|| wrong("the port must be a number from 1 to 65535"))?;
        let host = host.to_ascii_lowercase();
        if literal(&host).is_some() {
            return if wildcard {
                Err(wrong("an address has no subdomains"))
            } else {
                Ok(Self { wildcard, host, port })
            };
        }
        if !is_name(&host) {
            return Err(wrong("expected 'api.example.com', 'api.example.com:8443' or '*.example.com'"));
        }
        if wildcard && !host.contains('.') {
            return Err(wrong("a wildcard needs at least two labels behind it"));
        }
        Ok(Self { wildcard, host, port })
    }

    /// Whether the pattern allows the target.
    pub fn matches(&self, target: &Target) -> bool {
        let port_fits = match self.port {
            Some(port) => port == target.port,
            None => port_of(target.https) == target.port,
        };
        let below = || target.host.strip_suffix(&self.host).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
        port_fits && if self.wildcard { below() } else { target.host == self.host }
    }
}

/// Whether one of the patterns allows the target. A pattern that cannot be read allows nothing.
pub fn allowed<'a>(patterns: impl IntoIterator<Item = &'a String>, target: &Target) -> bool {
    patterns.into_iter().any(|text| HostPattern::parse(text).is_ok_and(|pattern| pattern.matches(target)))
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub https: bool,
    /// Lower case, IPv6 in brackets, without a dot at the end.
    pub host: String,
    pub port: u16,
}

impl Target {
    /// Reads a URI; `None` for what is neither http nor https, carries a user name, or names no proper host.
    pub fn of(uri: &Uri) -> Option<Self> {
        let https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let host = authority.host().to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host).to_owned();
        if literal(&host).is_none() && !is_name(&host) {
            return None;
        }
        // A port that is there but unreadable is not the same as none.
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => port_of(https),
            _ => authority.port_u16().filter(|port| *port != 0)?,
        };
        Some(Self { https, host, port })
    }
}

impl std::fmt::Display for Target {
    /// As the pattern that allows exactly this target.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.host)?;
        if self.port == port_of(self.https) { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

const fn port_of(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let after_bracket = text.rfind(']').map_or(0, |at| at + 1);
    match text[after_bracket..].split_once(':') {
        None => Some((text, None)),
        Some((before, port)) => {
            let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            let port = port.parse().ok().filter(|port| digits && *port != 0)?;
            Some((&text[..after_bracket + before.len()], Some(port)))
        }
    }
}

fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    host.len() <= 253 && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn allows(pattern: &str, uri: &str) -> bool {
        let target = Target::of(&uri.parse().unwrap()).unwrap();
        allowed([&pattern.to_owned()], &target)
    }

    #[test]
    fn an_exact_host_allows_itself_on_its_own_port() {
        assert!(allows("api.example.com", "https://api.example.com/x"));
        assert!(allows("api.example.com", "http://api.example.com/x"));
        assert!(allows("API.example.com", "https://api.EXAMPLE.com./x"));
        assert!(allows("api.example.com", "https://api.example.com:443/"));
        for other in [
            "https://api.example.com:8443/",
            "https://api.example.com:80/",
            "https://example.com/",
            "https://x.api.example.com/",
            "https://api.example.com.evil.test/",
            "https://evilapi.example.com/",
        ] {
            assert!(!allows("api.example.com", other), "{other}");
        }
    }

    #[test]
    fn a_port_is_this_port_only() {
        assert!(allows("api.example.com:8443", "https://api.example.com:8443/"));
        assert!(!allows("api.example.com:8443", "https://api.example.com/"));
        assert!(allows("127.0.0.1:8080", "http://127.0.0.1:8080/"));
        assert!(allows("[::1]:8080", "http://[::1]:8080/"));
        assert!(!allows("[::1]:8080", "http://[::1]/"));
    }

    #[test]
    fn a_wildcard_allows_what_is_below_and_not_the_name_itself() {
        assert!(allows("*.example.com", "https://a.example.com/"));
        assert!(allows("*.example.com", "https://a.b.example.com/"));
        assert!(allows("*.example.com:8443", "https://a.example.com:8443/"));
        for other in ["https://example.com/", "https://evilexample.com/", "https://a.example.com:8443/"] {
            assert!(!allows("*.example.com", other), "{other}");
        }
    }

    #[test]
    fn nothing_allows_everything() {
        for text in [
            "*",
            "*.com",
            "",
            ".",
            "*.",
            "a b",
            "https://a.test",
            "a.test/x",
            "user@a.test",
            "a.test:0",
            "a.test:",
            "a.test:99999",
            "*.1.2.3.4",
            "-a.test",
            "ä.test",
            "a..b",
            "%61.test",
        ] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
            assert!(!allows(text, "https://a.test/"), "{text}");
        }
        assert!(!allowed([], &Target::of(&"https://a.test".parse().unwrap()).unwrap()));
    }

    #[test]
    fn odd_targets_are_no_targets() {
        for uri in [
            "ftp://a.test/",
            "https://user@a.test/",
            "https://user:pw@a.test/",
            "/only/a/path",
            "https://a.test:0/",
            "https://a%2etest/",
        ] {
            if let Ok(uri) = uri.parse::<Uri>() {
                assert_eq!(Target::of(&uri), None, "{uri}");
            }
        }
    }

    #[test]
    fn literals_are_told_from_names() {
        assert_eq!(literal("127.0.0.1"), Some(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(literal("[::1]"), Some(Ipv6Addr::LOCALHOST.into()));
        // Odd spellings are names: the resolver may understand them, and then what it says is checked.
        for odd in ["0x7f.1", "2130706433", "0177.0.0.1", "127.1", "localhost", "[::1", "1.1.1.1.", ""] {
            assert_eq!(literal(odd), None, "{odd}");
        }
    }
}
