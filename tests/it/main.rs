//! Integration tests, in one binary: it links once, and tests of one kind share a sandbox.

#![allow(clippy::unwrap_used, reason = "in a test, an unwrap is an assertion")]

mod api;
mod browser;
mod faults;
mod forge;
mod layers;
mod properties;
mod queue_contract;
mod sandbox;
mod smoke;
mod snapshots;
mod store_contract;
mod worker;
