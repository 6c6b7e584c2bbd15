//! Who votes: minting, signing and recognising voters, and the key under which one poll knows one voter.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use super::ballot::VoterKey;
use super::clock::Entropy;
use super::code::VotingCode;
use super::names::PollId;
use super::quote::QuoteId;
use super::seal::Seal;
use super::user::UserId;

type HmacSha256 = Hmac<Sha256>;

/// One step of the time in a voter key, in milliseconds: 2^13, so three bytes last 4.3 years before they wrap.
const STEP_BITS: u32 = 13;
const TIME: usize = 3;
const SECRET: usize = 16;

/// Somebody who votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voter {
    /// A browser or client that carries a cookie minted here.
    Cookie(CookieVoter),
    /// A client without a cookie that names itself, poll by poll, by the `Idempotency-Key` it sends.
    Client(String),
    /// Whoever holds this code. Without the code the key cannot be had from what is stored of it.
    Code(VotingCode),
    /// An account.
    Account(UserId),
    /// Somebody whom the holder of a token names, such as the number a message came from: known by that token only, and
    /// to nobody without it.
    Named {
        /// What is derived from the token.
        key: [u8; 16],
        /// The name.
        name: String,
    },
}

/// What a voter cookie holds: when it was made (in steps of 8.192 s) and 128 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieVoter {
    made: [u8; TIME],
    secret: [u8; SECRET],
}

/// The public name of a voter's ballot in one poll: the same for each retry and each change of it. It says nothing
/// about the voter, the choice or the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt([u8; 8]);

impl std::fmt::Display for Receipt {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl CookieVoter {
    /// A new voter.
    #[must_use]
    pub fn mint(now: Timestamp, entropy: &Entropy) -> Self {
        let step = (now.as_millisecond() >> STEP_BITS).to_be_bytes();
        Self { made: [step[5], step[6], step[7]], secret: entropy.bytes() }
    }

    /// What nobody else has: 128 random bits.
    #[must_use]
    pub fn secret(&self) -> [u8; 16] {
        self.secret
    }
}

impl Voter {
    /// The key under which `poll` knows this voter, and the public name of their ballot there.
    #[must_use]
    pub fn key(&self, poll: PollId) -> (VoterKey, Receipt) {
        let (digest, prefix) = match self {
            Self::Cookie(voter) => (keyed(&voter.secret, &poll.get().to_be_bytes()), Some(voter.made)),
            Self::Client(name) => (keyed(&of_poll(*b"idempote", poll), name.as_bytes()), None),
            Self::Account(id) => (keyed(&of_poll(*b"account:", poll), id.folded().as_bytes()), None),
            Self::Named { key, name } => (keyed(key, &[&poll.get().to_be_bytes()[..], name.as_bytes()].concat()), None),
            Self::Code(code) => (keyed(&of_poll(*b"a code: ", poll), &code.to_bytes()), None),
        };
        let mut voter = [0; VoterKey::LENGTH];
        voter.copy_from_slice(&digest[..VoterKey::LENGTH]);
        if let Some(made) = prefix {
            voter[..TIME].copy_from_slice(&made);
        }
        let mut receipt = [0; 8];
        receipt.copy_from_slice(&digest[VoterKey::LENGTH..VoterKey::LENGTH + 8]);
        (VoterKey(voter), Receipt(receipt))
    }
}

/// The key under which a quote knows whoever likes it: a browser or an account. Nobody can link one's upvotes of two
/// quotes.
#[must_use]
pub fn upvote_key(voter: &Voter, quote: QuoteId) -> VoterKey {
    let id = quote.get().to_be_bytes();
    let message = |name: &[u8]| [b"upvote 1".as_slice(), &id, name].concat();
    let digest = match voter {
        Voter::Cookie(voter) => keyed(&voter.secret, &message(b"")),
        Voter::Client(name) => keyed(b"upvote by client", &message(name.as_bytes())),
        Voter::Account(id) => keyed(b"upvote: account:", &message(id.folded().as_bytes())),
        Voter::Named { key, name } => keyed(key, &message(name.as_bytes())),
        Voter::Code(code) => keyed(b"upvote by a code", &message(&code.to_bytes())),
    };
    let mut key = [0; VoterKey::LENGTH];
    key.copy_from_slice(&digest[..VoterKey::LENGTH]);
    VoterKey(key)
}

/// The key under which a poll knows voters of one kind.
fn of_poll(kind: [u8; 8], poll: PollId) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&kind);
    key[8..].copy_from_slice(&poll.get().to_be_bytes());
    key
}

