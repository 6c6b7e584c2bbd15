//! Integration tests, in one binary: it links once, and tests of one kind share a sandbox.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails, and says where")]

mod api;
mod browser;
mod cli;
mod faults;
mod finding;
mod forge;
mod hostile;
mod items_contract;
mod items_replicas;
mod layers;
mod live_redis;
mod ops;
mod properties;
mod queue_contract;
mod queue_redis;
mod rate_contract;
mod rights;
mod sandbox;
mod scaled;
mod servers;
mod smoke;
mod snapshots;
mod store_contract;
mod store_postgres;
mod worker;
