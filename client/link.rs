//! The task behind a client: keeps a connection, sends commands, hands out what comes in.

mod comeback;

use std::sync::Arc;
use std::time::Duration;

use protocol::session::{Ack, Disconnect};
use protocol::{CharacterId, ClientMessage, Incoming, Malformed, ServerMessage};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::address::Address;
use crate::hear::Event;
use crate::inbox::Inbox;
use crate::link::comeback::Ticket;
use crate::notice::{End, Notice};
use crate::sequence::{Arrival, Sequence};
use crate::shared::{For, Open, OpenCommands, Request, Shared};
use crate::socket::{Read, Socket, Welcome, farewell};
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
    /// Dropped on purpose: without our half of a close.
    Cut,
    Closed {
        code: Option<u16>,
        why: String,
    },
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
    /// What opens the session again after a drop (v1).
    ticket: Option<Ticket>,
    /// Open commands are sent again as soon as everything that was missed is here.
    repeats: bool,
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
            ticket: None,
            repeats: false,
        }
    }

    /// Lives as long as the client does.
    pub async fn run(mut self, socket: Socket, welcome: Welcome) {
        self.welcomed(&welcome);
        let mut current = socket;
        let end = loop {
            let left = self.serve(&mut current).await;
            if matches!(left, Left::Asked) {
                self.say_goodbye(&mut current).await;
            }
            if !matches!(left, Left::Cut) {
                // Before anything else: the server waits for our half of the close.
                current.close().await;
            }
            drop(current);
            match self.next_connection(left).await {
                Ok(fresh) => current = fresh,
                Err(end) => break end,
            }
        };
        self.finish(end).await;
    }

    async fn serve(&mut self, socket: &mut Socket) -> Left {
        let lost = |why| Left::Closed { code: None, why };
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut heard = Instant::now();
        loop {
            if self.repeats
                && self.sequence.is_caught_up()
                && let Err(why) = self.send_again(socket).await
            {
                return lost(why);
            }
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
                request = self.requests.recv(), if !self.repeats && self.open.len() < OPEN_COMMANDS_MAX => {
                    let Some(request) = request else { return Left::Asked };
                    if let Err(why) = self.send(socket, request).await {
                        return lost(why);
                    }
                }
                () = self.shared.leave.notified() => return Left::Asked,
                () = self.shared.cut.notified() => return Left::Cut,
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
            For::Command(open) if others_hear(&incoming.message) => {
                self.answer(open, incoming.message.clone());
                self.inbox.put(Event::Message(incoming));
            }
            For::Command(open) => self.answer(open, incoming.message),
            For::Again => {}
            For::Nobody => self.inbox.put(Event::Message(incoming)),
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
        match self.open.answered(malformed.message_id.as_deref()) {
            For::Command(Open { reply: Some(reply), .. }) => {
                drop(reply.send(Err(ClientError::Malformed(malformed.reason))));
            }
            _ => self.inbox.tell(Notice::Unreadable { why: malformed.reason }),
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

/// Whether an answer is news for the handlers too: a line of one's own in the chat, where one is now, and what everybody of
/// a party or a fight hears, who would make no sense of the rest without what they caused themselves.
fn others_hear(answer: &ServerMessage) -> bool {
    use ServerMessage::{
        Chat, CombatAction, CombatStart, FactionChat, InventoryUpdate, LocationUpdate, PartyChat,
        PartyDisband, PartyKick, PartyUpdate, Whisper,
    };
    matches!(
        answer,
        Chat(_)
            | Whisper(_)
            | FactionChat(_)
            | PartyChat(_)
            | LocationUpdate(_)
            | PartyUpdate(_)
            | PartyKick(_)
            | PartyDisband(_)
            | CombatStart(_)
            | CombatAction(_)
            | InventoryUpdate(_)
    )
}
