//! Till cards, as a phone reads them.
#![expect(clippy::expect_used, reason = "a panic is how a target says what is wrong")]

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::code::{ShopName, TillCard, UnsignedTillCard};

/// Any bytes: first as the text of a card, then as what a card holds, signed as an issuer would. What is read says
/// again what was read.
pub fn till_card(bytes: &[u8]) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any seed");
    let key = pair.public_key().as_ref().try_into().expect("32 bytes");
    if let Ok(text) = std::str::from_utf8(bytes) {
        check(text, &key, &pair);
    }
    let signature = pair.sign(&[b"tegata/v1/till-card\0", bytes].concat());
    let signed = Base64UrlUnpadded::encode_string(&[bytes, signature.as_ref()].concat());
    check(&format!("tegata-till:{signed}"), &key, &pair);
}

fn check(text: &str, key: &[u8; 32], pair: &Ed25519KeyPair) {
    let Ok(card) = TillCard::read(text, key) else { return };
    let name = |name: &ShopName| ShopName::new(name.as_str()).expect("it was one");
    let unsigned = UnsignedTillCard {
        till: card.till().clone(),
        shop: name(card.shop()),
        issuer: name(card.issuer()),
    };
    let sign = |message: &[u8]| pair.sign(message).as_ref().try_into().expect("64 bytes");
    assert_eq!(unsigned.sign(sign), text.trim());
}
