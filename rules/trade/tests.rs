//! The window as a state machine: who may do what when, and that only what both saw is settled.

use protocol::ids::ItemId;
use protocol::trade::{OfferTrade, Portion};
use protocol::{CharacterId, ErrorCode, ServerMessage, Text};
use rand::SeedableRng;

use super::{Trade, TradeCommand, TradeEntry, check_offer};
use crate::sheet::tests::sheet;
use crate::sheet::{Engagement, SLOTS_MAX, Sheet};
use crate::venue::{Effect, Member, Moment, News, Now, Save, Venue};
use crate::{Dice, Refusal};

const WINDOW_MS: u64 = 120_000;

/// Two people, their sheets, and the trade between them.
struct Table {
    trade: Trade,
    sheets: [Sheet; 2],
    now_ms: u64,
    accepts: u64,
}

type Done = Result<Vec<Effect>, (Refusal, Vec<Effect>)>;

fn by() -> Engagement {
    Engagement::Trade("t".to_owned())
}

fn member(number: usize) -> Member {
    Member {
        id: CharacterId(number as i64 + 1),
        name: ["Anna", "Berta"][number].to_owned(),
        faction: "Golden Order".to_owned(),
        level: 1,
        epoch: 3,
    }
}

fn offer(items: &[i64], potions: u32, souls: u32) -> OfferTrade {
    let potions = Portion { kind: Text::new("health_potion").unwrap(), quantity: potions };
    OfferTrade {
        trade_id: Text::new("t").unwrap(),
        items: items.iter().map(|id| ItemId(*id)).collect(),
        stacks: if potions.quantity == 0 { Vec::new() } else { vec![potions] },
        souls,
    }
}

impl Table {
    /// Both are in: Anna (0) has asked Berta (1).
    fn new() -> Self {
        let trade = Trade::new("t".to_owned(), WINDOW_MS);
        let mut table = Self { trade, sheets: [sheet(1, 10), sheet(2, 20)], now_ms: 1, accepts: 0 };
        table.with(|trade, moment| trade.enter(&member(1), TradeEntry::Recipient, moment)).unwrap();
        let told =
            table.with(|trade, moment| trade.enter(&member(0), TradeEntry::Requester, moment)).unwrap();
        assert!(matches!(told[0], Effect::Answer(ServerMessage::TradeRequest(_))), "{told:?}");
        table
    }

    fn with(&mut self, input: impl FnOnce(&mut Trade, &mut Moment) -> Result<(), Refusal>) -> Done {
        let mut dice = Dice::seed_from_u64(1);
        let mut moment = Moment::new(Now { wall_ms: 5, mono_ms: self.now_ms }, &mut dice);
        match input(&mut self.trade, &mut moment) {
            Ok(()) => Ok(moment.effects),
            Err(refusal) => Err((refusal, moment.effects)),
        }
    }

    fn say(&mut self, who: usize, command: TradeCommand) -> Done {
        self.with(|trade, moment| trade.apply(&member(who), command, moment))
    }

    fn offer(&mut self, who: usize, what: &OfferTrade) -> Done {
        let offered = check_offer(&self.sheets[who], what, 20).map_err(|refusal| (refusal, Vec::new()))?;
        self.sheets[who].hold(&by(), offered.goods()).map_err(|refusal| (refusal, Vec::new()))?;
        self.say(who, TradeCommand::Offer(offered))
    }

    fn accept(&mut self, who: usize, offer_version: u32) -> Done {
        self.accepts += 1;
        let reserved = Box::new(self.sheets[who].freeze(&by()).unwrap());
        self.say(who, TradeCommand::Accept { offer_version, number: self.accepts, reserved })
    }
}

fn code(done: Done) -> ErrorCode {
    done.unwrap_err().0.code
}

fn thawed(effects: &[Effect]) -> Vec<(i64, u64)> {
    let news = |effect: &Effect| match effect {
        Effect::Inform(who, News::Thawed { number, .. }) => Some((who.0, *number)),
        _ => None,
    };
    effects.iter().filter_map(news).collect()
}

fn released(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Inform(_, News::Released { .. }))).count()
}

fn saved(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Save(_)))
}

#[test]
fn who_asked_somebody_who_left_at_once_is_let_go_too() {
    let trade = Trade::new("t".to_owned(), WINDOW_MS);
    let mut table = Table { trade, sheets: [sheet(1, 10), sheet(2, 20)], now_ms: 1, accepts: 0 };
    table.with(|trade, moment| trade.enter(&member(1), TradeEntry::Recipient, moment)).unwrap();
    table
        .with(|trade, moment| {
            trade.leave(&member(1), (), moment);
            Ok(())
        })
        .unwrap();
    let told = table.with(|trade, moment| trade.enter(&member(0), TradeEntry::Requester, moment)).unwrap();
    let [Effect::Answer(ServerMessage::Error(error)), Effect::Inform(who, News::Released { by: released })] =
        &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!((error.error_code, *who, released), (ErrorCode::NotOnline, member(0).id, &by()));
}

