//! Integration tests, in one binary: it links once, and tests of one kind share a sandbox.

mod api;
mod forge;
mod layers;
mod properties;
mod queue_contract;
mod sandbox;
mod smoke;
mod store_contract;
mod worker;
