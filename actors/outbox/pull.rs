//! How a connection takes what waits for it.

use protocol::Dialect;

use crate::bells::Bell;
use crate::frame::SharedFrame;
use crate::outbox::link::{Farewell, LinkNumber, Ping};
use crate::outbox::{Inner, Outbox};

/// What a connection gets when it pulls.
#[derive(Debug, PartialEq, Eq)]
pub enum Pulled {
    /// Something was handed over; `ping` asks for a ping frame too. Without `more` that was all, and the bell is rung when there
    /// is something again.
    Some { ping: bool, more: bool },
    /// Nothing now; the bell is rung when there is.
    Idle,
    /// Say goodbye and end.
    Ended(Farewell),
}

impl Outbox {
    /// Hands what may go out, up to about `bytes_max`, to `write`: the number of an event in a dialect that has them, and
    /// the encoded message.
    pub fn pull(
        &self,
        number: LinkNumber,
        bytes_max: usize,
        write: &mut dyn FnMut(Option<u64>, &[u8]),
        bell: &Bell,
    ) -> Pulled {
        let dialect = self.dialect();
        let mut inner = self.lock();
        if !inner.is_current(number) {
            return Pulled::Ended(inner.farewell_of(number));
        }
        let bytes = self.take(&mut inner, dialect, bytes_max, write);
        let Inner { link, tally, .. } = &mut *inner;
        let Some(link) = link.as_mut() else {
            return Pulled::Idle;
        };
        link.is_jammed = false;
        let ping = link.ping == Ping::Due;
        if ping {
            link.ping = Ping::Sent;
            tally.pings += 1;
        }
        let has_some = bytes > 0 || ping;
        if let Some(ending) = &link.ending {
            return if has_some {
                Pulled::Some { ping, more: true }
            } else {
                Pulled::Ended(ending.farewell.clone())
            };
        }
        let more = bytes >= bytes_max;
        if !more {
            link.is_asleep = true;
            link.bell.get_or_insert_with(|| bell.clone());
        }
        if has_some { Pulled::Some { ping, more } } else { Pulled::Idle }
    }

    /// The socket of this connection takes nothing now. It does again when it pulls.
    pub fn jam(&self, number: LinkNumber) {
        let mut inner = self.lock();
        if inner.is_current(number)
            && let Some(link) = inner.link.as_mut()
        {
            link.is_jammed = true;
        }
    }

    /// Returns for how many bytes that was.
    fn take(
        &self,
        inner: &mut Inner,
        dialect: Dialect,
        bytes_max: usize,
        write: &mut dyn FnMut(Option<u64>, &[u8]),
    ) -> usize {
        let until = inner.link.as_ref().and_then(|link| link.ending.as_ref()).map(|ending| ending.last_seq);
        let cipher = self.cipher.as_deref();
        let mut bytes = 0;
        let is_v1 = dialect.is_v1();
        inner.ring.send(until, is_v1, |event| {
            let text = event.frame.encoded(dialect, cipher);
            bytes += text.len();
            write(is_v1.then_some(event.seq), text);
            bytes < bytes_max
        });
        if until.is_none() && bytes < bytes_max {
            inner.state.drain(|frame: &SharedFrame| {
                let text = frame.encoded(dialect, cipher);
                bytes += text.len();
                write(None, text);
            });
        }
        bytes
    }
}
