//! Headers that handlers read: who is asking, and what a till calls its request.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::domain::IdempotencyKey;

/// The header of the challenge for the next message: [`tegata::protocol::CHALLENGE_HEADER`].
pub(crate) const CHALLENGE: HeaderName = HeaderName::from_static("tegata-challenge");

/// Reads the 32 bytes of the one header `Authorization: Bearer …`.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<Zeroizing<[u8; 32]>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let mut bytes = Zeroizing::new([0; 32]);
    let fits = scheme.eq_ignore_ascii_case("bearer");
    let read = Base64UrlUnpadded::decode(token, &mut *bytes).map(<[u8]>::len);
    (fits && read == Ok(bytes.len())).then_some(bytes)
}

/// Reads the one header `Idempotency-Key`.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Option<IdempotencyKey> {
    let mut values = headers.get_all("idempotency-key").iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    IdempotencyKey::new(value.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use tegata::protocol::CHALLENGE_HEADER;

    use super::*;

    #[test]
    fn a_token_is_read_from_one_header_of_one_form() {
        let token = Base64UrlUnpadded::encode_string(&[7; 32]);
        let is_taken = |values: &[String]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            }
            bearer_token(&headers).is_some()
        };
        assert!(is_taken(&[format!("Bearer {token}")]) && is_taken(&[format!("bearer {token}")]));
        for bad in ["", "Bearer", "Bearer ", "Basic AAAA", &token, &format!("Bearer {token}A")] {
            assert!(!is_taken(&[(*bad).to_owned()]), "{bad}");
        }
        assert!(!is_taken(&[format!("Bearer {token}="), format!("Bearer {token}")]));
        assert!(!is_taken(&[format!("Bearer {token}"), format!("Bearer {token}")]));
        assert!(!is_taken(&[]));
    }

    #[test]
    fn the_challenge_has_the_header_that_clients_read() {
        assert_eq!(CHALLENGE, HeaderName::from_bytes(CHALLENGE_HEADER.as_bytes()).unwrap());
    }

    #[test]
    fn a_key_comes_in_one_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(idempotency_key(&headers), None);
        headers.append("idempotency-key", "a".parse().unwrap());
        assert_eq!(idempotency_key(&headers).unwrap().as_str(), "a");
        headers.append("idempotency-key", "a".parse().unwrap());
        assert_eq!(idempotency_key(&headers), None);
    }
}
