//! What a player does in fights, about parties and about trades.

use protocol::combat::{Act, ActionType};
use protocol::ids::ItemId;
use protocol::trade::OfferTrade;
use protocol::{CharacterId, ErrorCode, ServerMessage, Text};
use tokio::io::AsyncWrite;

use crate::terminal::arguments::kind_or_item;
use crate::terminal::command::{Combat, Goods, Party, Trade};
use crate::terminal::game::{Answer, Game};
use crate::terminal::scene::{Fight, Window};
use crate::terminal::show;
use crate::{Accepted, ClientError, Thing, compose};

const NO_FIGHT: &str = "You are in no fight; /fight begins one.";
const NO_TRADE: &str = "You are in no trade; /trade NAME asks for one.";
const NO_PARTY: &str = "You are in no party; /party create makes one.";

impl<W: AsyncWrite + Unpin> Game<W> {
    pub async fn fight(&mut self, combat: Combat) -> Result<Answer, ClientError> {
        let (action_type, manner, target) = match combat {
            Combat::Begin(whom) => return self.begin(whom).await,
            Combat::Attack { manner, target } => {
                (ActionType::Attack, manner.map(str::to_owned), Some(target).filter(|name| !name.is_empty()))
            }
            Combat::Defend(manner) => (ActionType::Defend, manner, None),
            Combat::Cast(typed) => return self.cast(&typed).await,
            Combat::Flee => (ActionType::Flee, None, None),
        };
        let Some(fight) = &self.scene.fight else { return Ok(NO_FIGHT.into()) };
        let target_id = match target {
            None => None,
            Some(name) => match fight.split_target(&name, self.scene.me) {
                ("", Some(id)) => Some(id),
                _ => return Ok(nobody_there(fight, &name)),
            },
        };
        let mut act = compose::combat_action(fight.id.as_str(), action_type)?;
        act.ability_name = manner.map(Text::new).transpose()?;
        act.target_id = target_id;
        self.act(act).await
    }

    async fn begin(&self, whom: Option<String>) -> Result<Answer, ClientError> {
        let kind = match whom {
            None => None,
            Some(name) => match self.find(&name) {
                Some(player) => {
                    self.client.challenge(player.character_id).await?;
                    return Ok(Answer::default());
                }
                // A kind is written as the content does, however it was shown.
                None => Some(name.to_lowercase().replace(' ', "_")),
            },
        };
        self.client.fight(kind.as_deref()).await?;
        Ok(Answer::default())
    }

    async fn cast(&mut self, typed: &str) -> Result<Answer, ClientError> {
        let Some(fight) = &self.scene.fight else { return Ok(NO_FIGHT.into()) };
        let (name, target_id) = self.scene.split_ability(fight, typed);
        let mut act = compose::combat_action(fight.id.as_str(), ActionType::Spell)?;
        // Without a name the refusal says which there are.
        act.ability_name = (!name.is_empty()).then(|| Text::new(name)).transpose()?;
        act.target_id = target_id;
        self.act(act).await
    }

    /// In a fight it is a move.
    pub async fn use_up(&mut self, typed: &str) -> Result<Answer, ClientError> {
        let Some(fight) = &self.scene.fight else {
            let Some(what) = kind_or_item(typed) else {
                return Ok("Like this: /use KIND, or /use ID".into());
            };
            self.client.use_item(what).await?;
            return Ok(Answer::default());
        };
        let (what, target_id) = fight.split_target(typed, self.scene.me);
        let mut act = compose::combat_action(fight.id.as_str(), ActionType::Item)?;
        match kind_or_item(what) {
            Some(Thing::Item(ItemId(id))) => act.item_id = Some(ItemId(id)),
            Some(Thing::Some { kind, .. }) => act.item_kind = Some(Text::new(kind)?),
            None => return Ok("Like this: /use KIND, or /use ID, and whom it is for behind it".into()),
        }
        act.target_id = target_id;
        self.act(act).await
    }

    async fn act(&mut self, act: Act) -> Result<Answer, ClientError> {
        let acted = self.client.send_combat_action(act).await;
        if acted.as_ref().is_err_and(|error| is_gone(error, "combat_id")) {
            // Its end was not heard.
            self.scene.fight = None;
        }
        acted.map(|_| Answer::default())
    }

