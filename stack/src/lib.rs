//! Real servers for the tests and for `cargo xtask stack`: PostgreSQL, Redis and its sentinels, HAProxy, and the roles
//! of the product as processes.
//!
//! Each server listens on free ports of 127.0.0.1 and has a temporary folder of its own. It lives as long as its
//! value, and never longer than our process, even if that is killed with -9 ([`process`]). All calls block.

mod clock;
pub mod haproxy;
pub mod http;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod programs;
pub mod redis;
pub mod resp;
pub mod role;
pub mod sentinel;
pub mod whole;
