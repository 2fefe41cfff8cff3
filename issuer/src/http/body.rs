//! Bodies of requests: JSON of which each byte was looked at once, and kept as it came.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::http::problem::{FieldName, Problem};
use crate::http::state::AppState;

/// Bytes that a body may have.
pub const MAX_BODY: usize = 64 * 1024;

/// Arrays and objects that may lie in one another.
pub const MAX_DEPTH: usize = 32;

/// A body that is one JSON document and nothing more, or a [`Problem`].
///
/// Refused: a content type other than `application/json`, more than [`MAX_BODY`] bytes, anything but UTF-8, a key twice
/// in one object (at any depth, however it is escaped), more than [`MAX_DEPTH`] levels, anything after the document.
/// Unknown fields are refused by `T` itself, with `#[serde(deny_unknown_fields)]`, which [`unknown_fields_taken`] holds
/// it to.
#[derive(Debug)]
pub struct StrictJson<T> {
    /// What the body says.
    pub value: T,
    /// The body, byte for byte as received: signatures are over this.
    pub raw: Bytes,
}

impl<T: DeserializeOwned> FromRequest<std::sync::Arc<AppState>> for StrictJson<T> {
    type Rejection = Problem;

    async fn from_request(
        request: Request,
        state: &std::sync::Arc<AppState>,
    ) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::NotJson);
        }
        let raw = read(request, state.config.body_seconds.duration()).await?;
        let value = parse_naming(&raw)?;
        Ok(Self { value, raw })
    }
}

/// Exactly one content type, with no parameter but that it is UTF-8, which it has to be anyway (RFC 8259, section 8.1).
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(first), None) = (types.next(), types.next()) else { return false };
    first.to_str().is_ok_and(|value| {
        let (essence, parameters) = value.split_once(';').unwrap_or((value, "charset=utf-8"));
        essence.trim().eq_ignore_ascii_case("application/json")
            && parameters.trim().eq_ignore_ascii_case("charset=utf-8")
    })
}

async fn read(request: Request, within: Duration) -> Result<Bytes, Problem> {
    // What is announced as too large is refused before a byte of it is read.
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > MAX_BODY as u64) {
        return Err(Problem::TooLarge);
    }
    let body = Limited::new(request.into_body(), MAX_BODY).collect();
    match tokio::time::timeout(within, body).await {
        Err(_) => Err(Problem::TimedOut),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Problem::TooLarge),
        Ok(Err(_)) => Err(Problem::BadRequest),
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }
}

/// Takes `bytes` as [`StrictJson`] takes a body, without the limit of its size.
#[must_use]
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    parse_naming(bytes).ok()
}

/// Takes `bytes` as [`parse`] does, and names the field that is missing or wrong.
fn parse_naming<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::Malformed)?;
    let mut checked = serde_json::Deserializer::from_str(text);
    let is_plain = Plain { levels: MAX_DEPTH }.deserialize(&mut checked).is_ok();
    if !is_plain || checked.end().is_err() {
        return Err(Problem::Malformed);
    }
    let read = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text));
    read.map_err(|error| field_of(&error).map_or(Problem::Malformed, Problem::MalformedField))
}

/// The field that is missing, or whose value is wrong. One that nobody knows is not repeated: it is the client's text.
fn field_of(error: &serde_path_to_error::Error<serde_json::Error>) -> Option<FieldName> {
    let message = error.inner().to_string();
    if message.starts_with("unknown ") {
        return None;
    }
    let path = error.path().to_string();
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    match missing {
        Some((name, _)) if path == "." => FieldName::new(name),
        Some((name, _)) => FieldName::new(&format!("{path}.{name}")),
        None => FieldName::new(&path),
    }
}

/// Reads any JSON value and keeps nothing: what it gets through has no key twice and not too many levels.
#[derive(Clone, Copy)]
struct Plain {
    levels: usize,
}

impl Plain {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| E::custom("too many levels"))?;
        Ok(Self { levels })
    }
}

impl<'de> DeserializeSeed<'de> for Plain {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !keys.insert(key) {
                return Err(de::Error::custom("a key twice"));
            }
            entries.next_value_seed(inner)?;
        }
        Ok(())
    }
}

/// For tests of message types: where in `example`, which must be one `T`, a field that nobody knows is taken in. As JSON
/// pointers; the right answer is none. `None` if the example itself is refused.
#[must_use]
pub fn unknown_fields_taken<T: DeserializeOwned>(example: &Value) -> Option<Vec<String>> {
    serde_json::from_value::<T>(example.clone()).ok()?;
    let mut objects = Vec::new();
    find_objects(example, String::new(), &mut objects);
    objects.retain(|pointer| {
        let mut with = example.clone();
        if let Some(Value::Object(fields)) = with.pointer_mut(pointer) {
            fields.insert("an unknown field".to_owned(), Value::Null);
        }
        serde_json::from_value::<T>(with).is_ok()
    });
    Some(objects)
}

