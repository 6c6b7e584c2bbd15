//! Passwords: what they may be, and their hashes.
//!
//! Argon2id (RFC 9106), version 19, with 19 MiB, two passes and one lane, as the OWASP Password Storage Cheat Sheet
//! has it. Hashes are written as PHC strings, with their parameters, so that other ones can be verified, too.

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use data_encoding::BASE64_NOPAD;
use subtle::ConstantTimeEq;

/// The fewest characters of a password that somebody chooses.
const SHORTEST: usize = 8;
/// The most characters of any password.
const LONGEST: usize = 200;

/// KiB of memory that a hash takes to make.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT: usize = 16;
const OUTPUT: usize = 32;

/// The most that a stored hash may ask for: KiB, and passes.
const MOST_MEMORY: u32 = 64 << 10;
const MOST_PASSES: u32 = 10;

/// Capacity of the memory that a hash is made in, in blocks of 1 KiB: just above what glibc gives out of its heap
/// (`DEFAULT_MMAP_THRESHOLD_MAX`, 32 MiB), so that all of it goes back to the system; out of the heap, four threads kept
/// 300 MB. What is not used is never touched.
const MAPPED: usize = (32 << 10) + 64;

/// Why a password may not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Fewer characters than this.
    #[error("a password has at least {0} characters")]
    TooShort(usize),
    /// More characters than this.
    #[error("a password has at most {0} characters")]
    TooLong(usize),
}

/// Whether a person may choose this password: 8 to 200 characters of any kind.
///
/// # Errors
/// [`InvalidPassword`] where it is shorter or longer.
pub fn check_chosen(password: &str) -> Result<(), InvalidPassword> {
    check(password, SHORTEST)
}

/// Whether an administrator may give somebody this password, by hand or in a file: 1 to 200 characters of any kind.
///
/// # Errors
/// [`InvalidPassword`] where it is empty or longer.
pub fn check_given(password: &str) -> Result<(), InvalidPassword> {
    check(password, 1)
}

fn check(password: &str, shortest: usize) -> Result<(), InvalidPassword> {
    match password.chars().take(LONGEST + 1).count() {
        count if count < shortest => Err(InvalidPassword::TooShort(shortest)),
        count if count > LONGEST => Err(InvalidPassword::TooLong(LONGEST)),
        _ => Ok(()),
    }
}

/// The hash of a password, as a PHC string: <https://github.com/P-H-C/phc-string-format>. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash that was stored as this text; `None` where it is no PHC string.
    #[must_use]
    pub fn parse(text: String) -> Option<Self> {
        phc::PasswordHash::new(&text).is_ok().then_some(Self(text))
    }

    /// The text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Hashes a password: some 30 ms of work in 19 MiB, which are given back to the system. The salt is random.
    ///
    /// # Errors
    /// [`argon2::Error::OutOfMemory`].
    pub fn compute(password: &str, salt: &[u8; SALT]) -> Result<Self, argon2::Error> {
        let mut output = [0; OUTPUT];
        run(Params::new(MEMORY, PASSES, LANES, Some(OUTPUT))?, password, salt, &mut output)?;
        Ok(Self::written(salt, &output))
    }

    /// The hash of no password that anybody knows: verifying against it takes as long as against any other.
    #[must_use]
    pub fn decoy() -> Self {
        Self::written(&[0; SALT], &[0; OUTPUT])
    }

    fn written(salt: &[u8; SALT], output: &[u8; OUTPUT]) -> Self {
        let (salt, output) = (BASE64_NOPAD.encode(salt), BASE64_NOPAD.encode(output));
        Self(format!("$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}${salt}${output}"))
    }

    /// How to verify a password against this hash.
    ///
    /// # Errors
    /// [`UnusableHash`] where we would not do that.
    pub fn recipe(&self) -> Result<Recipe, UnusableHash> {
        let hash = phc::PasswordHash::new(&self.0)?;
        let is_ours = hash.algorithm == Algorithm::Argon2id.ident() && hash.version == Some(u32::from(Version::V0x13));
        let (true, Some(salt), Some(expected)) = (is_ours, hash.salt, hash.hash) else {
            return Err(UnusableHash::Foreign);
        };
        let params = Params::try_from(&hash).map_err(UnusableHash::Parameters)?;
        if params.m_cost() > MOST_MEMORY || params.t_cost() > MOST_PASSES {
            return Err(UnusableHash::Costly);
        }
        Ok(Recipe { params, salt, expected })
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PasswordHash")
    }
}

