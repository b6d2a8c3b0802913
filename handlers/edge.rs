//! What every request handler holds: the world, the options, and what is counted at the door.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use protocol::SessionId;

use crate::Options;
use crate::census::Census;
use crate::limiter::Limiter;
use crate::options::EdgeLimits;

/// Shared by all workers; cheap to clone.
#[derive(Clone)]
pub struct Edge(Arc<Inner>);

/// See [`Edge`].
pub struct Inner {
    pub options: Options,
    /// Open connections by address.
    pub census: Census,
    /// `None` when `[limits] enabled = false`.
    pub limiters: Option<Limiters>,
}

/// The rates of the edge itself; those of the game are the world's.
pub struct Limiters {
    /// Requests by address.
    pub ip: Limiter<IpAddr>,
    /// Requests by session.
    pub session: Limiter<SessionId>,
    /// Questions about the world, by address.
    pub world: Limiter<IpAddr>,
    /// Lists, by session.
    pub list: Limiter<SessionId>,
}

impl Edge {
    pub fn new(options: Options) -> Self {
        let limiters = options.limits.as_ref().map(Limiters::new);
        Self(Arc::new(Inner { census: Census::default(), limiters, options }))
    }
}

impl Deref for Edge {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Limiters {
    fn new(limits: &EdgeLimits) -> Self {
        Self {
            ip: Limiter::new(limits.ip, limits.keys),
            session: Limiter::new(limits.token, limits.keys),
            world: Limiter::new(limits.world, limits.keys),
            list: Limiter::new(limits.list, limits.keys),
        }
    }
}
