//! What a phone reads from another one.
#![expect(clippy::expect_used, reason = "a panic is how a target says what is wrong")]

use crate::SystemRandom;
use crate::hpke::ReceiverKey;
use crate::transfer::MoveRequest;
use crate::transfer::parcel::{Belonging, MOST_BYTES, Parcel, packed, seal, unpacked};
use crate::vault::fuzz::is_stored;

/// Any bytes: as the text of a request; as the text of an answer; as what an answer holds, its seal right. What is read is
/// written the same.
pub fn moved(bytes: &[u8]) {
    let key = ReceiverKey::from_slice(&[7; 32]).expect("32 bytes");
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(request) = MoveRequest::read(text) {
            assert_eq!(request.to_string(), text.trim());
        }
        if let Ok(parcel) = Parcel::read(text) {
            drop(parcel.open(&key));
        }
    }
    let Ok(all) = unpacked(bytes) else { return };
    let ours = packed(&all).expect("it was within the limits");
    assert_eq!(*ours, bytes);
    for it in &all {
        match it {
            Belonging::Otp(credential) => is_stored(credential),
            Belonging::Pass(pass) => is_stored(pass),
        }
    }
    assert!(bytes.len() <= MOST_BYTES);
    let request = MoveRequest::new(key.public());
    let text = seal(&request, bytes, &SystemRandom::new()).expect("randomness");
    let parcel = Parcel::read(&text).expect("ours");
    let again = parcel.open(&key).expect("ours");
    assert_eq!(*packed(&again).expect("as before"), bytes);
}
