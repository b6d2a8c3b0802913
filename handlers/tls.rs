//! Certificate and key, for the binary that does without a proxy.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why TLS can't be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsProblem {
    #[error("[tls] {setting} {path}: {reason}")]
    File { setting: &'static str, path: PathBuf, reason: String },
    #[error("[tls] cert and key do not fit together: {0}")]
    Mismatch(rustls::Error),
}

/// Reads a PEM certificate chain and its key.
///
/// # Errors
/// A file is missing or holds no PEM of its kind, or they don't fit together.
pub fn load(cert: &Path, key: &Path) -> Result<ServerConfig, TlsProblem> {
    let wrong =
        |setting, path: &Path, reason: String| TlsProblem::File { setting, path: path.to_owned(), reason };
    let chain: Vec<CertificateDer> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .map_err(|error| wrong("cert", cert, error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong("cert", cert, "holds no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong("key", key, error.to_string()))?;
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsProblem::Mismatch)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsProblem::Mismatch)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::load;

    #[test]
    fn what_is_missing_is_named() {
        let error = load(Path::new("/nonexistent.pem"), Path::new("/nonexistent.pem")).unwrap_err();
        assert!(error.to_string().starts_with("[tls] cert /nonexistent.pem: "), "{error}");
    }
}
