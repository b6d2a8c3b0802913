//! TLS for REST and the WebSocket alike: one configuration, made at its first use.

use std::sync::{Arc, OnceLock};

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use crate::ClientError;

/// # Errors
/// [`ClientError::Address`] when the system trusts nobody.
pub(crate) fn config() -> Result<Arc<ClientConfig>, ClientError> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    let made = make()?;
    Ok(CONFIG.get_or_init(|| made).clone())
}

fn make() -> Result<Arc<ClientConfig>, ClientError> {
    let found = rustls_native_certs::load_native_certs();
    let mut trusted = RootCertStore::empty();
    let (added, unusable) = trusted.add_parsable_certificates(found.certs);
    log::debug!("{added} certificates are trusted, {unusable} can't be used");
    if added == 0 {
        let why = found.errors.first().map_or_else(|| "there are none".to_owned(), ToString::to_string);
        return Err(ClientError::Address(format!("no certificate authorities on this system: {why}")));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring serves the default versions")
        .with_root_certificates(trusted)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
