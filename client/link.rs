//! The task behind a client: keeps a connection, sends commands, hands out what comes in.

use std::sync::Arc;
use std::time::Duration;

use protocol::auth::AuthResponse;
use protocol::close::{CloseCode, Comeback};
use protocol::session::{Ack, Disconnect};
use protocol::{CharacterId, ClientMessage, Incoming, Malformed, ServerMessage};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::address::Address;
use crate::hear::Event;
use crate::inbox::Inbox;
use crate::notice::{End, Notice};
use crate::sequence::{Arrival, Sequence};
use crate::shared::{Open, OpenCommands, Request, Shared};
use crate::socket::{Read, Socket, farewell};
use crate::{ClientError, Options, compose};

/// So many commands may wait for their answers; more wait to be sent.
const OPEN_COMMANDS_MAX: usize = 64;
/// How often the link looks after acknowledgements and silence.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The server pings every 15 s: after this silence we ask, and after [`SILENCE_MAX`] the line is dead.
const ASK_AFTER: Duration = Duration::from_secs(25);
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// Why a connection was left.
enum Left {
    Asked,
    Closed { code: Option<u16>, why: String },
}

pub(crate) struct Link {
    address: Address,
    options: Options,
    token: String,
    shared: Arc<Shared>,
    requests: mpsc::Receiver<Request>,
    inbox: Inbox,
    open: OpenCommands,
    character: Option<CharacterId>,
    sequence: Sequence,
    goodbye: Option<Disconnect>,
}

impl Link {
    pub fn new(
        (address, options, token): (Address, Options, String),
        shared: Arc<Shared>,
        requests: mpsc::Receiver<Request>,
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self {
            address,
            options,
            token,
            shared,
            requests,
            inbox: Inbox::new(events),
            open: OpenCommands::new(),
            character: None,
            sequence: Sequence::default(),
            goodbye: None,
        }
    }

    /// Lives as long as the client does.
    pub async fn run(mut self, socket: Socket, welcome: Incoming<AuthResponse>) {
        self.signed_in(&welcome);
        let mut current = socket;
        let end = loop {
            let left = self.serve(&mut current).await;
            if matches!(left, Left::Asked) {
                self.say_goodbye(&mut current).await;
            }
            // Before anything else: the server waits for our half of the close.
            current.close().await;
            drop(current);
            match self.next_connection(left).await {
                Ok(fresh) => current = fresh,
                Err(end) => break end,
            }
        };
        self.finish(end).await;
    }

    async fn next_connection(&mut self, left: Left) -> Result<Socket, End> {
        let Left::Closed { code, why } = left else { return Err(End::Asked) };
        match stay_away(code, &why) {
            Some(end) => Err(end),
            None => self.come_back(why).await,
        }
    }

    fn signed_in(&mut self, welcome: &Incoming<AuthResponse>) {
        let answer = &welcome.message;
        let arrival = self.sequence.signed_in(answer.session_id, answer.last_seq);
        self.inbox.report(arrival);
        self.inbox.report(self.sequence.arrived(welcome.seq, Instant::now()));
    }