fn keyed(key: &[u8; 16], message: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..16].copy_from_slice(key);
    let mut mac = HmacSha256::new(&block.into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Signs voter cookies with the newest key and recognises those signed with any.
#[derive(Clone, Debug)]
pub struct VoterSigner(Seal);

impl VoterSigner {
    /// A signer with these secrets, the newest first.
    #[must_use]
    pub fn new<S: AsRef<[u8]>>(secrets: &[S]) -> Self {
        Self(Seal::new(secrets, b"hemicycle voter cookie 1\0"))
    }

    /// The cookie's value for this voter: 47 characters of base64url.
    #[must_use]
    pub fn sign(&self, voter: &CookieVoter) -> String {
        let mut value = [0; TIME + SECRET];
        value[..TIME].copy_from_slice(&voter.made);
        value[TIME..].copy_from_slice(&voter.secret);
        self.0.close(&value)
    }

    /// The voter whose cookie this is; `None` where it was not signed by one of our keys.
    #[must_use]
    pub fn verify(&self, cookie: &str) -> Option<CookieVoter> {
        let value: [u8; TIME + SECRET] = self.0.open(cookie)?;
        let (made, secret) = value.split_at(TIME);
        Some(CookieVoter { made: made.try_into().ok()?, secret: secret.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::from_millis;

    fn voter() -> CookieVoter {
        CookieVoter::mint(from_millis(1_800_000_000_000), &Entropy::System)
    }

    #[test]
    fn a_cookie_is_recognised_under_any_of_the_keys_and_signed_with_the_newest() {
        let (old, both, new) =
            (VoterSigner::new(&["old"]), VoterSigner::new(&["new", "old"]), VoterSigner::new(&["new"]));
        let voter = voter();
        assert_eq!(both.verify(&old.sign(&voter)), Some(voter));
        assert_eq!(new.verify(&both.sign(&voter)), Some(voter));
        assert_eq!(new.verify(&old.sign(&voter)), None);
    }

    #[test]
    fn a_cookie_with_any_character_changed_is_not_recognised() {
        let signer = VoterSigner::new(&["key"]);
        let cookie = signer.sign(&voter());
        for place in 0..cookie.len() {
            let mut forged = cookie.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(signer.verify(std::str::from_utf8(&forged).unwrap()), None, "character {place}");
        }
        assert_eq!(signer.verify(""), None);
        assert_eq!(signer.verify(&format!("{cookie}A")), None);
    }

    #[test]
    fn an_account_and_a_name_are_voters_of_their_own_in_each_poll() {
        let [one, two] = [1, 2].map(|number| PollId::from_u64(number).unwrap());
        let account = |id: &str| Voter::Account(UserId::parse(id).unwrap());
        let named = |key, name: &str| Voter::Named { key, name: name.into() };
        assert_eq!(account("Ann").key(one), account("aNN").key(one), "in capitals or not");
        assert_ne!(account("ann").key(one), account("ann").key(two));
        assert_ne!(account("ann").key(one), Voter::Client("ann".into()).key(one));
        assert_ne!(named([1; 16], "ann").key(one), named([2; 16], "ann").key(one), "a name is one token's");
        assert_ne!(named([1; 16], "ann").key(one), named([1; 16], "ann").key(two));
    }

    #[test]
    fn a_voter_has_one_key_a_poll_that_starts_with_when_they_were_minted() {
        let (first, second) = (PollId::from_u64(1).unwrap(), PollId::from_u64(2).unwrap());
        let cookie = voter();
        let voter = Voter::Cookie(cookie);
        assert_eq!(voter.key(first), voter.key(first));
        assert_ne!(voter.key(first).0.0[TIME..], voter.key(second).0.0[TIME..]);
        assert_eq!(voter.key(first).0.0[..TIME], cookie.made);
        let client = Voter::Client("retry-1".into());
        assert_eq!(client.key(first), client.key(first));
        assert_ne!(client.key(first), client.key(second));
    }

    #[test]
    fn a_code_votes_under_a_key_of_its_own_in_each_poll_that_what_is_stored_of_it_does_not_show() {
        let (first, second) = (PollId::from_u64(1).unwrap(), PollId::from_u64(2).unwrap());
        let code = VotingCode::random(&Entropy::System);
        let [here, there] = [first, second].map(|poll| Voter::Code(code).key(poll));
        assert_eq!(here, Voter::Code(code).key(first));
        assert_ne!(here.0, there.0);
        assert_ne!(here.1, there.1);
        let other = Voter::Code(VotingCode::random(&Entropy::System));
        assert_ne!(here.0.0[..TIME], other.key(first).0.0[..TIME], "it says nothing of a time");
        assert_ne!(here.0.0, code.hash(first).0);
        let printed = Voter::Client(code.to_string());
        assert_ne!(here, printed.key(first), "who names themselves by a code is not who holds it");
        // A client whose name is what a code's key is made of.
        let bytes = Voter::Client(String::from_utf8_lossy(&code.to_bytes()).into_owned());
        assert_ne!(here, bytes.key(first));
    }
}
