//! URIs of one-time passwords.
#![expect(clippy::expect_used, reason = "a panic is how a target says what is wrong")]

use crate::UnixTime;
use crate::formats::otpauth::{parse, reveal};
use crate::formats::otpauth_migration::parse_all;
use crate::vault::OtpCredential;

/// An `otpauth` or `otpauth-migration` URI: what is read can be stored, has codes, and is read again from the URI
/// that we write of it.
pub fn otpauth(uri: &[u8]) {
    let Ok(credentials) = parse_all(uri) else { return };
    for credential in credentials {
        let code = credential.code(UnixTime::MAX).expect("what was read has a value");
        assert_eq!(code.digits().len(), usize::from(credential.digits));
        let revealed = reveal(&credential);
        let again = parse(revealed.expose()).expect("what we write is read");
        same(&again, &credential);
        same(&parse(reveal(&again).expose()).expect("and again"), &again);
        crate::vault::fuzz::is_stored(&credential);
    }
}

/// But for the spaces that an account begins with, as `reveal` says.
fn same(read: &OtpCredential, written: &OtpCredential) {
    assert_eq!(read.issuer, written.issuer);
    assert_eq!(read.account.trim_start_matches(' '), written.account.trim_start_matches(' '));
    assert_eq!(read.algorithm, written.algorithm);
    assert_eq!(read.digits, written.digits);
    assert_eq!(read.kind, written.kind);
    assert_eq!(read.reveal_secret().expose(), written.reveal_secret().expose());
}
