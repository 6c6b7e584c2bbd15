//! Integration tests, in one binary: it links once, and tests of one kind share a sandbox.

mod cli;
mod faults;
mod hostile;
mod ops;
mod sandbox;
mod smoke;
