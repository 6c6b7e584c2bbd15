//! Items that are read from replicas of Redis.
