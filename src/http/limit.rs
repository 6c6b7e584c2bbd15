//! How often an address may try to sign in: guessing a key takes many tries, remembering it takes few.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock, MonotonicClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::error::ApiError;

/// Tries in a minute, and as many at once.
const TRIES: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Addresses that are remembered; past it those that have been quiet are forgotten.
const ADDRESSES: usize = 10_000;

/// Tries to sign in, by address; each process counts its own. Cloning shares the count.
#[derive(Clone)]
pub struct SignInLimit(Arc<RateLimiter<IpAddr, DashMapStateStore<IpAddr>, MonotonicClock>>);

impl SignInLimit {
    /// A limit that nobody has touched.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(RateLimiter::new(Quota::per_minute(TRIES), DashMapStateStore::default(), MonotonicClock)))
    }

    /// Counts a try from this address.
    ///
    /// # Errors
    /// [`ApiError::TooMany`] where it had all its tries.
    pub fn admit(&self, address: IpAddr) -> Result<(), ApiError> {
        let Self(limiter) = self;
        if limiter.len() > ADDRESSES {
            limiter.retain_recent();
        }
        limiter.check_key(&network(address)).map_err(|not_until| {
            let wait = not_until.wait_time_from(limiter.clock().now());
            ApiError::TooMany { seconds: wait.as_secs() + 1 }
        })
    }
}

impl Default for SignInLimit {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for SignInLimit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SignInLimit")
    }
}

/// What one party has at its disposal: an address, or with IPv6 a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.into(),
            None => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        },
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_try_in_a_row_is_too_many_and_other_networks_are_not_concerned() {
        let limit = SignInLimit::new();
        let from = |address: &str| limit.admit(address.parse().unwrap());
        for _ in 0..TRIES.get() {
            from("2001:db8::1").unwrap();
        }
        let refused = from("2001:db8::ffff:1").unwrap_err();
        assert!(matches!(refused, ApiError::TooMany { seconds: 1..=7 }), "{refused:?}");
        from("2001:db8:0:1::1").unwrap();
        from("192.0.2.1").unwrap();
    }

    #[test]
    fn an_ipv4_address_is_the_same_however_it_is_written() {
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
