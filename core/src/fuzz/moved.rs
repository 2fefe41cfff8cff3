//! Texts of a transfer, as a phone reads them.
#![expect(clippy::expect_used, reason = "a panic is how a target says what is wrong")]

use zeroize::Zeroizing;

use crate::SystemRandom;
use crate::hpke::ReceiverKey;
use crate::transfer::TransferRequest;
use crate::transfer::limits::MAX_BYTES;
use crate::transfer::sealed_transfer::{SealedTransfer, TransferItem, pack, seal, unpack};
use crate::vault::fuzz::is_stored;

/// Any bytes: as the text of a request; as the text of an answer; as what an answer holds, its seal right. What is read
/// is written the same.
pub fn moved(bytes: &[u8]) {
    let key = ReceiverKey::from_slice(&[7; 32]).expect("32 bytes");
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(request) = TransferRequest::read(text) {
            assert_eq!(request.to_string(), text.trim());
        }
        if let Ok(sealed) = SealedTransfer::read(text) {
            drop(sealed.open(&key));
        }
    }
    let Ok(all) = unpack(bytes) else { return };
    let ours = pack_again(&all);
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
    let sealed = SealedTransfer::read(&text).expect("ours");
    let again = sealed.open(&key).expect("ours");
    assert_eq!(*pack_again(&again), bytes);
}

fn pack_again(all: &[TransferItem]) -> Zeroizing<Vec<u8>> {
    let data: Vec<_> = all.iter().map(|item| item.encode().expect("it was read")).collect();
    pack(&data).expect("it was within the limits")
}
