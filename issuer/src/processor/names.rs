//! What the processor calls things. Each goes into a path as it is, so it has the form of a name and no other.

use std::fmt;

/// What was given is no name of the processor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no name of the processor's: up to 128 letters, digits and underscores are expected"
)]
pub struct NotAName;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The name, if it is one.
            ///
            /// # Errors
            /// [`NotAName`].
            pub fn new(text: &str) -> Result<Self, NotAName> {
                let fits = (1..=128).contains(&text.len());
                let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if fits && is_name { Ok(Self(text.to_owned())) } else { Err(NotAName) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// A customer.
    CustomerId
}
name! {
    /// A card that is kept, or the token by which one is registered.
    MethodId
}
name! {
    /// A charge, from before it is one.
    IntentId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_nothing_that_a_path_reads_otherwise() {
        for good in ["pm_card_visa", "pi_3MtwBw", "x", &"a".repeat(128)] {
            assert_eq!(MethodId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "pm/x", "..", "pm_1?expand=x", "pm%2F", "4242 4242", "é", &"a".repeat(129)]
        {
            assert_eq!(MethodId::new(bad), Err(NotAName), "{bad}");
        }
    }
}
