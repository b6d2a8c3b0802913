//! What a player does in fights, about parties and about trades.

use protocol::combat::{Act, ActionType};
use protocol::ids::ItemId;
use protocol::trade::OfferTrade;
use protocol::{CharacterId, ErrorCode, ServerMessage, Text};
use tokio::io::AsyncWrite;

use crate::terminal::arguments::kind_or_item;
use crate::terminal::command::{Combat, Party, Trade};
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
        let (name, target_id) = fight.split_target(typed, self.scene.me);
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
        if acted
            .as_ref()
            .is_err_and(|error| error.code() == Some(ErrorCode::NotFound) && names_the_combat(error))
        {
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
        let window = self.scene.trade.as_ref();
        let answer = match (trade, window) {
            (Trade::Ask(name), _) => {
                let Some(player) = self.find(&name) else { return Ok(nobody_near(&name)) };
                let request = self.client.request_trade(player.character_id).await?;
                let text =
                    format!("-- {} is asked to trade; /offer something, or /decline", player.character_name);
                self.scene.trade =
                    Some(Window { id: request.trade_id, with: player.character_name, version: 0 });
                return Ok(text.into());
            }
            (_, None) => return Ok(NO_TRADE.into()),
            (Trade::Offer(goods), Some(window)) => {
                let (items, stacks, souls) = (goods.items, goods.stacks, goods.souls);
                let offer = OfferTrade { trade_id: Text::new(window.id.as_str())?, items, stacks, souls };
                ServerMessage::TradeUpdate(self.client.offer_trade(offer).await?)
            }
            (Trade::Agree, Some(window)) => match self.client.accept_trade(&window.id, window.version).await?
            {
                Accepted::Waiting(update) => ServerMessage::TradeUpdate(update),
                Accepted::Complete(complete) => ServerMessage::TradeComplete(complete),
            },
            (Trade::Decline, Some(window)) => {
                self.client.decline_trade(&window.id).await?;
                self.scene.trade = None;
                return Ok("Nothing is traded.".into());
            }
        };
        Ok(answer.into())
    }
}

fn names_the_combat(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { details, .. } if details.get("field").is_some_and(|field| field == "combat_id"))
}

fn nobody_near(name: &str) -> Answer {
    format!("Nobody near is called {name}; /who lists who is.").into()
}

fn nobody_there(fight: &Fight, name: &str) -> Answer {
    let names: Vec<&str> = fight.participants.iter().map(|one| one.name.as_str()).collect();
    format!("Nobody in this fight is called {name}; there are {}.", names.join(", ")).into()
}
