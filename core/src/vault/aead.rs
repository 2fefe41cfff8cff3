//! AES-256-GCM (NIST SP 800-38D) under keys that seal one message each.
//!
//! A key used once needs no nonce, so the nonce is zero throughout and none is stored. ring refuses only sizes that
//! the types here rule out, and bytes that do not verify; both come back as its one opaque error.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::error::Unspecified;
use zeroize::{Zeroizing, zeroize_stack};

use crate::Secret;
use crate::kdf::{STACK, hkdf_sha256};

/// Bytes of a GCM tag.
pub(super) const TAG: usize = 16;

/// A key that seals one message.
pub(super) struct OneTimeKey(Secret<32>);

impl OneTimeKey {
    /// HKDF-SHA256 over `secret`; the parts of `info` count as one string. An empty salt is "no salt".
    pub(super) fn derive(secret: &[u8], salt: &[u8], info: &[&[u8]]) -> Self {
        Self(hkdf_sha256(secret, salt, info))
    }

    /// Seals in place: `message` is the plaintext followed by room for the tag.
    pub(super) fn seal(self, aad: &[u8], message: &mut [u8]) -> Result<(), Unspecified> {
        let sealed = self.seal_leaving_traces(aad, message);
        zeroize_stack::<STACK>();
        sealed
    }

    /// The plaintext of `sealed` (ciphertext, then tag), or an error if a single bit is not as it was.
    pub(super) fn open(self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let opened = self.open_leaving_traces(aad, sealed);
        zeroize_stack::<STACK>();
        opened
    }

    // ring expands the key on the stack and wipes nothing of it there.

    #[inline(never)]
    fn seal_leaving_traces(&self, aad: &[u8], message: &mut [u8]) -> Result<(), Unspecified> {
        let (text, room) = message.split_last_chunk_mut::<TAG>().ok_or(Unspecified)?;
        let tag = self.key()?.seal_in_place_separate_tag(nonce(), Aad::from(aad), text)?;
        room.copy_from_slice(tag.as_ref());
        Ok(())
    }

    #[inline(never)]
    fn open_leaving_traces(
        &self,
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let mut text = Zeroizing::new(sealed.to_vec());
        let length = self.key()?.open_in_place(nonce(), Aad::from(aad), &mut text)?.len();
        text.truncate(length);
        Ok(text)
    }

    fn key(&self) -> Result<LessSafeKey, Unspecified> {
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, self.0.expose())?))
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}
