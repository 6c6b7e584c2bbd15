//! The rules of voting: pure types and functions, without input, output, clock or randomness of their own.

pub mod agent;
pub mod backoff;
pub mod ballot;
pub mod change;
pub mod clock;
pub mod code;
pub mod credential;
pub mod csv_records;
pub mod deed;
pub mod fold;
pub mod gate;
pub mod item;
pub mod ledger;
pub mod log;
pub mod names;
pub mod new_poll;
pub mod password;
pub mod people_csv;
pub mod poll;
pub mod rights;
pub mod seal;
pub mod snapshot;
pub mod turnout;
pub mod user;
pub mod voter;
