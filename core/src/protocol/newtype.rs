//! The macro that makes the small types of messages: each is one text in JSON, checked where it is read.

/// Implements what a type of one text needs: reading and writing JSON, and its description in `OpenAPI`.
///
/// - `public Name(Inner), "form", read, write` defines a type whose text may be printed.
/// - `secret Name(Inner), "form", constructor, read, write` defines one whose text may not.
/// - `secret Name, "form", check` is short for a secret text that is stored as it is.
/// - `typed digits Name, "form", check` is that for digits that a person typed, which its constructor folds; JSON has
///   them as they are.
/// - `describe Name, "description"` only describes a type that is defined elsewhere.
///
/// `form` completes the error "expected …". `read` gives `None` for a text of another form. In brackets follow what
/// `OpenAPI` says of the text: the regular expression that it matches from end to end, as ECMA-262 and Rust's crates both
/// read it, its lengths, and an example.
macro_rules! newtype {
    (
        $(#[doc = $doc:literal])* $(#[derive($($derive:ident),*)])?
        public $name:ident($vis:vis $inner:ty), $form:literal, $read:expr, $write:expr,
        [$($schema:tt)*]
    ) => {
        newtype! {
            @text $(#[doc = $doc])* $(#[derive($($derive),*)])? $name($vis $inner), $form, $read, $write
        }
        newtype! { describe $name, concat!($($doc),*), [$($schema)*] }

        impl TryFrom<String> for $name {
            type Error = $crate::protocol::InvalidText;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::read(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.write().expose().to_owned()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.write().expose())
            }
        }
    };
    (
        $(#[doc = $doc:literal])*
        secret $name:ident($inner:ty), $form:literal, $constructor:ident, $read:expr, $write:expr,
        [$($schema:tt)*]
    ) => {
        newtype! { @text $(#[doc = $doc])* #[derive(Clone)] $name($inner), $form, $read, $write }
        newtype! { describe $name, concat!($($doc),*), [$($schema)*] }

        impl $name {
            /// Reads a text of this form.
            ///
            /// # Errors
            /// [`InvalidText`](crate::protocol::InvalidText).
            pub fn $constructor(text: &str) -> Result<Self, $crate::protocol::InvalidText> {
                Self::read(text)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
    (
        $(#[doc = $doc:literal])*
        secret $name:ident, $form:literal, $check:expr, [$($schema:tt)*]
    ) => {
        newtype! {
            $(#[doc = $doc])*
            secret $name($crate::protocol::SecretText), $form, new,
            |text| {
                let check: fn(&str) -> bool = $check;
                check(text).then(|| $crate::protocol::SecretText::new(text))
            },
            Clone::clone, [$($schema)*]
        }

        impl $name {
            /// Exposes the text. Each call site is a place where the secret can leak: keep them few.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose()
            }
        }
    };
    (
        $(#[doc = $doc:literal])*
        typed digits $name:ident, $form:literal, $check:expr, [$($schema:tt)*]
    ) => {
        newtype! {
            @text $(#[doc = $doc])* #[derive(Clone)] $name($crate::protocol::SecretText), $form,
            |text| {
                let check: fn(&str) -> bool = $check;
                check(text).then(|| $crate::protocol::SecretText::new(text))
            },
            Clone::clone
        }
        newtype! { describe $name, concat!($($doc),*), [$($schema)*] }

        impl $name {
            /// Reads what a person typed: digits of any script, in groups or not.
            ///
            /// # Errors
            /// [`InvalidText`](crate::protocol::InvalidText).
            pub fn new(text: &str) -> Result<Self, $crate::protocol::InvalidText> {
                Self::read(&$crate::text::fold_digits(text))
            }

            /// Exposes the text. Each call site is a place where the secret can leak: keep them few.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
    (
        describe $name:ident, $description:expr,
        [$(pattern: $pattern:expr,)? $(min: $min:expr,)? $(max: $max:expr,)? $(example: $example:expr,)?]
    ) => {
        $(
            impl $name {
                #[cfg(test)]
                pub(crate) const PATTERN: &'static str = $pattern;
            }
        )?

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some($description.trim()))
                    $(.pattern(Some(format!("^{}$", $pattern))))?
                    $(.min_length(Some($min)))?
                    $(.max_length(Some($max)))?
                    $(.examples([$example]))?
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
    (
        @text $(#[doc = $doc:literal])* $(#[derive($($derive:ident),*)])?
        $name:ident($vis:vis $inner:ty), $form:literal, $read:expr, $write:expr
    ) => {
        $(#[doc = $doc])*
        $(#[derive($($derive),*)])?
        pub struct $name($vis $inner);

        impl $name {
            fn read(text: &str) -> Result<Self, $crate::protocol::InvalidText> {
                let read: fn(&str) -> Option<$inner> = $read;
                read(text).map(Self).ok_or($crate::protocol::InvalidText($form))
            }

            fn write(&self) -> $crate::protocol::SecretText {
                let write: fn(&$inner) -> $crate::protocol::SecretText = $write;
                write(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.write().serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <$crate::protocol::SecretText as serde::Deserialize>::deserialize(deserializer)?;
                Self::read(text.expose()).map_err(serde::de::Error::custom)
            }
        }
    };
}