/// Why a stored hash verifies no password.
#[derive(Debug, thiserror::Error)]
pub enum UnusableHash {
    /// Not a PHC string.
    #[error("the hash of a password is malformed")]
    Malformed(#[from] phc::Error),
    /// Of another algorithm or version, or without salt or output.
    #[error("the hash of a password is none of Argon2id, version 19")]
    Foreign,
    /// With parameters that Argon2id does not have.
    #[error("the hash of a password has impossible parameters")]
    Parameters(#[source] argon2::password_hash::Error),
    /// With parameters that would take too much memory or time.
    #[error("the hash of a password asks for more than {MOST_MEMORY} KiB or {MOST_PASSES} passes")]
    Costly,
}

/// All that verifying a password takes.
pub struct Recipe {
    params: Params,
    salt: phc::Salt,
    expected: phc::Output,
}

impl Recipe {
    /// Whether this is the password: as much work as the hash's parameters say, at most 64 MiB and ten passes.
    ///
    /// # Errors
    /// [`argon2::Error::OutOfMemory`].
    pub fn matches(self, password: &str) -> Result<bool, argon2::Error> {
        let mut output = [0; phc::Output::MAX_LENGTH];
        let output = &mut output[..self.expected.len()];
        run(self.params, password, &self.salt, output)?;
        Ok(output.ct_eq(self.expected.as_bytes()).into())
    }
}

impl std::fmt::Debug for Recipe {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Recipe")
    }
}

fn run(params: Params, password: &str, salt: &[u8], output: &mut [u8]) -> Result<(), argon2::Error> {
    let blocks = params.block_count();
    let mut memory: Vec<Block> = Vec::new();
    memory.try_reserve_exact(blocks.max(MAPPED)).map_err(|_| argon2::Error::OutOfMemory)?;
    memory.resize(blocks, Block::new());
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into_with_memory(password.as_bytes(), salt, output, memory.as_mut_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(text: &str) -> PasswordHash {
        PasswordHash::parse(text.into()).unwrap()
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert_eq!(check_chosen(&"é".repeat(8)), Ok(()));
        assert_eq!(check_chosen(&"é".repeat(7)), Err(InvalidPassword::TooShort(8)));
        assert_eq!(check_chosen(&"é".repeat(200)), Ok(()));
        assert_eq!(check_chosen(&"x".repeat(201)), Err(InvalidPassword::TooLong(200)));
        assert_eq!(check_given("x"), Ok(()));
        assert_eq!(check_given(""), Err(InvalidPassword::TooShort(1)));
        assert_eq!(check_given(&"x".repeat(201)), Err(InvalidPassword::TooLong(200)));
    }

    #[test]
    fn a_hash_verifies_its_password_and_no_other() {
        let hash = PasswordHash::compute("correct horse", &[7; 16]).unwrap();
        let again = stored(hash.as_str());
        assert!(again.recipe().unwrap().matches("correct horse").unwrap());
        assert!(!again.recipe().unwrap().matches("correct horsf").unwrap());
        assert!(!again.recipe().unwrap().matches("").unwrap());
        let salted = PasswordHash::compute("correct horse", &[8; 16]).unwrap();
        assert_ne!(salted, hash);
    }

    /// From the reference implementation: `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32`, which its
    /// `test.c` lists.
    #[test]
    fn a_hash_of_the_reference_implementation_is_verified_by_its_own_parameters() {
        let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(stored(hash).recipe().unwrap().matches("password").unwrap());
        assert!(!stored(hash).recipe().unwrap().matches("passwore").unwrap());
    }

    #[test]
    fn the_decoy_costs_what_a_real_hash_does() {
        let real = PasswordHash::compute("x", &[7; 16]).unwrap().recipe().unwrap();
        let decoy = PasswordHash::decoy().recipe().unwrap();
        assert_eq!(decoy.params, real.params);
        assert_eq!((decoy.salt.len(), decoy.expected.len()), (real.salt.len(), real.expected.len()));
    }

    #[test]
    fn what_is_no_hash_of_ours_or_too_dear_has_no_recipe() {
        let refused = |text: &str| stored(text).recipe().unwrap_err().to_string();
        let rest = "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for parameters in ["m=65537,t=2,p=1", "m=4294967295,t=1,p=1", "m=19456,t=11,p=1"] {
            let refusal = refused(&format!("$argon2id$v=19${parameters}{rest}"));
            assert!(refusal.ends_with("more than 65536 KiB or 10 passes"), "{parameters}: {refusal}");
        }
        for parameters in ["m=0,t=2,p=1", "m=19456,t=0,p=1", "m=19456,t=2,p=16777215", "m=19456,t=2,p=1,x=1", "m=a"] {
            let refusal = refused(&format!("$argon2id$v=19${parameters}{rest}"));
            assert!(refusal.ends_with("impossible parameters"), "{parameters}: {refusal}");
        }
        for head in ["$argon2i$v=19", "$argon2d$v=19", "$argon2id$v=16", "$argon2id", "$scrypt$v=19"] {
            let refusal = refused(&format!("{head}$m=19456,t=2,p=1{rest}"));
            assert!(refusal.ends_with("none of Argon2id, version 19"), "{head}: {refusal}");
        }
        assert!(refused("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ").contains("none of Argon2id"), "no output");
    }

    #[test]
    fn only_phc_strings_are_hashes_and_debug_keeps_them_to_itself() {
        for text in ["", "password", "$", "$2b$12$x", "$argon2id$v=19$m=19456,t=2,p=1$é$é"] {
            assert_eq!(PasswordHash::parse(text.into()), None, "{text}");
        }
        assert_eq!(format!("{:?}", PasswordHash::decoy()), "PasswordHash");
    }
}
