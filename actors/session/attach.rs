//! Connections of a session: a new one that signed in, one that comes back after a drop.

use std::sync::Arc;

use protocol::{Dialect, ErrorCode, ErrorMessage, ServerMessage};
use tokio::sync::oneshot;

use crate::entity::{Ctx, Entity};
use crate::faults;
use crate::limits::Bucket;
use crate::outbox::{LinkNumber, Rewound};
use crate::session::inlet::Slot;
use crate::session::{Inlet, Session};
use crate::tokens::Token;

/// What a new connection learns of the session it joined.
pub struct Attached {
    pub inlet: Inlet,
    /// The number of the last event that went out before.
    pub last_seq: u64,
    /// Opens the session again after a drop; only for dialects that can resume.
    pub resume_token: Option<Token>,
    /// Only for one that resumed.
    pub resumed: Option<Resumed>,
}

/// What somebody who comes back gets first.
#[derive(Debug)]
pub struct Resumed {
    pub rewound: Rewound,
    /// After a gap: how the character stands now.
    pub own_state: Option<ServerMessage>,
}

/// A `resume`, its token read.
#[derive(Debug, Clone)]
pub struct ResumeClaim {
    pub token: Token,
    pub last_seq: u64,
    pub dialect: Dialect,
    pub address: Arc<str>,
}

/// Why a session can't be resumed: whoever it is has to sign in anew.
pub fn resume_expired() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::ResumeExpired, "this session can't be resumed: sign in again")
}

impl Session {
    pub(super) fn attach(
        &mut self,
        dialect: Dialect,
        address: Arc<str>,
        to: oneshot::Sender<Attached>,
        ctx: &mut Ctx<Self>,
    ) {
        faults::hit("session.attach");
        self.limits.come_from(address);
        let (link, last_seq) = self.outbox.attach(dialect, self.world.clock().mono_ms());
        let resume_token = dialect.is_v1().then(|| self.outbox.with_keys(|keys| keys.renew()));
        if let Some(attached) = self.attached(link, last_seq, resume_token, None) {
            self.welcome(link, attached, |attached| to.send(attached).is_ok(), ctx);
            self.read_up(ctx);
            self.look_at_trade();
            self.look_at_party();
        }
    }

    pub(super) fn resume(
        &mut self,
        claim: &ResumeClaim,
        to: oneshot::Sender<Result<Attached, ErrorMessage>>,
        ctx: &mut Ctx<Self>,
    ) {
        let opens = self.row.is_some() && self.outbox.with_keys(|keys| keys.open(&claim.token));
        let now_ms = self.world.clock().mono_ms();
        let resumed = opens.then(|| self.outbox.resume(claim.dialect, claim.last_seq, now_ms)).flatten();
        let Some((link, rewound)) = resumed else {
            // Whoever asked may have given up.
            let _ = to.send(Err(resume_expired()));
            return;
        };
        self.limits.come_from(claim.address.clone());
        let resume_token = Some(self.outbox.with_keys(|keys| keys.renew_for(&claim.token)));
        let own_state = rewound.gap.and_then(|_| self.own_state());
        let missed = rewound.gap.is_some();
        let resumed = Resumed { rewound, own_state };
        if let Some(attached) = self.attached(link, claim.last_seq, resume_token, Some(resumed)) {
            self.welcome(link, attached, |attached| to.send(Ok(attached)).is_ok(), ctx);
            if missed {
                self.look_at_trade();
                self.look_at_party();
            }
        }
    }

    fn attached(
        &self,
        link: LinkNumber,
        last_seq: u64,
        resume_token: Option<Token>,
        resumed: Option<Resumed>,
    ) -> Option<Attached> {
        let inlet = Inlet {
            account: self.row.as_ref()?.account_id,
            session: self.id,
            link,
            outbox: self.outbox.clone(),
            slot: Slot {
                world: self.world.clone(),
                session: self.id,
                door: self.world.sessions().running(&self.id)?,
                outbox: self.outbox.clone(),
            },
            arbiter: Session::arbiter(&self.world, &self.id),
            may_wait: false,
            messages: self.limits.messages(),
            acks: Bucket::new(self.world.options().rates.acks, self.world.clock()),
        };
        Some(Attached { inlet, last_seq, resume_token, resumed })
    }

    /// Hands the connection its session, and tells it where its character is.
    fn welcome(
        &mut self,
        link: LinkNumber,
        attached: Attached,
        hand_over: impl FnOnce(Attached) -> bool,
        ctx: &mut Ctx<Self>,
    ) {
        if hand_over(attached) {
            self.look(ctx);
            self.look_at_fight();
        } else {
            self.outbox.detach(link, self.world.clock().mono_ms());
        }
    }
}
