//! How a host lets go what has landed, and how it comes back to what is on disk.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use actix::ActorContext;
use actix::fut::ActorFuture;
use protocol::CharacterId;
use rules::venue::Member;
use storage::Pending;

use crate::entity::{Ctx, Shell};
use crate::flight::Released;
use crate::host::{Host, Hosted};

/// Releases flights for as long as the host lives.
pub(super) struct Lander;

impl<V: Hosted> ActorFuture<Shell<Host<V>>> for Lander {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        shell: &mut Shell<Host<V>>,
        ctx: &mut Ctx<Host<V>>,
        cx: &mut TaskContext,
    ) -> Poll<()> {
        if let Released::Failed(error) = shell.entity.land(cx) {
            log::error!("{} {}: a commit failed: {error}", V::KIND, shell.entity.key);
            shell.entity.give_up_flights();
            shell.entity.stumble(ctx);
        }
        Poll::Pending
    }
}

/// Brings a host (back) to what is on disk; the mailbox waits.
pub(super) enum Recovery<V: Hosted> {
    /// What is in flight lands first.
    Landing,
    Loading(Pending<V::Record>),
    /// Lands what is in flight, then ends: quarantined.
    Ending,
}

impl<V: Hosted> ActorFuture<Shell<Host<V>>> for Recovery<V> {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        shell: &mut Shell<Host<V>>,
        ctx: &mut Ctx<Host<V>>,
        cx: &mut TaskContext,
    ) -> Poll<()> {
        let host = &mut shell.entity;
        loop {
            if let Self::Loading(pending) = &mut *self {
                match Pin::new(pending).poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(record)) => {
                        let members: Vec<Member> =
                            host.seats.values().map(|seat| seat.member.clone()).collect();
                        host.venue = Some(V::restore(&host.key, &host.world, record, &members));
                    }
                    Poll::Ready(Err(error)) => {
                        log::error!("{} {} can't be restored: {error}", V::KIND, host.key);
                        ctx.stop();
                    }
                }
                return Poll::Ready(());
            }
            match host.land(cx) {
                Released::Waiting => return Poll::Pending,
                Released::Failed(error) => {
                    log::error!("{} {}: a commit failed: {error}", V::KIND, host.key);
                    host.give_up_flights();
                }
                Released::Left | Released::All => {}
            }
            if matches!(&*self, Self::Ending) {
                ctx.stop();
                return Poll::Ready(());
            }
            let members: Vec<CharacterId> = host.seats.keys().copied().collect();
            *self = Self::Loading(V::load(&host.key, &host.world, &members));
        }
    }
}
