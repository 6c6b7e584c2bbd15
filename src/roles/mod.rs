//! The roles: each owns some paths, or none, and never imports another.

pub mod items;
pub mod polls;
pub mod quotes;
pub mod result;
pub mod search;
pub mod site;
pub mod users;
pub mod vote;
pub mod worker;
