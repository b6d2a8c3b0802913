//! How a host lets go what has landed, and how it comes back to what is on disk.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use actix::ActorContext;
use actix::fut::ActorFuture;
use log::Level;
use protocol::CharacterId;
use storage::{Pending, StoreError};

use crate::entity::{Ctx, Shell};
use crate::flight::Released;
use crate::host::{Host, Hosted, Reply};
use crate::repeats::answer_again;

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
        let host = &mut shell.entity;
        match host.land(cx) {
            Released::Failed(error) => {
                host.report("a commit failed", &error);
                host.give_up_flights(&error);
                host.go_back(ctx);
            }
            Released::Repeated(reply) => {
                host.answer_again(reply);
                host.go_back(ctx);
            }
            Released::Waiting | Released::Yielding => {}
            Released::Left | Released::All => host.end_if_empty(ctx),
        }
        Poll::Pending
    }
}

impl<V: Hosted> Host<V> {
    fn report(&self, what: &str, error: &StoreError) {
        // A step between the end of the store and that of the process is nobody's trouble.
        // That a character was taken or changed meanwhile is what the check is for.
        let level = match error {
            StoreError::Closed => Level::Debug,
            StoreError::Forgone
            | StoreError::StaleEpoch
            | StoreError::StaleSheet
            | StoreError::Conflict("character") => Level::Info,
            _ => Level::Error,
        };
        log::log!(level, "{} {} {what}: {error}", V::KIND, self.key);
    }

    fn answer_again(&self, reply: Option<Reply>) {
        if let Some(reply) = reply {
            answer_again(&self.world, reply);
        }
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
                        host.restore(record);
                    }
                    Poll::Ready(Err(error)) => {
                        host.report("can't be restored", &error);
                        ctx.stop();
                    }
                }
                return Poll::Ready(());
            }
            match host.land(cx) {
                Released::Waiting | Released::Yielding => return Poll::Pending,
                Released::Failed(error) => {
                    host.report("a commit failed", &error);
                    host.give_up_flights(&error);
                }
                Released::Repeated(reply) => {
                    host.answer_again(reply);
                    continue;
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
