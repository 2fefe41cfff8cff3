//! What a phone reads from another one.
#![expect(clippy::expect_used, reason = "a panic is how a target says what is wrong")]

use crate::SystemRandom;
use crate::hpke::ReceiverKey;
use crate::transfer::TransferRequest;
use crate::transfer::sealed_transfer::{
    MAX_BYTES, SealedTransfer, TransferItem, decode_items, encode_items, seal,
};
use crate::vault::fuzz::is_stored;

/// Any bytes: as the text of a request; as the text of an answer; as what an answer holds, its seal right. What is read is
/// written the same.
pub fn moved(bytes: &[u8]) {
    let key = ReceiverKey::from_slice(&[7; 32]).expect("32 bytes");
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(request) = TransferRequest::read(text) {
            assert_eq!(request.to_string(), text.trim());
        }
        if let Ok(parcel) = SealedTransfer::read(text) {
            drop(parcel.open(&key));
        }
    }
    let Ok(all) = decode_items(bytes) else { return };
    let ours = encode_items(&all).expect("it was within the limits");
    assert_eq!(*ours, bytes);
    for it in &all {
        match it {
            TransferItem::Otp(credential) => is_stored(credential),
            TransferItem::Pass(pass) => is_stored(pass),
        }
    }
    assert!(bytes.len() <= MAX_BYTES);
    let request = TransferRequest::new(key.public());
    let text = seal(&request, bytes, &SystemRandom::new()).expect("randomness");
    let parcel = SealedTransfer::read(&text).expect("ours");
    let again = parcel.open(&key).expect("ours");
    assert_eq!(*encode_items(&again).expect("as before"), bytes);
}
