//! Characters, where they are, what they said, and what they were answered.

use protocol::movement::Position;
use protocol::{AccountId, CharacterId, LocationId};
use rules::venue::{ChatLine, RoomKey, Save, Whereabouts};

use super::{Disk, account, character, newborn};
use crate::{StoreError, Write, answers, characters, chat, saves};

const DAY_MS: i64 = 24 * 3600 * 1000;

fn at(character_id: CharacterId, epoch: i64, x: f64) -> Whereabouts {
    Whereabouts { character_id, epoch, location_id: LocationId(2), position: Position { x, y: 4.0, z: 0.0 } }
}

fn line(chat_id: u64) -> ChatLine {
    ChatLine {
        room: RoomKey::Faction("Aether Seekers".to_owned()),
        chat_id,
        sender_id: CharacterId(7),
        sender_name: "Aria".to_owned(),
        content: format!("line {chat_id}"),
        said_at_ms: 5,
    }
}

#[test]
fn a_character_is_as_it_was_made_and_the_ledger_knows_why() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    let made = store.write(characters::create(ann, newborn("Aria"), 8, 1000)).wait().unwrap();
    assert_eq!((made.name.as_str(), made.progression.souls), ("Aria", 120));
    assert_eq!(made.created_at, "1970-01-01T00:00:01.000Z");
    assert_eq!(store.read(characters::list(ann)).wait(), Ok(vec![made.clone()]));
    assert_eq!(store.read(characters::load(ann, made.id)).wait(), Ok(Some(made.clone())));
    assert_eq!(store.read(characters::load(AccountId(99), made.id)).wait(), Ok(None));
    let owned = Write::new(move |database| {
        let sql = "SELECT count(*), (SELECT sum(delta) FROM ledger WHERE holder_id = ?1),
                   (SELECT sum(delta) FROM ledger) FROM items WHERE owner_id = ?1";
        Ok(database.query_row(sql, [made.id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
    });
    assert_eq!(store.write(owned).wait(), Ok((2, 120 + 3, 0)));
    drop(store);
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn a_refused_character_leaves_nothing_behind() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    character(&store, ann, "Aria");
    let create = |account, max| store.write(characters::create(account, newborn("ARIA"), max, 2)).wait();
    assert_eq!(create(ann, 8), Err(StoreError::Conflict("name")));
    assert_eq!(create(ann, 1), Err(StoreError::TooMany));
    assert_eq!(create(AccountId(99), 8), Err(StoreError::NotFound));
    let mut odd = newborn("Odd");
    odd.position.x = f64::NAN;
    assert!(matches!(store.write(characters::create(ann, odd, 8, 2)).wait(), Err(StoreError::Sql(_))));
    let items =
        Write::new(|database| Ok(database.query_row("SELECT count(*) FROM items", [], |row| row.get(0))?));
    assert_eq!(store.write(items).wait(), Ok(2));
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn a_stale_owner_cannot_write() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    let aria = character(&store, ann, "Aria");
    let first = store.write(characters::take(ann, aria, 0)).wait().unwrap();
    assert_eq!(first.whereabouts, (LocationId(1), newborn("Aria").position));
    let second = store.write(characters::take(ann, aria, 0)).wait().unwrap();
    assert_eq!((first.epoch, second.epoch), (1, 2));
    let late = vec![at(aria, first.epoch, 1.0), at(aria, second.epoch, 2.0)];
    assert_eq!(store.write(characters::save_whereabouts(late).unsynced()).wait(), Ok(1));
    let stale = vec![Save::Chat(line(1)), Save::Whereabouts(at(aria, first.epoch, 3.0))];
    assert_eq!(store.write(saves::apply(stale, None, 0)).wait(), Ok(()));
    assert_eq!(
        store.read(chat::last_id(&line(1).room)).wait(),
        Ok(1),
        "what is not about the character stays"
    );
    let elsewhere = Whereabouts { location_id: LocationId(3), ..at(aria, second.epoch, 9.0) };
    let steps = vec![Save::Step(elsewhere), Save::Step(at(aria, first.epoch, 9.0))];
    assert_eq!(store.write(saves::apply(steps, None, 0)).wait(), Ok(()));
    let now = store.write(characters::take(ann, aria, 0)).wait().unwrap();
    assert_eq!(
        now.whereabouts,
        (LocationId(2), Position { x: 2.0, y: 4.0, z: 0.0 }),
        "late steps move nobody back"
    );
    assert_eq!(store.write(characters::take(AccountId(99), aria, 0)).wait(), Err(StoreError::NotFound));
}

#[test]
fn a_deleted_character_is_gone_and_its_name_reserved_for_seven_days() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    let aria = character(&store, ann, "Aria");
    let epoch = store.write(characters::take(ann, aria, 0)).wait().unwrap().epoch;
    assert_eq!(store.write(characters::delete(AccountId(99), aria, 5)).wait(), Err(StoreError::NotFound));
    assert_eq!(store.write(characters::delete(ann, aria, 5)).wait(), Ok("Aria".to_owned()));
    assert_eq!(store.write(characters::delete(ann, aria, 5)).wait(), Err(StoreError::NotFound));
    assert_eq!(store.write(characters::take(ann, aria, 5)).wait(), Err(StoreError::NotFound));
    assert_eq!(store.write(characters::save_whereabouts(vec![at(aria, epoch, 1.0)])).wait(), Ok(0));
    assert_eq!(store.read(characters::by_name("aria".to_owned())).wait(), Ok(None));
    let again = || store.write(characters::create(ann, newborn("Aria"), 8, 6)).wait();
    assert_eq!(store.write(characters::sweep(4 + 7 * DAY_MS)).wait(), Ok(0));
    assert_eq!(again(), Err(StoreError::Conflict("name")));
    assert_eq!(store.write(characters::sweep(5 + 7 * DAY_MS)).wait(), Ok(1));
    let new = again().unwrap().id;
    assert_eq!(store.read(characters::by_name("aria".to_owned())).wait(), Ok(Some((new, "Aria".to_owned()))));
    let names = store.read(characters::names_of(vec![new, aria, CharacterId(99)])).wait().unwrap();
    assert_eq!(names, [(aria, "Aria".to_owned()), (new, "Aria".to_owned())]);
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn the_answer_to_a_command_is_kept_with_its_effect() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    let aria = character(&store, ann, "Aria");
    let say = |chat_id, message_id: &str, now| {
        let answer = Some((aria, message_id.to_owned(), format!("answer {chat_id}")));
        store.write(saves::apply(vec![Save::Chat(line(chat_id))], answer, now)).wait()
    };
    assert_eq!(say(1, "a", 10), Ok(()));
    assert_eq!(say(2, "a", 11), Err(StoreError::Conflict("message_id")));
    assert_eq!(say(2, "b", 11), Ok(()));
    let find = |id: &str| store.read(answers::find(aria, id.to_owned())).wait().unwrap();
    assert_eq!((find("a").as_deref(), find("c")), (Some("answer 1"), None));
    assert_eq!(store.write(answers::sweep(10 + DAY_MS)).wait(), Ok(1));
    assert_eq!((find("a"), find("b").as_deref()), (None, Some("answer 2")));
}

#[test]
fn a_taken_character_knows_its_newest_answers() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    let aria = character(&store, ann, "Aria");
    let keep = |number: i64| answers::keep(aria, number.to_string(), format!("to {number}"), number);
    store.write(Write::all((0..600).map(keep).collect())).wait().unwrap();
    let taken = store.write(characters::take(ann, aria, 49 + DAY_MS)).wait().unwrap();
    assert_eq!((taken.answers_total, taken.recent_answers.len()), (550, 512));
    assert_eq!(taken.recent_answers[0], ("88".to_owned(), "to 88".to_owned()));
    assert_eq!(taken.recent_answers[511], ("599".to_owned(), "to 599".to_owned()));
    assert_eq!(store.write(answers::sweep(DAY_MS + 599)).wait(), Ok(600));
}

#[test]
fn a_room_gives_back_its_newest_lines_in_order() {
    let disk = Disk::new();
    let store = disk.inline();
    let room = line(1).room;
    store.write(Write::all((1..=5).map(|id| chat::append(line(id))).collect())).wait().unwrap();
    assert_eq!(store.write(chat::append(line(5))).wait(), Err(StoreError::Conflict("chat_id")));
    assert_eq!(store.read(chat::recent(&room, 2)).wait(), Ok(vec![line(4), line(5)]));
    assert_eq!(store.read(chat::recent(&RoomKey::Global, 2)).wait(), Ok(vec![]));
    assert_eq!(store.write(chat::prune(&room, 2)).wait(), Ok(3));
    assert_eq!(store.write(chat::prune(&room, 0)).wait(), Ok(1));
    assert_eq!(store.read(chat::last_id(&room)).wait(), Ok(5));
}
