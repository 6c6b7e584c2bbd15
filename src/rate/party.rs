//! Who tries: the key that tries are counted under, and what one party has many of.

use std::net::{IpAddr, Ipv6Addr};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Whose tries are counted together, and of what: 16 bytes that do not show who it is. Short or well known values, such
/// as addresses, can still be found by trying them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 16]);

impl Key {
    /// The key of `who`, for one `kind` of thing that is limited.
    #[must_use]
    pub fn new(kind: &'static str, who: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::new()
            // Its length in front says where the kind ends.
            .chain_update((kind.len() as u64).to_be_bytes())
            .chain_update(kind)
            .chain_update(who)
            .finalize()
            .into();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// What one party has at its disposal: an IPv4 address, however it is written, or with IPv6 a whole /64.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network_of(address: &str) -> String {
        network(address.parse().unwrap()).to_string()
    }

    #[test]
    fn an_ipv4_address_is_a_network_of_its_own_however_it_is_written() {
        assert_eq!(network_of("192.0.2.1"), "192.0.2.1");
        assert_eq!(network_of("::ffff:192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn ipv6_addresses_of_one_64_are_one_network() {
        assert_eq!(network_of("2001:db8::1:2:3:4"), "2001:db8::");
        assert_eq!(network_of("2001:db8::ffff:0:0:1"), "2001:db8::");
        assert_eq!(network_of("2001:db8:0:1::1"), "2001:db8:0:1::");
    }

    #[test]
    fn a_key_is_of_one_kind_and_one_party_and_does_not_show_who() {
        let key = Key::new("sign-in", b"192.0.2.1");
        assert_eq!(key, Key::new("sign-in", b"192.0.2.1"));
        assert_ne!(key, Key::new("sign-in", b"192.0.2.2"));
        assert_ne!(key, Key::new("sign-i", b"n192.0.2.1"), "where the kind ends is part of it");
        assert_eq!(key.to_string().len(), 32);
    }
}
