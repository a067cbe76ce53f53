//! TLS for outgoing connections: rustls with ring and Mozilla's roots, the same on every machine.

use std::sync::Arc;

/// A client's TLS settings. The provider is named, so that nothing depends on a process-wide default.
///
/// # Errors
/// When the library offers no usable protocol version.
pub fn client_config() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    Ok(rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
