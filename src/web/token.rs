//! Addresses of couriers' own pages that nobody can guess.
//!
//! A token says which plan and which courier, and carries a code over both that only this server can make: HMAC with
//! SHA-256 (RFC 2104), cut to 128 bits. No list of tokens is kept, and a token is good for as long as its plan is kept
//! and the secret stays the same, which is kept where the promises are.

use std::fs;
use std::io::{self, Read};

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Bytes of the secret.
const SECRET_BYTES: usize = 32;
/// Bytes of the code.
const CODE_BYTES: usize = 16;
/// Where randomness comes from.
const SOURCE: &str = "/dev/urandom";
/// Longest token that is looked at, in characters: two ids of 128 and the code.
const TOKEN_MAX: usize = 1_024;

/// Where a plan is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// It is that of a job.
    Job(String),
    /// It is that of a day of promises.
    Day(String),
    /// It is that of a live day.
    Live(String),
}

/// What tokens are made with.
pub struct Secret([u8; SECRET_BYTES]);

impl From<[u8; SECRET_BYTES]> for Secret {
    fn from(kept: [u8; SECRET_BYTES]) -> Self {
        Self(kept)
    }
}

/// There is no secret to be had.
#[derive(Debug, thiserror::Error)]
#[error("draw a secret for couriers' pages from {SOURCE}: {0}")]
pub struct SecretError(#[source] io::Error);

impl Secret {
    /// What the secret is called where it is kept.
    pub const NAME: &'static str = "pages of couriers";

    /// Draws what can become the secret of a store that has none yet.
    ///
    /// # Errors
    /// If the operating system gives no randomness.
    pub fn draw() -> Result<[u8; SECRET_BYTES], SecretError> {
        let mut bytes = [0; SECRET_BYTES];
        let drawn = fs::File::open(SOURCE).and_then(|mut file| file.read_exact(&mut bytes));
        drawn.map(|()| bytes).map_err(SecretError)
    }

    /// The token of a courier's page.
    pub(super) fn token(&self, source: &Source, courier: &str) -> String {
        let said = claim(source, courier);
        let code = self.code(&said).finalize().into_bytes();
        format!("{}{}", hex(&code[..CODE_BYTES]), encoded(&said))
    }

    /// What a token is for; `None` if it was not made with this secret.
    pub(super) fn read(&self, token: &str) -> Option<(Source, String)> {
        if token.len() > TOKEN_MAX {
            return None;
        }
        let (code, said) = token.split_at_checked(2 * CODE_BYTES)?;
        let (code, said) = (unhex(code)?, decoded(said)?);
        self.code(&said).verify_truncated_left(&code).ok()?;
        let (source, courier) = said.rsplit_once(' ')?;
        let source = match source.split_once(' ')? {
            ("job", id) => Source::Job(id.to_owned()),
            ("day", id) => Source::Day(id.to_owned()),
            ("live", id) => Source::Live(id.to_owned()),
            _ => return None,
        };
        Some((source, courier.to_owned()))
    }

    fn code(&self, said: &str) -> Hmac<Sha256> {
        let mut code =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of HMAC has any length");
        code.update(said.as_bytes());
        code
    }
}

/// What a token says. Ids have no blanks.
fn claim(source: &Source, courier: &str) -> String {
    match source {
        Source::Job(id) => format!("job {id} {courier}"),
        Source::Day(id) => format!("day {id} {courier}"),
        Source::Live(id) => format!("live {id} {courier}"),
    }
}

/// Text as a part of an address: ids are made of letters that need no more than a mark for the blank.
fn encoded(said: &str) -> String {
    said.replace(' ', "~").replace(':', "!")
}

fn decoded(text: &str) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_.-~!".contains(&b);
    let said = text.replace('~', " ").replace('!', ":");
    text.bytes().all(is_plain).then_some(said)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn job() -> Source {
        Source::Job("job-0123".to_owned())
    }

    #[test]
    fn a_token_is_read_back_by_the_secret_that_made_it_and_by_no_other() {
        let (own, other) = (Secret([1; 32]), Secret([2; 32]));
        let token = own.token(&job(), "courier:07");
        assert_eq!(own.read(&token), Some((job(), "courier:07".to_owned())));
        assert_eq!(other.read(&token), None);
        assert_ne!(
            token,
            own.token(&Source::Day("job-0123".to_owned()), "courier:07")
        );
    }

    #[test]
    fn no_part_of_a_token_can_be_changed() {
        let secret = Secret([7; 32]);
        let token = secret.token(&job(), "anna");
        for at in 0..token.len() {
            for other in ['0', 'b', '~', '.'] {
                let mut changed = token.clone();
                changed.replace_range(at..=at, &other.to_string());
                assert!(
                    changed == token || secret.read(&changed).is_none(),
                    "{changed}"
                );
            }
        }
        assert_eq!(secret.read(&token[..token.len() - 1]), None);
        assert_eq!(secret.read(""), None);
        assert_eq!(secret.read("ü".repeat(40).as_str()), None);
        assert_eq!(secret.read(&"0".repeat(100_000)), None);
    }

    #[test]
    fn the_code_is_that_of_the_standard() {
        // RFC 4231, test case 1, with the key filled up with zeros as the algorithm does itself.
        let mut key = [0; SECRET_BYTES];
        key[..20].fill(0x0b);
        let code = Secret(key).code("Hi There").finalize().into_bytes();
        assert_eq!(hex(&code[..8]), "b0344c61d8db3853");
    }

    proptest! {
        #[test]
        fn any_ids_are_read_back(id in "[A-Za-z0-9_.:-]{1,128}", courier in "[A-Za-z0-9_.:-]{1,128}") {
            let secret = Secret([3; 32]);
            let source = Source::Day(id);
            let token = secret.token(&source, &courier);
            prop_assert!(token.len() <= TOKEN_MAX);
            prop_assert_eq!(secret.read(&token), Some((source, courier)));
        }

        #[test]
        fn nothing_else_is_read(token in "[0-9a-f]{32}(job|day)~[a-z]{1,9}~[a-z]{1,9}|.{0,80}") {
            prop_assert_eq!(Secret([3; 32]).read(&token), None);
        }
    }
}
