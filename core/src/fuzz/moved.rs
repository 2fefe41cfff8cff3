//! What a phone reads from another one.
#![expect(clippy::expect_used, reason = "a panic is how a target says what is wrong")]

use crate::SystemRandom;
use crate::hpke::ReceiverKey;
use crate::transfer::TransferRequest;
use crate::transfer::parcel::{MOST_BYTES, SealedTransfer, TransferItem, packed, seal, unpacked};
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
    let Ok(all) = unpacked(bytes) else { return };
    let ours = packed(&all).expect("it was within the limits");
    assert_eq!(*ours, bytes);
    for it in &all {
        match it {
            TransferItem::Otp(credential) => is_stored(credential),
            TransferItem::Pass(pass) => is_stored(pass),
        }
    }
    assert!(bytes.len() <= MOST_BYTES);
    let request = TransferRequest::new(key.public());
    let text = seal(&request, bytes, &SystemRandom::new()).expect("randomness");
    let parcel = SealedTransfer::read(&text).expect("ours");
    let again = parcel.open(&key).expect("ours");
    assert_eq!(*packed(&again).expect("as before"), bytes);
}
