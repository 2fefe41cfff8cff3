//! The macro for the small types of rows and messages: ids of 16 bytes, and short texts of one form that are checked
//! where they are read, so that nothing later has to.

/// A value is not of the form that its type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct InvalidField(pub(crate) &'static str);

/// Declares a type around one value.
///
/// - `id Name` is an id of 16 bytes, shown in hexadecimal.
/// - `text Name, "form", check` is a text of one form; `form` completes the error "expected …".
macro_rules! newtype {
    ($(#[$attribute:meta])* id $name:ident) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
    ($(#[$attribute:meta])* text $name:ident, $form:literal, $check:expr) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
        $(#[$attribute])*
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes a text of that form.
            ///
            /// # Errors
            /// [`InvalidField`](crate::domain::InvalidField) for any other text.
            pub fn new(text: &str) -> Result<Self, crate::domain::InvalidField> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(crate::domain::InvalidField($form))
                }
            }

            /// Gives the text as it was read.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use newtype;
