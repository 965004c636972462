//! Identifiers: checked once, then trusted.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 128 characters out of A-Z a-z 0-9 _ . : -")]
pub struct MalformedId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the alphabet and the length.
            ///
            /// # Errors
            /// If `text` is empty, longer than 128 characters, or has a character outside `[A-Za-z0-9_.:-]`.
            pub fn parse(text: &str) -> Result<Self, MalformedId> {
                let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
                if (1..=128).contains(&text.len()) && text.chars().all(is_allowed) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(MalformedId)
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedId;

            fn try_from(text: String) -> Result<Self, MalformedId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// Names an order.
    OrderId
);
id!(
    /// Names a courier.
    CourierId
);
id!(
    /// Names a depot.
    DepotId
);
id!(
    /// Names a part of the city with traffic of its own.
    ZoneId
);
id!(
    /// Names a place in travel matrices.
    PlaceId
);
id!(
    /// Names a travel profile.
    ProfileId
);
id!(
    /// Names a delivery day whose windows are promised.
    DayId
);
id!(
    /// Names a window that a day offers.
    WindowId
);
id!(
    /// Names a promise.
    PromiseId
);
id!(
    /// Names something that was reported from a day under way.
    EventId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_to_a_plain_alphabet() {
        assert!(OrderId::parse("order-7.b:2_X").is_ok());
        for bad in ["", "a b", "заказ", "a/b", &"x".repeat(129)] {
            assert_eq!(OrderId::parse(bad), Err(MalformedId), "{bad}");
        }
    }
}
