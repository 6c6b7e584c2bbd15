//! Integration tests, in one binary: it links once, and tests of one kind share a sandbox.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod cli;
mod faults;
mod hostile;
mod ops;
mod sandbox;
mod smoke;
