//! Hemicycle runs live votes for a crowd of any size: every accepted vote is counted exactly once.
//!
//! `docs/architecture.md` has the map. In short: [`domain`] holds the rules; [`store`], [`queue`], [`live`] and
//! [`rate`] are the backends; [`http`] is what all listeners share; each of [`roles`] is one service; [`app`] wires them
//! together, and [`cli`] is what a person types.

#![allow(
    clippy::duplicate_mod,
    reason = "the statements about people are one text, compiled for each dialect: src/store/people"
)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod gather;
pub mod http;
pub mod items;
pub mod link;
pub mod live;
pub mod queue;
pub mod rate;
pub mod roles;
pub mod store;
