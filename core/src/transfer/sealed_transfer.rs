//! The sealed answer of an old phone.
//!
//! ```text
//! tegata-moved:1: Base64url( SHA-256 of the request's text (32) | enc (32) | ciphertext | tag (16) )
//! ```
//! HPKE in base mode to the request's key; info `tegata/v1/move`, associated data the same SHA-256. Sealed are the
//! records one after the other: their length as four bytes, then their data as a vault has it (kinds 2 and 3). Frozen.

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::error::TransferError;
use super::limits::{MAX_BYTES, MAX_RECORDS};
use super::request::TransferRequest;
use super::text;
use crate::hpke::{ReceiverKey, SealedMessage};
use crate::text::replace;
use crate::vault::{OtpCredential, Pass, VaultError, decode, encode};
use crate::{Random, RandomUnavailable};

const SCHEME: &str = "tegata-moved:";
const INFO: &[u8] = b"tegata/v1/move";
/// Bytes before the ciphertext, and of the tag after it.
const AROUND: usize = 32 + 32 + 16;

/// A record that can be transferred. What is not listed here cannot be, a payment credential least of all.
#[derive(Clone, Debug)]
pub(crate) enum TransferItem {
    Otp(OtpCredential),
    Pass(Pass),
}

/// The answer to a request, not opened yet.
pub(crate) struct SealedTransfer {
    request: [u8; 32],
    enc: [u8; 32],
    sealed: Vec<u8>,
}

impl SealedTransfer {
    /// Reads the old phone's answer. Nothing in it is trusted before it is opened.
    pub(crate) fn read(text: &str) -> Result<Self, TransferError> {
        let body = text::body(text, SCHEME, TransferError::InvalidAnswer)?;
        // Nothing longer than the longest is even decoded.
        if body.len() > (AROUND + MAX_BYTES).div_ceil(3) * 4 {
            return Err(TransferError::TooLarge);
        }
        let bytes = Base64UrlUnpadded::decode_vec(body).map_err(|_| TransferError::Corrupt)?;
        let (request, rest) = bytes.split_first_chunk().ok_or(TransferError::Corrupt)?;
        let (enc, sealed) = rest.split_first_chunk().ok_or(TransferError::Corrupt)?;
        Ok(Self { request: *request, enc: *enc, sealed: sealed.to_vec() })
    }

    /// The digest of the request that it says it answers.
    pub(crate) fn request(&self) -> &[u8; 32] {
        &self.request
    }

    /// Opens it with the key of that request.
    pub(crate) fn open(&self, key: &ReceiverKey) -> Result<Vec<TransferItem>, TransferError> {
        let text = key.open(&self.enc, INFO, &self.request, &self.sealed);
        unpack(&text.ok_or(TransferError::Corrupt)?)
    }
}

/// Seals what [`pack`] returned to a request.
pub(crate) fn seal(
    request: &TransferRequest,
    packed: &[u8],
    random: &dyn Random,
) -> Result<String, RandomUnavailable> {
    let digest = request.digest();
    let SealedMessage { enc, sealed } = request.key().seal(INFO, &digest, packed, random)?;
    let body = Base64UrlUnpadded::encode_string(&[&digest[..], &enc, &sealed].concat());
    Ok(format!("{SCHEME}1:{body}"))
}

impl TransferItem {
    /// The item with names of one line of plain text: an older phone may have stored others.
    pub(crate) fn into_plain(self) -> Self {
        match self {
            Self::Otp(mut credential) => {
                credential.issuer = replace(&credential.issuer).into_owned();
                credential.account = replace(&credential.account).into_owned();
                Self::Otp(credential)
            }
            Self::Pass(mut pass) => {
                pass.title = replace(&pass.title).into_owned();
                pass.alternate_text = pass.alternate_text.map(|text| replace(&text).into_owned());
                Self::Pass(pass)
            }
        }
    }

    /// The record's data, as a vault has it.
    pub(crate) fn encode(&self) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        match self {
            Self::Otp(credential) => encode(credential),
            Self::Pass(pass) => encode(pass),
        }
    }
}

/// Joins the data of all records, each after its length.
pub(crate) fn pack(data: &[Zeroizing<Vec<u8>>]) -> Result<Zeroizing<Vec<u8>>, TransferError> {
    if data.is_empty() {
        return Err(TransferError::NothingSelected);
    }
    let length = data.iter().map(|data| 4 + data.len()).sum();
    if data.len() > MAX_RECORDS || length > MAX_BYTES {
        return Err(TransferError::TooLarge);
    }
    // All at once: a buffer that grew would leave secrets behind.
    let mut packed = Zeroizing::new(Vec::with_capacity(length));
    for data in data {
        // MAX_BYTES bounds it.
        packed.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
        packed.extend_from_slice(data);
    }
    Ok(packed)
}

