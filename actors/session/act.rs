//! What a session does about each message of its client.

use protocol::{ClientMessage, CloseCode, ErrorCode, ErrorMessage, ServerMessage};
use rules::party::PartyCommand;

use crate::clock::unix_seconds;
use crate::commands::Ticket;
use crate::entity::Ctx;
use crate::faults;
use crate::outbox::Farewell;
use crate::session::Session;

impl Session {
    /// Branches above, work below: every message a client may send, and who does it.
    pub(super) fn act(&mut self, ticket: Ticket, message: ClientMessage, ctx: &mut Ctx<Self>) {
        use protocol::messages::Vocabulary;
        faults::hit(message.name());
        match message {
            ClientMessage::AuthRequest(_) | ClientMessage::Resume(_) => {
                let error = ErrorMessage::new(ErrorCode::Conflict, "this connection is signed in already");
                self.refuse(&ticket, error);
            }
            ClientMessage::Disconnect(_) => {
                self.done(&ticket);
                self.outbox.end_link(Farewell::new(CloseCode::Normal, "goodbye"));
            }
            ClientMessage::Ping(_) => {
                let server_time = unix_seconds(self.wall_ms());
                self.answer(&ticket, ServerMessage::Pong(protocol::session::Pong { server_time }));
            }
            ClientMessage::Pong(_) | ClientMessage::Ack(_) => self.done(&ticket),
            ClientMessage::CharacterList(_) => self.list_characters(ticket, ctx),
            ClientMessage::CharacterSelect(which) => self.select(which.character_id, ticket, ctx),
            ClientMessage::CharacterCreate(request) => self.create_character(&request, ticket, ctx),
            ClientMessage::CharacterDelete(which) => self.delete_character(which.character_id, ticket, ctx),
            ClientMessage::CharacterUpdate(_) => self.tell_own_state(&ticket),
            ClientMessage::WorldState(_) => self.tell_world_state(ticket, ctx),
            ClientMessage::ShardStatus(_) => self.tell_shards(ticket, ctx),
            ClientMessage::Move(step) => self.walk(&step, ticket, ctx),
            ClientMessage::Chat(say) => self.chat(say, ticket, ctx),
            ClientMessage::Whisper(whisper) => self.whisper(whisper, ticket, ctx),
            ClientMessage::FactionChat(say) => self.faction_chat(&say, ticket),
            ClientMessage::WorldAnnouncement(announce) => self.announce(&announce, ticket),
            ClientMessage::Inventory(_) => self.tell_inventory(&ticket),
            ClientMessage::ItemEquip(which) => self.equip(which.item_id, ticket, ctx),
            ClientMessage::ItemUnequip(which) => self.unequip(which.item_id, ticket, ctx),
            ClientMessage::ItemUse(what) => self.use_up(&what, ticket, ctx),
            ClientMessage::ItemDrop(what) => self.drop_thing(what, ticket),
            ClientMessage::ItemPickup(what) => self.pick_up(what.ground_id, ticket),
            ClientMessage::VendorList(_) => self.tell_wares(&ticket),
            ClientMessage::VendorBuy(what) => self.buy(&what, ticket, ctx),
            ClientMessage::VendorSell(what) => self.sell(&what, ticket, ctx),
            ClientMessage::TradeRequest(request) => self.request_trade(request.recipient_id, ticket, ctx),
            ClientMessage::TradeUpdate(offer) => self.offer_trade(&offer, ticket),
            ClientMessage::TradeAccept(accept) => self.accept_trade(&accept, ticket),
            ClientMessage::TradeDecline(which) => self.decline_trade(&which.trade_id, ticket),
            ClientMessage::QuestUpdate(_) => self.tell_quests(&ticket),
            ClientMessage::CombatStart(request) => self.start_combat(&request, ticket, ctx),
            ClientMessage::CombatAction(act) => self.act_in_combat(act, ticket),
            ClientMessage::Block(whom) => self.block(whom, ticket, ctx),
            ClientMessage::Unblock(whom) => self.unblock(whom, ticket, ctx),
            ClientMessage::BlockList(_) => self.tell_blocked(ticket, ctx),
            ClientMessage::PartyChat(say) => {
                self.send_to_party(PartyCommand::Say { content: say.content.into_string() }, ticket);
            }
            ClientMessage::PartyCreate(request) => self.create_party(&request, ticket, ctx),
            ClientMessage::PartyInvite(invite) => self.invite_to_party(&invite, ticket, ctx),
            ClientMessage::PartyAccept(which) => self.accept_party(which.party_id, ticket, ctx),
            ClientMessage::PartyDecline(which) => self.decline_party(which.party_id, ticket, ctx),
            ClientMessage::PartyLeave(which) => self.send_to_own_party(&which, PartyCommand::Leave, ticket),
            ClientMessage::PartyKick(kick) => {
                self.send_to_party(PartyCommand::Kick { whom: kick.character_id }, ticket);
            }
            ClientMessage::PartyUpdate(change) => self.change_party(&change, ticket),
            ClientMessage::PartyDisband(which) => {
                self.send_to_own_party(&which, PartyCommand::Disband, ticket);
            }
        }
    }
}
