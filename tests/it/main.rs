//! Integration tests, in one binary: it links once, and tests of one kind share a sandbox.

mod layers;
mod sandbox;
mod smoke;
