//! One OpenAPI document per dialect, made from the same table as the router, and a page that shows them.

use super::Wire;
use utoipa::openapi::path::{PathItem, PathsBuilder};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApiBuilder, SecurityRequirement};

/// The document as JSON.
pub fn document(wire: &dyn Wire) -> String {
    let (title, introduction) = wire.about();
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new()
        .security_scheme("bearer", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()));
    for endpoint in wire.endpoints() {
        paths = paths.path(endpoint.path, PathItem::new(endpoint.method, endpoint.operation));
        components = components.schemas_from_iter(endpoint.schemas);
    }
    let mut security = vec![SecurityRequirement::new("bearer", Vec::<String>::new())];
    if let Some(header) = wire.api_key_header() {
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header)));
        components = components.security_scheme("api_key", scheme);
        security.push(SecurityRequirement::new("api_key", Vec::<String>::new()));
    }
    let document = OpenApiBuilder::new()
        .info(InfoBuilder::new().title(title).version(env!("CARGO_PKG_VERSION")).description(Some(introduction)))
        .paths(paths)
        .components(Some(components.build()))
        .security(Some(security))
        .build();
    document.to_json().unwrap_or_else(|error| {
        tracing::error!(%error, "an OpenAPI document could not be serialized");
        "{}".into()
    })
}

/// A page without anything foreign that lists the operations of every document.
pub fn page(dialects: &[&str]) -> &'static str {
    let options: String = dialects.iter().map(|d| format!("<option>{d}</option>")).collect();
    // Once per process.
    include_str!("docs.html").replace("<!--dialects-->", &options).leak()
}