    pub async fn party(&mut self, party: Party) -> Result<Answer, ClientError> {
        let client = &self.client;
        match party {
            Party::Show => {
                return Ok(self
                    .scene
                    .party
                    .as_ref()
                    .map_or_else(|| NO_PARTY.into(), |party| show::party(party).into()));
            }
            Party::Create(name) => drop(client.create_party(&name).await?),
            Party::Invite(name) => {
                let Some(player) = self.find(&name) else { return Ok(nobody_near(&name)) };
                let invite = client.invite_to_party(player.character_id).await?;
                return Ok(ServerMessage::PartyInvite(invite).into());
            }
            Party::Accept => drop(client.accept_party(None).await?),
            Party::Decline => {
                client.decline_party(None).await?;
                return Ok("You do not come into that party.".into());
            }
            Party::Leave => {
                client.leave_party().await?;
                self.scene.party = None;
                return Ok("You are out of the party.".into());
            }
            Party::Kick(name) => {
                let Some(id) = self.mate(&name) else {
                    return Ok(format!("Nobody in your party is called {name}; /party lists who is.").into());
                };
                client.kick_from_party(id).await?;
            }
            Party::Loot(sharing) => drop(client.share_loot(sharing).await?),
            Party::Disband => drop(client.disband_party().await?),
        }
        Ok(Answer::default())
    }

    fn mate(&self, name: &str) -> Option<CharacterId> {
        let party = self.scene.party.as_ref()?;
        let at = party.member_names.iter().position(|mate| mate.to_lowercase() == name.to_lowercase())?;
        party.member_ids.get(at).copied()
    }

    pub async fn trade(&mut self, trade: Trade) -> Result<Answer, ClientError> {
        let Some(Window { id, version, .. }) = self.scene.trade.clone() else {
            return match trade {
                Trade::Ask(name) => self.ask_to_trade(&name).await,
                _ => Ok(NO_TRADE.into()),
            };
        };
        let dealt = match trade {
            Trade::Ask(name) => return self.ask_to_trade(&name).await,
            Trade::Offer(goods) => self.offer(&id, goods).await,
            Trade::Agree => self.client.accept_trade(&id, version).await.map(|accepted| match accepted {
                Accepted::Waiting(update) => ServerMessage::TradeUpdate(update).into(),
                Accepted::Complete(complete) => ServerMessage::TradeComplete(complete).into(),
            }),
            Trade::Decline => {
                let declined = self.client.decline_trade(&id).await;
                declined.map(|()| self.scene.end_trade(&id)).map(|()| "Nothing is traded.".into())
            }
        };
        if dealt.as_ref().is_err_and(|error| is_gone(error, "trade_id")) {
            self.scene.end_trade(&id);
        }
        dealt
    }

    async fn ask_to_trade(&mut self, name: &str) -> Result<Answer, ClientError> {
        let Some(player) = self.find(name) else { return Ok(nobody_near(name)) };
        let request = self.client.request_trade(player.character_id).await?;
        let with = player.character_name;
        let text = format!("-- {with} is asked to trade; /offer something, or /decline");
        self.scene.trade = Some(Window { id: request.trade_id, with, version: 0, accepts: 0 });
        Ok(text.into())
    }

    async fn offer(&self, id: &str, goods: Goods) -> Result<Answer, ClientError> {
        let (items, stacks, souls) = (goods.items, goods.stacks, goods.souls);
        let offer = OfferTrade { trade_id: Text::new(id)?, items, stacks, souls };
        Ok(ServerMessage::TradeUpdate(self.client.offer_trade(offer).await?).into())
    }
}

/// Whether the server knows nothing of what `field` names.
fn is_gone(error: &ClientError, field: &str) -> bool {
    let ClientError::Refused { details, .. } = error else { return false };
    error.code() == Some(ErrorCode::NotFound) && details.get("field").is_some_and(|named| named == field)
}

fn nobody_near(name: &str) -> Answer {
    format!("Nobody near is called {name}; /who lists who is.").into()
}

fn nobody_there(fight: &Fight, name: &str) -> Answer {
    let names: Vec<&str> = fight.participants.iter().map(|one| one.name.as_str()).collect();
    format!("Nobody in this fight is called {name}; there are {}.", names.join(", ")).into()
}

#[cfg(test)]
mod tests {
    use protocol::{ErrorCode, ErrorMessage};

    use super::is_gone;

    #[test]
    fn a_trade_is_gone_when_the_server_knows_none_of_its_name() {
        for (code, field, gone) in [
            (ErrorCode::NotFound, "trade_id", true),
            (ErrorCode::NotFound, "items", false),
            (ErrorCode::Conflict, "trade_id", false),
        ] {
            let refused = ErrorMessage::new(code, "no").with("field", field).into();
            assert_eq!(is_gone(&refused, "trade_id"), gone, "{refused:?}");
        }
    }
}
