//! The SDK against a scripted peer: everything a server could say, without one.

mod comeback;
mod conversation;
mod resume;
mod support;
