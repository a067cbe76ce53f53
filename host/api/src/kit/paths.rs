//! Which dialect a path belongs to, before and without any route.

use stepwright_engine::Dialect;

/// Prefixes, the more particular ones first.
const PREFIXES: [(&str, Dialect); 12] = [
    ("/platform", Dialect::Platform),
    ("/api/public/v1", Dialect::Smartmca),
    ("/api/v1", Dialect::Softsolz),
    ("/internal/v1", Dialect::Hydracore),
    ("/v1/workflows/executions", Dialect::Epilot),
    ("/v1/workflows/definitions", Dialect::Epilot),
    ("/v1/workflows/closing-reasons", Dialect::Epilot),
    ("/v1/workflows/limits", Dialect::Epilot),
    ("/v1/automation", Dialect::Epilot),
    ("/v1/workflows", Dialect::Hydracore),
    ("/v2/flows", Dialect::Epilot),
    ("/v2/workflows", Dialect::Epilot),
];

/// Paths under which each dialect is served a second time.
const MOUNTS: [(&str, Dialect); 4] = [
    ("/hydracore", Dialect::Hydracore),
    ("/epilot", Dialect::Epilot),
    ("/softsolz", Dialect::Softsolz),
    ("/smartmca", Dialect::Smartmca),
];

/// The dialect whose shape an answer to this path has.
pub fn dialect_of(path: &str) -> Option<Dialect> {
    mount_of(path).map(|(dialect, _)| dialect).or_else(|| unmounted_dialect_of(path))
}

/// The path below a mount prefix, when it is one of that dialect's own.
pub fn below_mount(path: &str) -> Option<&str> {
    let (dialect, rest) = mount_of(path)?;
    (unmounted_dialect_of(rest) == Some(dialect)).then_some(rest)
}

fn mount_of(path: &str) -> Option<(Dialect, &str)> {
    MOUNTS.iter().find_map(|(prefix, dialect)| Some((*dialect, below(path, prefix)?)))
}

fn unmounted_dialect_of(path: &str) -> Option<Dialect> {
    PREFIXES.iter().find(|(prefix, _)| below(path, prefix).is_some()).map(|(_, dialect)| *dialect)
}

/// What follows `prefix`, when that ends at a segment's end (or at a colon, for `executions:search`).
fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with(['/', ':'])).then_some(rest)
}
