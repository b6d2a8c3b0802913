//! Combats on disk: nobody fights in two, what is left of a character is put into effect once.

use protocol::combat::Outcome;
use protocol::ids::{CombatId, CrystalShardId};
use protocol::{AccountId, CharacterId};
use rules::combat::{Aftermath, Prize};
use rules::realm::{Captor, Won};
use rules::venue::{CombatSave, RealmSave, Save, ShardChange};

use super::{Disk, account, character};
use crate::combats::Left;
use crate::{Store, StoreError, accounts, characters, combats, saves, world};

fn id(number: u8) -> CombatId {
    serde_json::from_value(format!("00000000-0000-4000-8000-0000000000{number:02}").into()).unwrap()
}

fn begun(number: u8, joined: Vec<(CharacterId, i64)>) -> CombatSave {
    CombatSave {
        combat_id: id(number),
        state: Some("{}".to_owned()),
        shard: None,
        joined,
        released: Vec::new(),
    }
}

fn aftermath(number: u8, who: CharacterId) -> Aftermath {
    Aftermath {
        combat_id: id(number),
        character_id: who,
        outcome: Outcome::Won,
        health: 70,
        stamina: 10,
        mana: 0,
        used: Vec::new(),
        experience: 200,
        souls: 180,
        defeated: Vec::new(),
        loot: vec!["wolf_pelt".to_owned()],
        prize: None,
        captor: None,
    }
}

fn save(store: &Store, save: CombatSave) -> Result<(), StoreError> {
    store.write(saves::apply(vec![Save::Combat(Box::new(save))], None, 1)).wait()
}

/// Two characters that sessions have taken.
fn two(store: &Store) -> (CharacterId, CharacterId) {
    let ann = account(store, "Ann");
    let (one, other) = (character(store, ann, "Aria"), character(store, ann, "Bela"));
    for who in [one, other] {
        store.write(characters::take(ann, who, 1)).wait().unwrap();
    }
    (one, other)
}

