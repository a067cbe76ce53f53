//! Traces for an OpenTelemetry collector, over HTTP with protobuf.

use anyhow::Context as _;
use opentelemetry::Key;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use opentelemetry_sdk::{Resource, runtime};
use std::time::Duration;
use tracing::Subscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

/// Where a collector takes traces, below its address.
const PATH: &str = "/v1/traces";

/// A provider that sends to the collector at `endpoint`, in batches, on the runtime it is made in.
///
/// # Errors
/// When the address is none.
pub fn provider(endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let url = match endpoint.trim_end_matches('/') {
        whole if whole.ends_with(PATH) => whole.to_owned(),
        base => format!("{base}{PATH}"),
    };
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(crate::tls::client_config()?)
        .timeout(Duration::from_secs(10))
        .build()?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(url)
        .build()
        .with_context(|| format!("OTLP endpoint '{endpoint}'"))?;
    Ok(SdkTracerProvider::builder()
        .with_span_processor(BatchSpanProcessor::builder(exporter, runtime::Tokio).build())
        .with_resource(resource())
        .build())
}

/// A layer that records spans from `info` on, whatever is logged.
pub fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    tracing_opentelemetry::layer().with_tracer(provider.tracer("stepwright")).with_filter(LevelFilter::INFO)
}

/// `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win, as everywhere with OpenTelemetry.
fn resource() -> Resource {
    let detected = Resource::builder().build();
    let name = detected.get(&Key::new("service.name")).map(|name| name.to_string()).unwrap_or_default();
    if name.is_empty() || name.starts_with("unknown_service") {
        Resource::builder().with_service_name("stepwright").build()
    } else {
        detected
    }
}
