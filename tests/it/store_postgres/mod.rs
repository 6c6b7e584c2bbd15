//! What only the PostgreSQL store must do.
