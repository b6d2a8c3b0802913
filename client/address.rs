//! Where a server is: one address for REST and the WebSocket.

use crate::ClientError;

/// The base address of a server, for example `http://127.0.0.1:8888`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Without a slash at its end.
    http: String,
    ws: String,
}

impl Address {
    /// Takes `http`, `https`, `ws` and `wss` addresses, also the one of `/ws` itself.
    pub fn parse(url: &str) -> Result<Self, ClientError> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| malformed(url))?;
        let rest = rest.trim_end_matches('/');
        let rest = rest.strip_suffix("/ws").unwrap_or(rest);
        if rest.is_empty() || rest.contains(['?', '#', ' ']) {
            return Err(malformed(url));
        }
        match scheme {
            "http" | "ws" => Ok(Self { http: format!("http://{rest}"), ws: format!("ws://{rest}/ws") }),
            "https" | "wss" if !cfg!(feature = "tls") => Err(ClientError::Address(format!(
                "{url}: encrypted connections need the feature `tls` of the SDK"
            ))),
            "https" | "wss" => Ok(Self { http: format!("https://{rest}"), ws: format!("wss://{rest}/ws") }),
            _ => Err(malformed(url)),
        }
    }

    pub fn websocket(&self) -> &str {
        &self.ws
    }

    /// The address of a route, for example `/api/auth/login`.
    pub fn route(&self, path: &str) -> String {
        format!("{}{path}", self.http)
    }
}

fn malformed(url: &str) -> ClientError {
    ClientError::Address(format!(
        "{url:?} is no server address; expected something like http://127.0.0.1:8888"
    ))
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn every_way_to_write_a_server_leads_to_the_same_two_doors() {
        for url in ["http://a:1", "http://a:1/", "ws://a:1", "ws://a:1/ws", "ws://a:1/ws/"] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.websocket(), "ws://a:1/ws", "{url}");
            assert_eq!(address.route("/api/status"), "http://a:1/api/status", "{url}");
        }
        assert_eq!(Address::parse("http://a/game").unwrap().websocket(), "ws://a/game/ws");
    }

    #[test]
    fn encrypted_addresses_need_their_feature() {
        let address = Address::parse("https://a/game");
        assert_eq!(
            address.map(|address| address.ws).ok(),
            cfg!(feature = "tls").then(|| "wss://a/game/ws".to_owned())
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["", "a:1", "ftp://a", "http://", "http://a b", "http://a/?x=1"] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
