//! How a link comes back after its connection is gone: by going on with the session, or by signing in.

use std::time::Duration;

use protocol::auth::AuthResponse;
use protocol::close::{CloseCode, Comeback};
use protocol::session::{Resume, Resumed};
use protocol::{Incoming, SessionId, Text};
use tokio::time::{Instant, sleep_until};

use crate::compose;
use crate::link::{Left, Link, OPEN_COMMANDS_MAX};
use crate::notice::{CUT, End, Notice};
use crate::shared::Request;
use crate::socket::{Socket, Welcome};

/// What opens a session again after a drop.
pub(super) struct Ticket {
    session_id: SessionId,
    resume_token: String,
}

impl Link {
    pub(super) async fn next_connection(&mut self, left: Left) -> Result<Socket, End> {
        match left {
            Left::Asked => Err(End::Asked),
            Left::Cut => self.come_back(CUT.to_owned()).await,
            Left::Closed { code, why } => match stay_away(code, &why) {
                Some(end) => Err(end),
                None => self.come_back(why).await,
            },
        }
    }

    /// Connects again, or says why it is over.
    async fn come_back(&mut self, mut why: String) -> Result<Socket, End> {
        let Some(backoff) = self.options.reconnect else {
            return Err(End::Lost { why });
        };
        let mut asked =
            self.goodbye.take().and_then(|goodbye| goodbye.retry_after_ms).map(Duration::from_millis);
        for attempt in 1..=backoff.attempts_max {
            let wait = backoff.wait(attempt, asked.take(), chance());
            self.inbox.tell(Notice::Reconnecting { attempt, wait, why });
            if !self.wait_for(wait).await {
                return Err(End::Asked);
            }
            match Socket::open(&self.address, &self.options, &self.token, self.claim()).await {
                Ok((socket, welcome)) => {
                    self.welcomed_back(&welcome);
                    return Ok(socket);
                }
                Err(error) if error.passes() => {
                    asked = error.retry_after();
                    why = error.to_string();
                }
                Err(error) => return Err(End::Lost { why: error.to_string() }),
            }
        }
        Err(End::Lost { why: format!("gave up after {} attempts: {why}", backoff.attempts_max) })
    }

    /// Waits, while the handlers go on hearing what came before. False when nobody wants to come back any more.
    async fn wait_for(&mut self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        loop {
            if self.requests.is_closed() {
                return false;
            }
            tokio::select! {
                () = sleep_until(until) => return true,
                () = self.shared.leave.notified() => return false,
                room = self.inbox.make_room(), if self.inbox.is_full() => {
                    if room.is_err() {
                        return false;
                    }
                }
            }
        }
    }

    /// What the server needs to go on with the session where we dropped out of it.
    fn claim(&self) -> Option<Resume> {
        let ticket = self.ticket.as_ref().filter(|_| self.options.spoken().is_v1())?;
        let resume_token = Text::new(ticket.resume_token.clone()).ok()?;
        Some(Resume { session_id: ticket.session_id, resume_token, last_seq: self.sequence.last()? })
    }

    /// A connection began.
    pub(super) fn welcomed(&mut self, welcome: &Welcome) {
        match welcome {
            Welcome::SignedIn(answer) => self.signed_in(answer),
            Welcome::Resumed(resumed) => self.resumed(resumed),
        }
    }

    fn signed_in(&mut self, welcome: &Incoming<AuthResponse>) {
        let answer = &welcome.message;
        let ticket = answer.session_id.zip(answer.resume_token.clone());
        self.ticket = ticket.map(|(session_id, resume_token)| Ticket { session_id, resume_token });
        let arrival = self.sequence.signed_in(answer.session_id, answer.last_seq);
        self.inbox.report(arrival);
        self.inbox.report(self.sequence.arrived(welcome.seq, Instant::now()));
    }

    fn resumed(&mut self, resumed: &Resumed) {
        let Resumed { session_id, resume_token, .. } = resumed.clone();
        self.ticket = Some(Ticket { session_id, resume_token });
        let arrival = self.sequence.resumed(resumed);
        self.inbox.report(arrival);
    }

    /// On a new connection: the character again where the session does not go on, then what had no answer yet, under
    /// its old name, so that nothing has its effect twice.
    fn welcomed_back(&mut self, welcome: &Welcome) {
        self.welcomed(welcome);
        self.open.forget_abandoned();
        match welcome {
            Welcome::Resumed(_) => self.inbox.tell(Notice::Resumed),
            Welcome::SignedIn(_) => {
                self.open.forget_own();
                if let Some(character) = self.character {
                    self.open.add(compose::select_character(character), None);
                }
                self.inbox.tell(Notice::Reconnected);
            }
        }
        self.catch_up();
        self.repeats = true;
    }

    /// Not before all that was missed is here: the answers may be among it.
    pub(super) async fn send_again(&mut self, socket: &mut Socket) -> Result<(), String> {
        self.repeats = false;
        for (name, message) in self.open.send_again() {
            let ack = self.sequence.ack();
            socket.send(&message, Some(&name), ack).await?;
        }
        Ok(())
    }

    /// Takes in what was asked for while nobody was connected. What was only told is out of date: where one was
    /// walking then.
    fn catch_up(&mut self) {
        while self.open.len() < OPEN_COMMANDS_MAX
            && let Ok(request) = self.requests.try_recv()
        {
            if let Request::Ask(message, reply) = request {
                self.open.add(message, Some(reply));
            }
        }
    }
}

/// The end, where the close code asks for it.
fn stay_away(code: Option<u16>, why: &str) -> Option<End> {
    let code = CloseCode::of_number(code?)?;
    match code.comeback() {
        Comeback::Again => None,
        Comeback::SignIn | Comeback::Fix | Comeback::Never => {
            Some(End::Closed { code: code.number(), reason: why.to_owned() })
        }
    }
}

/// A number from 0 to 1.
fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::stay_away;

    #[test]
    fn it_comes_back_only_where_that_makes_sense() {
        for code in [Some(1000), Some(1001), Some(1006), Some(1011), Some(1012), Some(1013), None] {
            assert!(stay_away(code, "").is_none(), "{code:?}");
        }
        for code in [1002, 1007, 1008, 1009, 4001, 4002, 4003, 4004] {
            assert!(stay_away(Some(code), "").is_some(), "{code}");
        }
    }
}
