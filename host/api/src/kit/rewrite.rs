//! Makes the URI one the router knows; wrapped around the router, since layers inside it come after routing.

use super::paths::below_mount;
use http::uri::PathAndQuery;
use http::{Request, Uri};

/// Takes off a mount prefix and one trailing slash, and writes `%3A` in the last segment as a colon.
pub fn rewrite<B>(mut request: Request<B>) -> Request<B> {
    if let Some(path) = rewritten(request.uri().path())
        && let Some(uri) = with_path(request.uri(), &path)
    {
        *request.uri_mut() = uri;
    }
    request
}

/// The path to route by; `None` when it is the one given.
fn rewritten(path: &str) -> Option<String> {
    let inner = below_mount(path).unwrap_or(path);
    let inner = match inner.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => shorter,
        _ => inner,
    };
    let (head, last) = inner.rsplit_once('/')?;
    if last.contains("%3A") || last.contains("%3a") {
        return Some(format!("{head}/{}", last.replace("%3A", ":").replace("%3a", ":")));
    }
    (inner.len() != path.len()).then(|| inner.to_owned())
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(uri: &str) -> String {
        rewrite(Request::builder().uri(uri).body(()).unwrap()).uri().to_string()
    }

    #[test]
    fn decodes_colons_in_the_last_segment_only() {
        assert_eq!(path_of("/v2/flows/executions%3Asearch?x=%3A"), "/v2/flows/executions:search?x=%3A");
        assert_eq!(path_of("/v2/flows/executions%3asearch"), "/v2/flows/executions:search");
        assert_eq!(path_of("/v2/a%3Ab/c"), "/v2/a%3Ab/c");
        assert_eq!(path_of("/v2/flows/executions:search"), "/v2/flows/executions:search");
    }

    #[test]
    fn takes_one_trailing_slash_off() {
        assert_eq!(path_of("/platform/v1/tenants/?limit=1"), "/platform/v1/tenants?limit=1");
        assert_eq!(path_of("/platform/v1/tenants//"), "/platform/v1/tenants/");
        assert_eq!(path_of("/"), "/");
    }

    #[test]
    fn takes_a_mount_prefix_off_its_own_dialects_paths_only() {
        assert_eq!(path_of("/softsolz/api/v1/whoami"), "/api/v1/whoami");
        assert_eq!(path_of("/epilot/v2/flows/executions%3Asearch/"), "/v2/flows/executions:search");
        assert_eq!(path_of("/softsolz/platform/v1/tenants"), "/softsolz/platform/v1/tenants");
        assert_eq!(path_of("/softsolzx/api/v1/whoami"), "/softsolzx/api/v1/whoami");
    }
}
