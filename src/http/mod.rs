//! What all listeners share: the server, the edge of every request, errors, rights, voters, pages and operations.

pub mod auth;
pub mod body;
pub mod edge;
pub mod error;
pub mod health;
pub mod hosts;
pub mod metrics;
pub mod ops;
pub mod origin;
pub mod pages;
pub mod server;
pub mod voter;
