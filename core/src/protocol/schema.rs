//! The forms of texts, as the description of the interface tells them.

/// Says what texts of a type look like: the regular expression that they match from end to end, as ECMA-262 and Rust's
/// crates both read it, what the type says of itself, how many characters there are at most, and one of them.
macro_rules! described {
    ($name:ty, $pattern:expr, $says:expr, $longest:expr, $example:expr) => {
        impl $name {
            #[cfg(any(test, feature = "openapi"))]
            pub(crate) const PATTERN: &'static str = $pattern;
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                crate::protocol::schema::text($says, Self::PATTERN, $longest, $example)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

#[cfg(feature = "openapi")]
pub(crate) fn text(
    says: &str,
    pattern: &str,
    longest: usize,
    example: &str,
) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .description(Some(says.trim()))
        .pattern(Some(format!("^{pattern}$")))
        .max_length(Some(longest))
        .examples([example])
        .into()
}
