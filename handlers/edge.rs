//! What every request handler holds: the world, the options, and what is counted at the door.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use actors::World;
use actors::clock::Clock;
use actors::limits::{Bucket, Buckets, Wait};
use protocol::{ErrorCode, ErrorMessage, SessionId};

use crate::Options;
use crate::census::Census;
use crate::once::UnderWay;
use crate::options::EdgeLimits;

/// Shared by all workers; cheap to clone.
#[derive(Clone)]
pub struct Edge(Arc<Inner>);

/// See [`Edge`].
pub struct Inner {
    pub world: World,
    pub options: Options,
    /// Open connections by address.
    pub census: Census,
    /// Named requests that are being served.
    pub under_way: UnderWay,
    /// `None` when `[limits] enabled = false`.
    pub limiters: Option<Limiters>,
}

/// The rates of the edge itself; those of the game are the world's.
pub struct Limiters {
    /// New connections, from everywhere.
    pub accept: Bucket,
    /// Those beyond that rate which are told so; the rest is cut.
    pub accept_told: Bucket,
    /// Requests by address.
    pub ip: Buckets<IpAddr>,
    /// Requests by session.
    pub session: Buckets<SessionId>,
    /// Registrations of a day, by address.
    pub register_day: Buckets<IpAddr>,
}

impl Edge {
    pub fn new(world: World, options: Options) -> Self {
        let limiters = options.limits.as_ref().map(|limits| Limiters::new(limits, world.clock()));
        Self(Arc::new(Inner {
            world,
            census: Census::default(),
            under_way: UnderWay::default(),
            limiters,
            options,
        }))
    }
}

impl Deref for Edge {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Limiters {
    fn new(limits: &EdgeLimits, clock: Clock) -> Self {
        Self {
            accept: Bucket::new(limits.accept, clock),
            accept_told: Bucket::new(limits.accept, clock),
            ip: Buckets::new(limits.ip, clock),
            session: Buckets::new(limits.session, clock),
            register_day: Buckets::new(limits.register_day, clock),
        }
    }

    /// To be called now and then, or the limiters remember everybody who ever came.
    pub fn forget_quiet(&self) {
        for addresses in [&self.ip, &self.register_day] {
            addresses.forget_quiet();
        }
        self.session.forget_quiet();
    }
}

/// What somebody is told who is too fast.
pub fn too_fast(wait: Wait) -> ErrorMessage {
    let wait_ms = wait.retry_after_ms;
    ErrorMessage::new(ErrorCode::RateLimited, format!("too many requests: try again in {wait_ms} ms"))
        .with("retry_after_ms", wait_ms)
}
