//! The running world without sockets: one thread, paused time, one seed, one trace.

// As everybody else in the workspace calls it.
extern crate shardmesh_actors as actors;

mod ambush;
mod backlogs;
mod blocks;
mod captures;
mod challenge;
mod chaos;
mod chat;
mod combat;
mod faults;
mod ground;
mod inventory;
mod limits;
mod machine;
mod movement;
mod outbox;
mod party;
mod peer;
mod quests;
mod realm;
mod rooms;
mod sessions;
mod stage;
mod store;
mod switching;
mod trace;
mod trade;
