//! Which imports there are, and which capability each belongs to.

use stepwright_app::{Capability, CapabilitySet};

/// A package and its interfaces that are linked.
struct Package {
    name: &'static str,
    /// Compatible versions share this: `0.1` of 0.1.x.
    version: &'static str,
    interfaces: &'static [&'static str],
    /// None: linked for everybody.
    door: Option<Capability>,
}

const fn own(name: &'static str, interfaces: &'static [&'static str], door: Option<Capability>) -> Package {
    Package { name, version: "0.1", interfaces, door }
}

const fn wasi(name: &'static str, interfaces: &'static [&'static str], door: Option<Capability>) -> Package {
    Package { name, version: "0.2", interfaces, door }
}

const PACKAGES: [Package; 21] = [
    own("stepwright:types", &["types"], None),
    own("stepwright:log", &["log"], None),
    own("stepwright:entities", &["entities"], Some(Capability::Entities)),
    own("stepwright:data", &["data"], Some(Capability::Data)),
    own("stepwright:mail", &["mail"], Some(Capability::Mail)),
    own("stepwright:notify", &["notify"], Some(Capability::Notify)),
    own("stepwright:kv", &["kv"], Some(Capability::Kv)),
    own("stepwright:secrets", &["secrets"], Some(Capability::Secrets)),
    own("stepwright:flow", &["flow"], Some(Capability::Flow)),
    own("stepwright:events", &["events"], Some(Capability::Events)),
    own("stepwright:run", &["run"], None),
    own("stepwright:tools", &["tools"], None),
    own("stepwright:memory", &["memory"], None),
    own("stepwright:llm", &["llm"], None),
    wasi("wasi:http", &["types", "outgoing-handler"], Some(Capability::Http)),
    wasi("wasi:io", &["error", "poll", "streams"], None),
    wasi("wasi:clocks", &["wall-clock", "monotonic-clock"], None),
    wasi("wasi:random", &["random", "insecure", "insecure-seed"], None),
    wasi(
        "wasi:cli",
        &[
            "environment",
            "exit",
            "stdin",
            "stdout",
            "stderr",
            "terminal-input",
            "terminal-output",
            "terminal-stdin",
            "terminal-stdout",
            "terminal-stderr",
        ],
        None,
    ),
    wasi("wasi:filesystem", &["types", "preopens"], None),
    wasi(
        "wasi:sockets",
        &["network", "instance-network", "ip-name-lookup", "tcp", "tcp-create-socket", "udp", "udp-create-socket"],
        None,
    ),
];

/// `package/interface@version` taken apart.
pub struct InterfaceName<'a> {
    pub package: &'a str,
    pub interface: &'a str,
    /// Empty when there is none.
    pub version: &'a str,
}

impl<'a> InterfaceName<'a> {
    /// None for names that are no interfaces.
    pub fn parse(name: &'a str) -> Option<Self> {
        let (path, version) = name.split_once('@').unwrap_or((name, ""));
        let (package, interface) = path.split_once('/')?;
        package.contains(':').then_some(Self { package, interface, version })
    }

    /// Whether the version is `line` or `line.x`.
    pub fn is_of(&self, line: &str) -> bool {
        self.version.strip_prefix(line).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// The doors among imports that [`check`] has passed; others are skipped, and then fail to link.
pub fn doors<'a>(names: impl Iterator<Item = &'a str>) -> CapabilitySet {
    names.filter_map(|name| find(name).ok()?.door).filter(|door| *door != Capability::Log).collect()
}

/// What is wrong with an import.
///
/// # Errors
/// A text that names it and says what there is instead.
pub fn check(name: &str) -> Result<(), String> {
    find(name).map(|_| ())
}

fn find(name: &str) -> Result<&'static Package, String> {
    let unknown = || format!("it imports '{name}', which this host does not have; available are {}", available());
    let wanted = InterfaceName::parse(name).ok_or_else(unknown)?;
    let package = PACKAGES.iter().find(|p| p.name == wanted.package).ok_or_else(unknown)?;
    if !wanted.is_of(package.version) {
        return Err(format!("it imports '{name}', but this host has {} in version {}", package.name, package.version));
    }
    if !package.interfaces.contains(&wanted.interface) {
        let interfaces = package.interfaces.join(", ");
        return Err(format!("it imports '{name}', but of {} this host has only {interfaces}", package.name));
    }
    Ok(package)
}

fn available() -> String {
    PACKAGES.iter().map(|p| format!("{}@{}", p.name, p.version)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_become_capabilities() {
        let names = [
            "stepwright:types/types@0.1.0",
            "stepwright:log/log@0.1.0",
            "stepwright:mail/mail@0.1.7",
            "wasi:http/types@0.2.0",
            "wasi:http/outgoing-handler@0.2.12",
            "wasi:cli/environment@0.2.6",
        ];
        for name in names {
            assert_eq!(check(name), Ok(()));
        }
        assert_eq!(doors(names.into_iter()), [Capability::Mail, Capability::Http].into());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let fault = check("acme:quantum/teleport@1.0.0").unwrap_err();
        assert!(
            fault.starts_with("it imports 'acme:quantum/teleport@1.0.0', which this host does not have"),
            "{fault}"
        );
        assert!(fault.contains("stepwright:mail@0.1"), "{fault}");
        assert_eq!(
            check("stepwright:mail/mail@0.2.0").unwrap_err(),
            "it imports 'stepwright:mail/mail@0.2.0', but this host has stepwright:mail in version 0.1"
        );
        assert_eq!(
            check("wasi:http/incoming-handler@0.2.3").unwrap_err(),
            "it imports 'wasi:http/incoming-handler@0.2.3', but of wasi:http this host has only types, outgoing-handler"
        );
        for odd in ["run", "wasi:io/poll@0.3.0", "wasi:io/poll", "stepwright:mail/mail@0.10.0"] {
            assert!(check(odd).is_err(), "{odd}");
        }
    }
}