#[test]
fn what_both_accept_is_settled_in_one_save() {
    let mut table = Table::new();
    table.offer(1, &offer(&[], 2, 0)).unwrap();
    table.offer(0, &offer(&[10], 0, 30)).unwrap();
    let first = table.accept(0, 2).unwrap();
    assert!(!saved(&first) && thawed(&first).is_empty());
    let second = table.accept(1, 2).unwrap();
    let settlement = second.iter().find_map(|effect| match effect {
        Effect::Save(Save::Settlement(settlement)) => Some(settlement.clone()),
        _ => None,
    });
    let settlement = settlement.unwrap();
    assert_eq!(settlement.cause.as_deref(), Some("trade:t"));
    let after = table.sheets.clone().map(|sheet| sheet.after(&settlement, Some(&by())).unwrap());
    assert_eq!((after[0].progression.souls, after[0].stacks["health_potion"]), (70, 7));
    assert_eq!((after[1].progression.souls, after[1].items.len()), (130, 4));
    let settled = second.iter().filter(|effect| matches!(effect, Effect::Inform(_, News::Settled { .. })));
    assert_eq!(settled.count(), 2);
    let told = |effect: &Effect| matches!(effect, Effect::Answer(ServerMessage::TradeComplete(_)));
    assert!(second.iter().any(told));
    // It is over: nothing more comes of it.
    assert_eq!(code(table.accept(1, 2)), ErrorCode::NotFound);
    assert_eq!(code(table.offer(0, &offer(&[], 0, 0))), ErrorCode::NotFound);
    assert_eq!(code(table.say(0, TradeCommand::Decline)), ErrorCode::NotFound);
    let left = table.with(|trade, moment| {
        trade.leave(&member(0), (), moment);
        Ok(())
    });
    assert_eq!(left, Ok(vec![]));
}

#[test]
fn any_change_clears_both_accepts_and_an_old_version_is_not_accepted() {
    let mut table = Table::new();
    table.offer(1, &offer(&[], 0, 5)).unwrap();
    table.offer(0, &offer(&[10], 0, 0)).unwrap();
    table.accept(0, 2).unwrap();
    let changed = table.offer(1, &offer(&[], 0, 4)).unwrap();
    assert_eq!(thawed(&changed), [(1, 1)]);
    let (refusal, effects) = table.accept(1, 2).unwrap_err();
    assert_eq!((refusal.code, refusal.details["offer_version"].as_u64()), (ErrorCode::Conflict, Some(3)));
    assert_eq!(thawed(&effects), [(2, 2)], "the accept that was refused locks nothing");
    assert!(!saved(&table.accept(1, 3).unwrap()));
    // Even the same offer again is a change.
    assert_eq!(thawed(&table.offer(0, &offer(&[10], 0, 0)).unwrap()), [(2, 3)]);
    assert!(!saved(&table.accept(0, 4).unwrap()));
    assert!(saved(&table.accept(1, 4).unwrap()));
}

#[test]
fn an_old_accept_that_is_refused_frees_nothing_that_a_standing_one_has() {
    let mut table = Table::new();
    table.offer(1, &offer(&[], 0, 5)).unwrap();
    table.offer(0, &offer(&[10], 0, 0)).unwrap();
    table.accept(0, 2).unwrap();
    let (refusal, effects) = table.accept(0, 1).unwrap_err();
    assert_eq!((refusal.code, thawed(&effects)), (ErrorCode::Conflict, vec![]));
    // The session lent its sheet for both: it gets it back with the one that stands.
    let changed = table.offer(1, &offer(&[], 0, 4)).unwrap();
    assert_eq!(thawed(&changed), [(1, 2)]);
}

#[test]
fn a_second_accept_of_the_same_side_is_not_the_others() {
    let mut table = Table::new();
    table.offer(1, &offer(&[], 0, 5)).unwrap();
    table.accept(1, 1).unwrap();
    assert!(!saved(&table.accept(1, 1).unwrap()));
    assert!(saved(&table.accept(0, 1).unwrap()));
}

#[test]
fn only_whoever_was_asked_opens_the_window_and_nothing_for_nothing_is_no_trade() {
    let mut table = Table::new();
    table.offer(0, &offer(&[10], 0, 0)).unwrap();
    for who in [0, 1] {
        assert_eq!(code(table.accept(who, 1)), ErrorCode::Conflict, "nobody has answered");
    }
    table.offer(1, &offer(&[], 0, 0)).unwrap();
    table.offer(0, &offer(&[], 0, 0)).unwrap();
    assert_eq!(code(table.accept(0, 3)), ErrorCode::Conflict, "nothing for nothing");
    assert_eq!(code(table.accept(0, 0)), ErrorCode::Conflict);
}

