//! The whole server, from outside: the real binary, real sockets, real files.

mod access;
mod auth;
mod blocks;
mod characters;
mod chat;
mod combat;
mod compression;
mod copies;
mod crash;
mod dialects;
mod drain;
mod encryption;
mod frames;
mod harness;
mod hostile;
mod limits;
mod loadlab;
mod movement;
mod once;
mod party;
mod realm;
mod reconnect;
mod resume;
mod rush;
mod slow;
mod trade;