/// The reverse of [`pack`]: refuses whatever that does not write.
pub(crate) fn unpack(mut bytes: &[u8]) -> Result<Vec<TransferItem>, TransferError> {
    if bytes.len() > MAX_BYTES {
        return Err(TransferError::TooLarge);
    }
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk().ok_or(TransferError::Corrupt)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (data, rest) = rest.split_at_checked(length).ok_or(TransferError::Corrupt)?;
        if all.len() == MAX_RECORDS {
            return Err(TransferError::TooLarge);
        }
        all.push(decode_item(data)?);
        bytes = rest;
    }
    if all.is_empty() { Err(TransferError::NothingSelected) } else { Ok(all) }
}

fn decode_item(data: &[u8]) -> Result<TransferItem, TransferError> {
    let unreadable = |error| match error {
        VaultError::NewerFormat => TransferError::NewerVersion,
        _ => TransferError::Corrupt,
    };
    if let Some(credential) = decode(data).map_err(unreadable)? {
        return Ok(TransferItem::Otp(credential));
    }
    let pass = decode(data).map_err(unreadable)?;
    pass.map(TransferItem::Pass).ok_or(TransferError::Corrupt)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vault::{OtpAlgorithm, OtpKind, PassFormat, Setting};
    use crate::{SecretBytes, SystemRandom};

    /// Gives the same bytes again and again.
    struct Fixed;

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
            bytes.fill(0x07);
            Ok(())
        }
    }

    fn pack_items(all: &[TransferItem]) -> Result<Zeroizing<Vec<u8>>, TransferError> {
        pack(&all.iter().map(|item| item.encode().unwrap()).collect::<Vec<_>>())
    }

    const TEXT: &str = "tegata-moved:1:e_En6QvCJytp5i0N6XUWctEMY6gvC74HTPa81d1a6VcTvk_q6vIEx_0zWPycAHIYgdF0J4EoIn7GdPN_f-l7bQc3x10hUOi5sJFDMYZyGIbq_cWIEuvnb-zmp_fZCvj4ppAsTK6vHdKmgX8EhxXnYogeBvgg-mo6KtZaJpnqfwjV4hg60SyAvtyuQkjEkluZOV_w";

    fn otp() -> TransferItem {
        TransferItem::Otp(OtpCredential::new(
            "Mail".into(),
            "ann".into(),
            OtpAlgorithm::Sha1,
            6,
            OtpKind::Totp(30),
            SecretBytes::new(b"12345678901234567890"),
        ))
    }

    fn pass(message: String) -> TransferItem {
        let title = "Tram".into();
        let alternate_text = None;
        TransferItem::Pass(Pass { title, format: PassFormat::Aztec, message, alternate_text })
    }

    fn key() -> ReceiverKey {
        // RFC 9180, appendix A.1.1, as in the request's test.
        let key = "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8";
        ReceiverKey::from_slice(&hex::decode(key).unwrap()).unwrap()
    }

    fn sealed(packed: &[u8]) -> String {
        seal(&TransferRequest::new(key().public()), packed, &Fixed).unwrap()
    }

    fn opened(text: &str) -> Result<Vec<TransferItem>, TransferError> {
        SealedTransfer::read(text)?.open(&key())
    }

    #[test]
    fn the_text_is_frozen() {
        let packed = pack_items(&[otp(), pass("T-7".into())]).unwrap();
        let hex = "0000002ba7000201644d61696c0263616e6e0301040605181e07543132333435363738393031323334353637383930\
                   00000010a4000301645472616d02040363542d37";
        assert_eq!(hex::encode(&*packed), hex);
        assert_eq!(sealed(&packed), TEXT);
        let all = opened(&format!("\n{TEXT} ")).unwrap();
        assert!(matches!(&all[..], [TransferItem::Otp(_), TransferItem::Pass(_)]));
        assert_eq!(*pack_items(&all).unwrap(), *packed);
        let document = include_str!("../../../docs/transfer-format.md");
        let request = TransferRequest::new(key().public());
        let number = request.number().unwrap().to_string();
        for given in [request.to_string().as_str(), &number, TEXT] {
            assert!(document.contains(given), "{given}");
        }
    }

    #[test]
    fn every_bit_of_a_sealed_transfer_counts() {
        let (scheme, body) = TEXT.rsplit_once(':').unwrap();
        let bytes = Base64UrlUnpadded::decode_vec(body).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            let text = format!("{scheme}:{}", Base64UrlUnpadded::encode_string(&other));
            assert!(matches!(opened(&text), Err(TransferError::Corrupt)), "{bit}");
        }
        for end in 0..body.len() {
            let text = format!("{scheme}:{}", &body[..end]);
            assert!(matches!(opened(&text), Err(TransferError::Corrupt)), "{end}");
        }
    }

    #[test]
    fn another_text_is_refused() {
        for (text, why) in [
            ("", TransferError::InvalidAnswer),
            ("tegata-move:1:AAAA", TransferError::InvalidAnswer),
            ("tegata-moved:AAAA", TransferError::InvalidAnswer),
            ("tegata-moved:2:AAAA", TransferError::NewerVersion),
            ("tegata-moved:1:AAAA", TransferError::Corrupt),
            (&format!("{TEXT}="), TransferError::Corrupt),
            (&format!("tegata-moved:1:{}", "A".repeat(1 << 20)), TransferError::TooLarge),
        ] {
            assert_eq!(opened(text).err(), Some(why), "{text:.80}");
        }
    }

    #[test]
    fn invalid_content_under_a_valid_seal_is_refused() {
        let refused = |packed: &[u8], why| {
            assert_eq!(opened(&sealed(packed)).err(), Some(why), "{packed:02x?}");
        };
        let frame =
            |data: &[u8]| [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], data].concat();
        let good = pack_items(&[pass("T-7".into())]).unwrap();
        refused(&[], TransferError::NothingSelected);
        for end in 1..good.len() {
            refused(&good[..end], TransferError::Corrupt);
        }
        refused(&[&good[..], &[0]].concat(), TransferError::Corrupt);
        refused(&[&good[..], &[0; 4]].concat(), TransferError::Corrupt);
        refused(&[0xff; 8], TransferError::Corrupt);
        // Kinds that have no place here: a payment credential, an account, a setting, the lock, and whatever comes
        // later.
        let setting = Setting { name: "a".into(), value: "b".into() };
        refused(&frame(&encode(&setting).unwrap()), TransferError::Corrupt);
        let mut payment = vec![0xa7, 0, 1, 1, 0x50];
        payment.extend([0x11; 16]);
        payment.extend([2, 0x61, b'a', 3, 0x64, b'4', b'9', b'6', b'0', 4, 0x18, 30, 5, 0x58, 32]);
        payment.extend([0x22; 32]);
        payment.extend([8, 0]);
        assert!(decode::<crate::vault::PaymentCredential>(&payment).unwrap().is_some());
        refused(&frame(&payment), TransferError::Corrupt);
        for kind in (4..=24).filter(|kind| *kind < 24) {
            refused(&frame(&[0xa1, 0, kind]), TransferError::Corrupt);
        }
        // A field that a later version added to a pass.
        let mut later = good[4..].to_vec();
        later[0] += 1;
        later.extend([0x17, 0]);
        refused(&frame(&later), TransferError::NewerVersion);
    }

    #[test]
    fn a_transfer_over_the_limits_is_refused_on_both_sides() {
        let most = vec![pass("a".into()); MAX_RECORDS];
        assert!(opened(&sealed(&pack_items(&most).unwrap())).is_ok());
        let more = vec![pass("a".into()); MAX_RECORDS + 1];
        assert_eq!(pack_items(&more).err(), Some(TransferError::TooLarge));
        let one = pack_items(&more[..1]).unwrap();
        assert_eq!(unpack(&one.repeat(MAX_RECORDS + 1)).err(), Some(TransferError::TooLarge));
        let large = vec![pass("a".repeat(4096)); 124];
        let packed_large = pack_items(&large).unwrap();
        assert!(packed_large.len() <= MAX_BYTES && opened(&sealed(&packed_large)).is_ok());
        let larger = vec![pass("a".repeat(4096)); 125];
        assert_eq!(pack_items(&larger).err(), Some(TransferError::TooLarge));
        assert_eq!(pack_items(&[]).err(), Some(TransferError::NothingSelected));
    }

    proptest! {
        #[test]
        fn a_sealed_transfer_round_trips(messages in prop::collection::vec("\\PC{1,64}", 1..8)) {
            let all: Vec<_> = messages.into_iter().map(pass).chain([otp()]).collect();
            let packed = pack_items(&all).unwrap();
            let text = seal(&TransferRequest::new(key().public()), &packed, &SystemRandom::new());
            let all = opened(&text.unwrap()).unwrap();
            prop_assert_eq!(&*pack_items(&all).unwrap(), &*packed);
        }

        #[test]
        fn any_bytes_are_refused_or_packed_the_same(bytes: Vec<u8>, at: prop::sample::Index, to: u8) {
            let mut close = pack_items(&[otp(), pass("T-7".into())]).unwrap().to_vec();
            let at = at.index(close.len());
            close[at] = to;
            for bytes in [bytes, close] {
                if let Ok(all) = unpack(&bytes) {
                    prop_assert_eq!(&*pack_items(&all).unwrap(), &*bytes);
                }
            }
        }
    }
}