    async fn serve(&mut self, socket: &mut Socket) -> Left {
        let lost = |why| Left::Closed { code: None, why };
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                read = socket.read(), if !self.inbox.is_full() => {
                    heard = Instant::now();
                    if let Some(left) = self.took(read, heard) {
                        return left;
                    }
                    if let Err(why) = self.acknowledge(socket, heard).await {
                        return lost(why);
                    }
                }
                room = self.inbox.make_room(), if self.inbox.is_full() => {
                    if room.is_err() {
                        return Left::Asked;
                    }
                    // Nothing was read meanwhile: that is no silence of the server.
                    heard = Instant::now();
                }
                request = self.requests.recv(), if self.open.len() < OPEN_COMMANDS_MAX => {
                    let Some(request) = request else { return Left::Asked };
                    if let Err(why) = self.send(socket, request).await {
                        return lost(why);
                    }
                }
                () = self.shared.leave.notified() => return Left::Asked,
                _ = looks.tick() => {
                    if let Err(why) = self.look(socket, heard).await {
                        return lost(why);
                    }
                }
            }
        }
    }

    async fn look(&mut self, socket: &mut Socket, heard: Instant) -> Result<(), String> {
        let now = Instant::now();
        self.open.forget_abandoned();
        let silence = now.duration_since(heard);
        if silence > SILENCE_MAX {
            return Err(format!("nothing was heard of the server for {} s", silence.as_secs()));
        }
        if silence > ASK_AFTER {
            socket.ping().await?;
        }
        self.acknowledge(socket, now).await
    }

    async fn acknowledge(&mut self, socket: &mut Socket, now: Instant) -> Result<(), String> {
        if !self.options.spoken().is_v1() {
            return Ok(());
        }
        match self.sequence.ack_due(now) {
            Some(seq) => socket.send(&ClientMessage::Ack(Ack { seq }), None, None).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, socket: &mut Socket, request: Request) -> Result<(), String> {
        let ack = self.sequence.ack();
        match request {
            Request::Tell(message) => socket.send(&message, None, ack).await,
            Request::Ask(message, reply) => {
                let name = self.open.add(message.clone(), Some(reply));
                socket.send(&message, Some(&name), ack).await
            }
        }
    }

    fn took(&mut self, read: Read, now: Instant) -> Option<Left> {
        match read {
            Read::Alive => None,
            Read::Message(incoming) => {
                self.understand(incoming, now);
                None
            }
            Read::Unreadable(malformed) => {
                self.puzzled(malformed);
                None
            }
            Read::Closed(frame) => {
                let code = frame.as_ref().map(|frame| frame.code.into());
                let why = self
                    .goodbye
                    .as_ref()
                    .map_or_else(|| farewell(frame.as_ref()), |said| said.reason.clone());
                Some(Left::Closed { code, why })
            }
            Read::Lost(why) => {
                let code = self.goodbye.as_ref().map(|goodbye| goodbye.code);
                Some(Left::Closed { code, why })
            }
        }
    }

    fn understand(&mut self, incoming: Box<Incoming<ServerMessage>>, now: Instant) {
        let arrival = self.sequence.arrived(incoming.seq, now);
        self.inbox.report(arrival);
        if matches!(arrival, Arrival::Again { .. }) {
            return;
        }
        self.shared.nearby().learn(&incoming.message, now.into_std());
        if let ServerMessage::Disconnect(goodbye) = &incoming.message {
            self.goodbye = Some(goodbye.clone());
        }
        match self.open.answered(incoming.message_id.as_deref()) {
            Some(open) if others_hear(&incoming.message) => {
                self.answer(open, incoming.message.clone());
                self.inbox.put(Event::Message(incoming));
            }
            Some(open) => self.answer(open, incoming.message),
            None => self.inbox.put(Event::Message(incoming)),
        }
    }

    fn answer(&mut self, open: Open, message: ServerMessage) {
        match (&open.message, &message) {
            (ClientMessage::CharacterSelect(_), ServerMessage::CharacterSelect(answer)) => {
                self.character = Some(answer.character.id);
                self.shared.nearby().become_character(answer.character.id, answer.character.location_id);
            }
            (ClientMessage::CharacterSelect(_), ServerMessage::Error(error)) if open.reply.is_none() => {
                self.character = None;
                let why = error.error_message.clone();
                self.inbox.tell(Notice::CharacterLost { why });
            }
            _ => {}
        }
        let Some(reply) = open.reply else { return };
        let result = match message {
            ServerMessage::Error(error) | ServerMessage::InvalidMessage(error) => Err(error.into()),
            message => Ok(message),
        };
        if reply.send(result).is_err() {
            log::debug!("an answer came after its caller had gone");
        }
    }

    fn puzzled(&mut self, malformed: Malformed) {
        let open = self.open.answered(malformed.message_id.as_deref());
        match open.and_then(|open| open.reply) {
            Some(reply) => drop(reply.send(Err(ClientError::Malformed(malformed.reason)))),
            None => self.inbox.tell(Notice::Unreadable { why: malformed.reason }),
        }
    }

    async fn say_goodbye(&mut self, socket: &mut Socket) {
        // What was told just before leaving still goes out.
        while let Ok(request) = self.requests.try_recv() {
            if self.send(socket, request).await.is_err() {
                return;
            }
        }
        let ack = self.sequence.ack();
        if let Err(why) = socket.send(&compose::leave(), None, ack).await {
            log::debug!("left without a goodbye: {why}");
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
            match Socket::open(&self.address, &self.options, &self.token).await {
                Ok((mut socket, welcome)) => match self.resume(&mut socket, &welcome).await {
                    Ok(()) => return Ok(socket),
                    Err(lost) => why = lost,
                },
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

    /// On a new connection: the character again, then what had no answer yet, under its old name, so that
    /// nothing has its effect twice.
    async fn resume(&mut self, socket: &mut Socket, welcome: &Incoming<AuthResponse>) -> Result<(), String> {
        self.signed_in(welcome);
        self.open.forget_own();
        self.open.forget_abandoned();
        if let Some(character) = self.character {
            // Before the commands, whose answers depend on it, though its own name is newer.
            let message = compose::select_character(character);
            let name = self.open.add(message.clone(), None);
            socket.send(&message, Some(&name), None).await?;
        }
        self.catch_up();
        for (name, message) in self.open.awaited() {
            socket.send(message, Some(&name), None).await?;
        }
        self.inbox.tell(Notice::Reconnected);
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

    /// Tells everybody who waits, the handlers last.
    async fn finish(mut self, end: End) {
        self.shared.end(end.clone());
        let error = ClientError::Ended(end.to_string());
        self.requests.close();
        while let Ok(request) = self.requests.try_recv() {
            if let Request::Ask(_, reply) = request {
                drop(reply.send(Err(error.clone())));
            }
        }
        self.open.fail(&error);
        self.inbox.finish(end).await;
    }
}

/// Whether an answer is news for the handlers too: a line of one's own in the chat, where one is now.
fn others_hear(answer: &ServerMessage) -> bool {
    use ServerMessage::{Chat, FactionChat, LocationUpdate, PartyChat, Whisper};
    matches!(answer, Chat(_) | Whisper(_) | FactionChat(_) | PartyChat(_) | LocationUpdate(_))
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
