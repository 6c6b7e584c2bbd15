//! What all listeners share: the server, the edge of every request, errors, rights, voters, pages and operations.

pub mod actors;
pub mod assets;
pub mod body;
pub mod cookies;
pub mod edge;
pub mod error;
pub mod files;
pub mod guard;
pub mod health;
pub mod hosts;
pub mod language;
pub mod metrics;
pub mod openapi;
pub mod ops;
pub mod origin;
pub mod pages;
pub mod passwords;
pub mod qr;
pub mod query;
pub mod server;
pub mod session;
pub mod signin;
pub mod signup;
pub mod table;
pub mod texts;
pub mod voter;