#[test]
fn a_combat_is_there_until_it_is_over() {
    let disk = Disk::new();
    let store = disk.inline();
    let (one, other) = two(&store);
    assert_eq!(store.read(combats::under_way()).wait(), Ok(Vec::new()));
    assert_eq!(save(&store, begun(1, vec![(one, 1), (other, 1)])), Ok(()));
    let later = CombatSave { state: Some("{\"turn\":2}".to_owned()), ..begun(1, Vec::new()) };
    assert_eq!(save(&store, later), Ok(()));
    assert_eq!(store.read(combats::state(id(1))).wait(), Ok(Some("{\"turn\":2}".to_owned())));
    assert_eq!(store.read(combats::under_way()).wait(), Ok(vec![id(1)]));

    // One gets away: he may fight elsewhere, the other one not.
    let fled = CombatSave { released: vec![aftermath(1, one)], ..begun(1, Vec::new()) };
    assert_eq!(save(&store, fled), Ok(()));
    assert_eq!(save(&store, begun(2, vec![(one, 1)])), Ok(()));
    assert_eq!(save(&store, begun(3, vec![(other, 1)])), Err(StoreError::Conflict("character")));
    assert_eq!(store.read(combats::state(id(3))).wait(), Ok(None), "nothing of it is there");

    let over = CombatSave { state: None, released: vec![aftermath(1, other)], ..begun(1, Vec::new()) };
    assert_eq!(save(&store, over), Ok(()));
    assert_eq!(store.read(combats::state(id(1))).wait(), Ok(None));
    assert_eq!(store.read(combats::under_way()).wait(), Ok(vec![id(2)]));
    assert_eq!(save(&store, begun(3, vec![(other, 1)])), Ok(()));
    drop(store);
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn whoever_was_taken_meanwhile_does_not_join() {
    let disk = Disk::new();
    let store = disk.inline();
    let (one, _) = two(&store);
    assert_eq!(save(&store, begun(1, vec![(one, 0)])), Err(StoreError::StaleEpoch));
    assert_eq!(store.read(combats::under_way()).wait(), Ok(Vec::new()));
}

#[test]
fn an_aftermath_is_put_into_effect_once() {
    let disk = Disk::new();
    let store = disk.inline();
    let (one, other) = two(&store);
    save(&store, begun(1, vec![(one, 1)])).unwrap();
    let over = || CombatSave { state: None, released: vec![aftermath(1, one)], ..begun(1, Vec::new()) };
    assert_eq!(save(&store, over()), Ok(()));
    assert_eq!(save(&store, over()), Err(StoreError::Conflict("aftermath")));
    let left = Left { aftermath: aftermath(1, one), taken: false };
    assert_eq!(store.read(combats::aftermaths(one)).wait(), Ok(vec![left]));
    assert_eq!(store.read(combats::aftermaths(other)).wait(), Ok(Vec::new()));
    assert_eq!(store.write(combats::settle_aftermath(one, id(1))).wait(), Ok(()));
    assert_eq!(store.write(combats::settle_aftermath(one, id(1))).wait(), Err(StoreError::NotFound));
    assert_eq!(store.read(combats::aftermaths(one)).wait(), Ok(Vec::new()));
}

#[test]
fn who_fights_is_not_deleted_with_the_account_and_what_is_left_of_the_deleted_goes() {
    let disk = Disk::new();
    let store = disk.inline();
    let (one, other) = two(&store);
    let ann = AccountId(1);
    save(&store, begun(1, vec![(one, 1), (other, 1)])).unwrap();
    assert_eq!(store.write(characters::delete(ann, one, 2)).wait(), Err(StoreError::Conflict("combat")));
    assert_eq!(store.write(accounts::delete(ann, 2)).wait(), Err(StoreError::Conflict("combat")));
    assert_eq!(store.read(characters::list(ann)).wait().unwrap().len(), 2, "nothing of it was done");
    let released = vec![aftermath(1, one), aftermath(1, other)];
    save(&store, CombatSave { state: None, released, ..begun(1, Vec::new()) }).unwrap();
    let waiting = |who| store.read(combats::aftermaths(who)).wait().unwrap().len();
    store.write(characters::delete(ann, one, 3)).wait().unwrap();
    assert_eq!((waiting(one), waiting(other)), (0, 1));
    store.write(accounts::delete(ann, 4)).wait().unwrap();
    assert_eq!(waiting(other), 0);
}

#[test]
fn a_shard_is_contested_while_its_guardian_is_fought() {
    let disk = Disk::new();
    let store = disk.inline();
    let (one, other) = two(&store);
    let shard = CrystalShardId(1);
    store.write(world::seed(vec![(shard, "Phoenix Flame".to_owned())])).wait().unwrap();
    let status = || store.read(world::shards()).wait().unwrap()[0].status.clone();
    let realm = |changes, seals| {
        let save =
            RealmSave { reality: "Neutral".to_owned(), stability: 100, aetherfalls: 0, changes, seals };
        store.write(saves::apply(vec![Save::Realm(Box::new(save))], None, 9)).wait()
    };
    assert_eq!(status(), "unclaimed");
    save(&store, CombatSave { shard: Some(shard), ..begun(1, vec![(one, 1)]) }).unwrap();
    save(&store, CombatSave { shard: Some(shard), ..begun(2, vec![(other, 1)]) }).unwrap();
    assert_eq!(status(), "contested");
    let contested = store.read(world::realm()).wait().unwrap().contested;
    assert_eq!(contested, [(id(1), shard), (id(2), shard)].into());
    realm(Vec::new(), vec![(shard, true)]).unwrap();
    assert_eq!(status(), "sealed");
    realm(Vec::new(), vec![(shard, false)]).unwrap();
    assert_eq!(status(), "contested");
    let over = |number, who| CombatSave {
        state: None,
        shard: Some(shard),
        released: vec![aftermath(number, who)],
        ..begun(number, Vec::new())
    };
    save(&store, over(1, one)).unwrap();
    assert_eq!(status(), "contested", "others fight on");
    let change = || ShardChange {
        shard,
        faction: Some("Golden Order".to_owned()),
        previous: None,
        by: Some(one),
        combat: Some(id(1)),
        // The seal was one.
        epoch: 2,
    };
    realm(vec![change()], Vec::new()).unwrap();
    let left = |who| store.read(combats::aftermaths(who)).wait().unwrap()[0].taken;
    assert!(left(one), "by this combat");
    save(&store, over(2, other)).unwrap();
    assert_eq!(status(), "controlled");
    assert!(!left(other));
}

#[test]
fn what_was_won_and_not_taken_yet_is_found_once_a_combat() {
    let disk = Disk::new();
    let store = disk.inline();
    let (one, other) = two(&store);
    let shard = CrystalShardId(1);
    store.write(world::seed(vec![(shard, "Phoenix Flame".to_owned())])).wait().unwrap();
    let prize = Prize { shard, epoch: 0 };
    let captor = |id, name: &str| Captor { id, name: name.to_owned(), faction: "Aether Seekers".to_owned() };
    let over = |number, left: Vec<Aftermath>| {
        save(&store, CombatSave { state: None, released: left, ..begun(number, Vec::new()) }).unwrap();
    };
    let won = |number, who, captor| Aftermath { prize: Some(prize), captor, ..aftermath(number, who) };
    let unclaimed = || store.read(combats::unclaimed()).wait().unwrap();
    over(1, vec![aftermath(1, one)]);
    assert_eq!(unclaimed(), [], "what was lost");
    // Each of the winners says so; that of an older server named nobody, because it was the captor's.
    over(2, [one, other].map(|who| won(2, who, Some(captor(other, "Bela")))).into());
    over(3, vec![won(3, one, None)]);
    let found = |captor| Won { prize, captor };
    let (second, third) = ((id(2), found(captor(other, "Bela"))), (id(3), found(captor(one, "Aria"))));
    assert_eq!(unclaimed(), [second, third.clone()]);
    let change = ShardChange {
        shard,
        faction: Some("Golden Order".to_owned()),
        previous: None,
        by: Some(other),
        combat: Some(id(2)),
        epoch: 1,
    };
    let taken = RealmSave {
        reality: "Neutral".to_owned(),
        stability: 100,
        aetherfalls: 0,
        changes: vec![change],
        seals: Vec::new(),
    };
    store.write(saves::apply(vec![Save::Realm(Box::new(taken))], None, 9)).wait().unwrap();
    assert_eq!(unclaimed(), [third], "that of the second combat is taken");
}
