//! What the edge may be told: limits, deadlines, origins. `src/settings.rs` fills it in.

use std::time::Duration;

use actors::options::Rate;
use ipnet::IpNet;

/// Everything the edge is set up with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The origin the world finds this server under, when it is not just the address it listens on.
    pub public_url: Option<String>,
    /// Cookies carry `Secure`: there is TLS, here or in front.
    pub secure_cookies: bool,
    /// Origins of other people's pages that may use the REST API and the WebSocket.
    pub allowed_origins: Vec<String>,
    /// Only these are believed about `X-Forwarded-For`.
    pub trusted_proxies: Vec<IpNet>,
    /// HTTP worker threads.
    pub workers: usize,
    /// How long a stop waits for requests and sockets.
    pub drain: Duration,
    /// How long a session cookie lives in a browser at most.
    pub cookie_age: Duration,
    pub http: HttpOptions,
    pub ws: WsOptions,
    /// `None` lifts rates and counts, for load tests.
    pub limits: Option<EdgeLimits>,
}

/// Deadlines and sizes of HTTP.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    pub head_timeout: Duration,
    /// A body is here within this time, or arrives at `body_rate_min` at least.
    pub body_timeout: Duration,
    /// Bytes a second.
    pub body_rate_min: u64,
    /// Bytes.
    pub body_max: usize,
    pub keep_alive: Duration,
    /// Connections at once, over all workers.
    pub connections_max: usize,
}

/// Deadlines and sizes of the WebSocket.
#[derive(Debug, Clone)]
pub struct WsOptions {
    /// Bytes.
    pub max_frame: usize,
    /// Bytes, all frames of a message together.
    pub max_message: usize,
    pub max_fragments: usize,
    pub preauth: Duration,
    pub preauth_messages: u32,
    pub preauth_bytes: usize,
    /// The pings a client may send.
    pub pings: Rate,
}

/// Rates and counts that `[limits] enabled = false` lifts.
#[derive(Debug, Clone)]
pub struct EdgeLimits {
    /// New connections, from everywhere.
    pub accept: Rate,
    pub connections_per_ip: usize,
    /// Requests by session.
    pub session: Rate,
    /// Requests by address.
    pub ip: Rate,
    /// Registrations by address, over a day.
    pub register_day: Rate,
}

#[cfg(test)]
impl Default for Options {
    fn default() -> Self {
        Self {
            public_url: None,
            secure_cookies: false,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            workers: 1,
            drain: Duration::from_secs(1),
            cookie_age: Duration::from_secs(3600),
            http: HttpOptions {
                head_timeout: Duration::from_secs(5),
                body_timeout: Duration::from_secs(10),
                body_rate_min: 1024,
                body_max: 65536,
                keep_alive: Duration::from_secs(15),
                connections_max: 100,
            },
            ws: WsOptions {
                max_frame: 16384,
                max_message: 65536,
                max_fragments: 16,
                preauth: Duration::from_secs(10),
                preauth_messages: 3,
                preauth_bytes: 4096,
                pings: Rate::new(5, 2000),
            },
            limits: None,
        }
    }
}