#[test]
fn an_offer_names_each_thing_once_and_only_what_is_there() {
    let mut table = Table::new();
    let twice = OfferTrade { items: vec![ItemId(20), ItemId(20)], ..offer(&[], 0, 0) };
    let none = OfferTrade {
        stacks: vec![Portion { kind: Text::new("health_potion").unwrap(), quantity: 0 }],
        ..offer(&[], 0, 0)
    };
    let two_portions =
        OfferTrade { stacks: [offer(&[], 1, 0).stacks, offer(&[], 2, 0).stacks].concat(), ..none.clone() };
    let many = OfferTrade { items: (0..21).map(ItemId).collect(), ..none.clone() };
    for (wrong, expected, field) in [
        (twice, ErrorCode::Invalid, "items"),
        (none, ErrorCode::Invalid, "stacks"),
        (two_portions, ErrorCode::Invalid, "stacks"),
        (many, ErrorCode::Invalid, "items"),
        (offer(&[10], 0, 0), ErrorCode::NotFound, "items"),
        (offer(&[], 6, 0), ErrorCode::NotEnough, "stacks"),
        (offer(&[], u32::MAX, 0), ErrorCode::NotEnough, "stacks"),
        (offer(&[], 0, 101), ErrorCode::NotEnough, "souls"),
        (offer(&[], 0, u32::MAX), ErrorCode::NotEnough, "souls"),
    ] {
        let (refusal, _) = table.offer(1, &wrong).unwrap_err();
        let named = refusal.details["field"].as_str();
        assert_eq!((refusal.code, named), (expected, Some(field)), "{wrong:?}");
    }
    table.offer(1, &offer(&[20, 21, 22], 5, 100)).unwrap();
}

#[test]
fn what_does_not_fit_is_told_to_both_and_both_can_do_something_about_it() {
    let mut table = Table::new();
    for serial in 100..100 + (SLOTS_MAX - table.sheets[0].slots_used()) as i64 {
        table.sheets[0].receive(ItemId(serial), "longbow".to_owned());
    }
    table.offer(1, &offer(&[20], 0, 0)).unwrap();
    table.accept(0, 1).unwrap();
    let full = table.accept(1, 1).unwrap();
    assert!(!saved(&full));
    assert_eq!(thawed(&full), [(1, 1), (2, 2)]);
    let refused = full.iter().find_map(|effect| match effect {
        Effect::Answer(ServerMessage::Error(error)) => Some(error.clone()),
        _ => None,
    });
    let refused = refused.unwrap();
    assert_eq!(
        (refused.error_code, refused.details["character_id"].as_i64()),
        (ErrorCode::InventoryFull, Some(1))
    );
    // One for one fits.
    table.sheets.iter_mut().for_each(|sheet| sheet.thaw(&by()));
    table.offer(0, &offer(&[10], 0, 0)).unwrap();
    table.accept(0, 2).unwrap();
    assert!(saved(&table.accept(1, 2).unwrap()));
}

#[test]
fn it_ends_when_somebody_declines_or_leaves_or_time_runs_out() {
    for way in 0..4 {
        let mut table = Table::new();
        table.offer(1, &offer(&[], 0, 5)).unwrap();
        table.accept(0, 1).unwrap();
        let ended = match way {
            0 => table.say(1, TradeCommand::Decline),
            1 => table.say(0, TradeCommand::GiveUp),
            2 => table.with(|trade, moment| {
                trade.leave(&member(1), (), moment);
                Ok(())
            }),
            _ => {
                table.now_ms = WINDOW_MS;
                let early = table.with(|trade, moment| {
                    trade.tick(&crate::venue::Lookers::default(), moment);
                    Ok(())
                });
                assert_eq!(early, Ok(vec![]));
                table.now_ms += 1;
                table.with(|trade, moment| {
                    trade.tick(&crate::venue::Lookers::default(), moment);
                    Ok(())
                })
            }
        };
        let ended = ended.unwrap();
        assert_eq!(released(&ended), 2, "{way}");
        assert_eq!(code(table.accept(1, 1)), ErrorCode::NotFound, "{way}");
    }
}

#[test]
fn who_asks_somebody_who_has_left_is_told_and_nobody_waits_for_who_never_comes() {
    let mut alone = Table { trade: Trade::new("t".to_owned(), WINDOW_MS), ..Table::new() };
    let told = alone.with(|trade, moment| trade.enter(&member(0), TradeEntry::Requester, moment)).unwrap();
    assert!(matches!(told[0], Effect::Answer(ServerMessage::Error(_))), "{told:?}");
    assert_eq!(released(&told), 1);
    let mut waiting = Table { trade: Trade::new("t".to_owned(), WINDOW_MS), ..Table::new() };
    waiting.with(|trade, moment| trade.enter(&member(1), TradeEntry::Recipient, moment)).unwrap();
    waiting.now_ms += 5_000;
    let ended = waiting.with(|trade, moment| {
        trade.tick(&crate::venue::Lookers::default(), moment);
        Ok(())
    });
    assert_eq!(released(&ended.unwrap()), 1);
    // A third is never in it.
    let mut full = Table::new();
    let third = Member { id: CharacterId(9), ..member(0) };
    assert_eq!(
        code(full.with(|trade, moment| trade.enter(&third, TradeEntry::Recipient, moment))),
        ErrorCode::NotFound
    );
    assert!(!full.trade.has(CharacterId(9)));
}
