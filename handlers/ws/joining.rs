//! How a connection joins a session: by signing in, or by going on with one it dropped out of.

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use actors::outbox::Rewound;
use actors::session::{Attached, Inlet};
use protocol::auth::{AuthRequest, AuthResponse};
use protocol::session::{Resume, Resumed, SeqRange};
use protocol::world::WorldState;
use protocol::{ErrorCode, ErrorMessage, MessageId, ServerMessage, SessionId};

use crate::envelope::Arrival;
use crate::sign_in::{self, Identity};
use crate::ws::{Connection, Ctx, State};

impl Connection {
    /// Later frames wait until it is known who this is.
    pub(super) fn sign_in(&mut self, request: AuthRequest, id: Option<MessageId>, ctx: &mut Ctx) {
        let identified = sign_in::identify(self.edge.clone(), self.arrival.clone(), request);
        let (edge, dialect, address) = (self.edge.clone(), self.dialect, self.address());
        let joined = async move {
            let identity = identified.await?;
            let attached = edge.world.attach(identity.session, dialect, &address).await?;
            Ok((identity, attached))
        };
        ctx.wait(wrap_future(joined).map(move |joined, connection: &mut Self, ctx| match joined {
            Ok((identity, attached)) => connection.signed_in(identity, attached, id.as_ref(), ctx),
            Err(error) => connection.not_signed_in(&error, id.as_ref(), ctx),
        }));
    }

    pub(super) fn signed_in(
        &mut self,
        identity: Identity,
        attached: Attached,
        id: Option<&MessageId>,
        ctx: &mut Ctx,
    ) {
        let Identity { account, session, token } = identity;
        let Arrival { ip, request_id } = &self.arrival;
        log::info!("session {session}: connected from {ip}, request={request_id}");
        let response = AuthResponse {
            session_token: token,
            session_id: self.dialect.is_v1().then_some(session),
            resume_token: attached.resume_token.as_ref().map(|token| token.as_str().to_owned()),
            last_seq: self.dialect.is_v1().then_some(attached.last_seq),
            ..sign_in::welcome(account, self.unix_seconds())
        };
        self.tell(&ServerMessage::AuthResponse(response), id, ctx);
        self.join(attached.inlet, ctx);
    }

    /// From here on the body pulls from the outbox; what was told before goes out first.
    fn join(&mut self, inlet: Inlet, ctx: &mut Ctx) {
        // A session that began after the world was told to stop is not told so itself.
        if self.edge.world.is_draining() {
            inlet.detach();
            return self.close_for_restart(ctx);
        }
        self.line.join(inlet.link, inlet.outbox.clone());
        self.state = State::SignedIn(inlet);
    }

    /// Goes on with the session that this client dropped out of.
    pub(super) fn resume(&mut self, request: Resume, id: Option<MessageId>, ctx: &mut Ctx) {
        let (world, dialect, session) = (self.edge.world.clone(), self.dialect, request.session_id);
        let address = self.address();
        let resumed = async move {
            if !dialect.is_v1() {
                let reason = "resume: only the v1 dialects can; ask for a subprotocol shardmesh.v1";
                return Err(ErrorMessage::new(ErrorCode::Unsupported, reason));
            }
            let attached = world.resume(&request, dialect, &address).await?;
            let gap = attached.resumed.as_ref().is_some_and(|resumed| resumed.rewound.gap.is_some());
            let state = if gap { Some((*world.world_state().await?).clone()) } else { None };
            Ok((attached, state))
        };
        ctx.wait(wrap_future(resumed).map(move |resumed, connection: &mut Self, ctx| match resumed {
            Ok((attached, state)) => {
                connection.resumed(session, attached, state, id.as_ref(), ctx);
            }
            // What a stopping server refuses may be there when it has started again.
            Err(_) if connection.edge.world.is_draining() => connection.close_for_restart(ctx),
            Err(error) => connection.tell_error(error, id.as_ref(), ctx),
        }));
    }

    fn resumed(
        &mut self,
        session_id: SessionId,
        attached: Attached,
        state: Option<WorldState>,
        id: Option<&MessageId>,
        ctx: &mut Ctx,
    ) {
        let (Some(resumed), Some(token)) = (&attached.resumed, &attached.resume_token) else { return };
        let Rewound { from_seq, to_seq, gap } = resumed.rewound;
        let message = Resumed {
            session_id,
            resume_token: token.as_str().to_owned(),
            from_seq,
            to_seq,
            gap: gap.map(|(from_seq, to_seq)| SeqRange { from_seq, to_seq }),
        };
        self.tell(&ServerMessage::Resumed(message), id, ctx);
        if let Some(own_state) = &resumed.own_state {
            self.tell(own_state, None, ctx);
        }
        if let Some(state) = state {
            self.tell(&ServerMessage::WorldState(state), None, ctx);
        }
        self.join(attached.inlet, ctx);
    }

    /// A client that is signed in already may say so again; it can't become somebody else.
    pub(super) fn sign_in_again(&mut self, request: AuthRequest, id: Option<MessageId>, ctx: &mut Ctx) {
        let account = sign_in::account_of(self.edge.clone(), self.arrival.clone(), request);
        ctx.wait(wrap_future(account).map(move |account, connection: &mut Self, ctx| {
            let State::SignedIn(inlet) = &connection.state else { return };
            match account {
                Ok(account) if account == inlet.account => {
                    let response = AuthResponse {
                        session_id: connection.dialect.is_v1().then_some(inlet.session),
                        ..sign_in::welcome(account, connection.unix_seconds())
                    };
                    connection.tell(&ServerMessage::AuthResponse(response), id.as_ref(), ctx);
                }
                Ok(_) => {
                    let reason = "this connection is signed in to another account: open a new one";
                    let error = ErrorMessage::new(ErrorCode::Forbidden, reason);
                    connection.tell_not_signed_in(&error, id.as_ref(), ctx);
                }
                Err(error) => connection.tell_not_signed_in(&error, id.as_ref(), ctx),
            }
        }));
    }

    pub(super) fn not_signed_in(&mut self, error: &ErrorMessage, id: Option<&MessageId>, ctx: &mut Ctx) {
        if self.edge.world.is_draining() {
            return self.close_for_restart(ctx);
        }
        self.tell_not_signed_in(error, id, ctx);
    }

    pub(super) fn tell_not_signed_in(&self, error: &ErrorMessage, id: Option<&MessageId>, ctx: &mut Ctx) {
        let response = sign_in::unwelcome(error, self.unix_seconds());
        self.tell(&ServerMessage::AuthResponse(response), id, ctx);
    }
}
