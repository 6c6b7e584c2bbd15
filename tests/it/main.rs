//! Integration tests, in one binary: it links once, and tests of one kind share a sandbox.

mod faults;
mod sandbox;
mod smoke;