fn find_objects(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                find_objects(inner, format!("{pointer}/{key}"), found);
            }
            found.push(pointer);
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                find_objects(inner, format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    fn taken(text: &str) -> bool {
        parse::<Value>(text.as_bytes()).is_some()
    }

    #[test]
    fn a_duplicate_key_is_refused_at_any_depth_and_escaping() {
        assert!(taken(r#"{"a":1,"b":{"a":1}}"#));
        for twice in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"a":1,"a":null}}"#,
            r#"[0,{"x":[{"":1,"":1}]}]"#,
        ] {
            assert!(!taken(twice), "{twice}");
        }
    }

    #[test]
    fn thirty_two_levels_are_taken_and_one_more_is_not() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(taken(&nested(32)));
        assert!(!taken(&nested(33)));
        assert!(!taken(&nested(30_000)));
        let objects = |levels| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        assert!(taken(&objects(32)));
        assert!(!taken(&objects(33)));
    }

    #[test]
    fn what_is_not_one_document_in_utf8_is_refused() {
        for bad in
            ["", " ", "1 1", "{}x", "{},", "nul", "1e999", r#""\ud800""#, "\u{feff}{}", "{'a':1}"]
        {
            assert!(!taken(bad), "{bad}");
        }
        assert!(parse::<Value>(b"\"\xff\"").is_none());
        assert!(taken(" {} \n"));
    }

    #[test]
    fn only_one_content_type_is_json() {
        let judged = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_static(value));
            }
            is_json(&headers)
        };
        for good in ["application/json", "Application/JSON", "application/json; charset=UTF-8"] {
            assert!(judged(&[good]), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/json; charset=utf-7",
            "application/jsonx",
            "application/problem+json",
            "application/json;",
            "application/json, text/plain",
        ] {
            assert!(!judged(&[bad]), "{bad}");
        }
        assert!(!judged(&[]));
        assert!(!judged(&["application/json", "application/json"]));
    }

    #[test]
    fn a_type_that_takes_unknown_fields_is_found_out() {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Closed {
            #[serde(rename = "inner")]
            _inner: Vec<Open>,
        }
        #[derive(Deserialize)]
        struct Open {}
        let example = json!({ "inner": [{}] });
        assert_eq!(unknown_fields_taken::<Closed>(&example), Some(vec!["/inner/0".to_owned()]));
        assert_eq!(unknown_fields_taken::<Closed>(&json!({})), None);
    }

    /// Texts that look like JSON more often than chance would have it.
    fn nearly_json() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"a\"",
            "\"\\u0061\"",
            "\"b\"",
            "1",
            "-0.5e3",
            "null",
            "true",
            " ",
            "\"",
            "\\",
            "é",
        ]);
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    #[test]
    fn the_field_that_is_missing_or_wrong_is_named() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Inner {
            _count: u8,
        }
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Outer {
            _amount: u64,
            _inner: Inner,
        }
        let named = |body: &str| match parse_naming::<Outer>(body.as_bytes()).unwrap_err() {
            Problem::MalformedField(field) => field.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(named(r#"{"_inner":{"_count":1}}"#), "_amount");
        assert_eq!(named(r#"{"_amount":"x","_inner":{"_count":1}}"#), "_amount");
        assert_eq!(named(r#"{"_amount":1,"_inner":{"_count":256}}"#), "_inner._count");
        assert_eq!(named(r#"{"_amount":1,"_inner":{}}"#), "_inner._count");
        // What the client calls a field does not come back, and what is no JSON has none.
        assert_eq!(named(r#"{"_amount":1,"_inner":{"_count":1},"secret":1}"#), "Malformed");
        assert_eq!(named(r#"{"_amount":1"#), "Malformed");
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_what_any_reader_accepts(text in nearly_json(), bytes: Vec<u8>) {
            for bytes in [text.as_bytes(), &bytes] {
                if let Some(value) = parse::<Value>(bytes) {
                    prop_assert_eq!(value, serde_json::from_slice::<Value>(bytes).unwrap());
                }
            }
        }

        #[test]
        fn what_a_writer_wrote_is_accepted_and_the_same(value in value()) {
            prop_assert_eq!(parse::<Value>(value.to_string().as_bytes()), Some(value));
        }
    }
}
