//! `otpauth://` URIs, the way services hand out one-time passwords in a QR code: the key URI format of Google
//! Authenticator, <https://github.com/google/google-authenticator/wiki/Key-Uri-Format>.
//!
//! A one-time password from the QR code of another service:
//!
//! ```
//! # use std::sync::Arc;
//! # let folder = tempfile::tempdir()?;
//! # let random = Arc::new(tegata::SystemRandom::new());
//! # let params = tegata::vault::Argon2Params::new(8, 1, 1)?;
//! # let key = folder.path().join("key");
//! # let keystore = tegata::vault::SoftwareKeystore::create(&key, b"passphrase", params, random.clone())?;
//! # let clock = Arc::new(tegata::SystemClock);
//! # let device = tegata::Device { keystore: Arc::new(keystore), anchor: None, clock, random };
//! # let mut wallet = tegata::Wallet::create(&folder.path().join("wallet"), &device)?;
//! use tegata::formats::otpauth;
//!
//! let uri = b"otpauth://totp/Mail:ann?secret=JBSWY3DPEHPK3PXP&issuer=Mail";
//! let id = wallet.otp_credentials().add(&otpauth::parse(uri)?)?;
//! let code = wallet.otp_credentials().code(&id)?;
//! assert_eq!(code.digits().len(), 6);
//! assert!(code.seconds_left().is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use base32ct::{Base32UpperUnpadded, Encoding as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::SecretBytes;
use crate::otp::check;
use crate::text::{NotPlain, check_plain};
use crate::vault::{FieldOutOfRange, OtpAlgorithm, OtpCredential, OtpKind};

/// Why a URI is not a credential. Never repeats the URI, which holds the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OtpauthError {
    /// The text has another scheme, or is not a URI.
    #[error("not an otpauth URI: expected otpauth://totp/ or otpauth://hotp/")]
    NotOtpauthUri,
    /// The URI is an export of Google Authenticator, where one credential is expected. [`super::otpauth_migration`]
    /// reads it.
    #[error("an otpauth-migration URI exports several credentials, and one is expected")]
    MigrationUri,
    /// The data is not the Base64 of a message, or is cut off.
    #[error("the data of the otpauth-migration URI is damaged")]
    InvalidMigration,
    /// A line end or another control character stands within the URI: most likely it is several URIs.
    /// [`super::otpauth_list`] reads those.
    #[error(
        "a line end or another control character stands within the URI, and one URI is expected"
    )]
    ControlCharacter,
    /// The type is neither TOTP nor HOTP.
    #[error("the type is neither totp nor hotp")]
    UnknownType,
    /// A Steam Guard code: five letters and digits of an alphabet of its own.
    #[error(
        "a Steam Guard code, five letters and digits that only Steam defines: it cannot be stored here"
    )]
    SteamCode,
    /// A Yandex Key code: made with a PIN, of eight letters or seven digits.
    #[error(
        "a Yandex Key code, which Yandex makes with a PIN in a way of its own: it cannot be stored here"
    )]
    YandexCode,
    /// A name holds what looks like the parameter of a secret: it would be shown wherever the name is.
    #[error("the {0} holds what looks like a second URI or a secret")]
    SecretInName(&'static str),
    /// A name has characters that no line of text has.
    #[error(transparent)]
    NotPlain(#[from] NotPlain),
    /// A part is not UTF-8 after percent decoding.
    #[error("the {0} is not UTF-8")]
    InvalidUtf8(&'static str),
    /// A parameter has two values: readers would disagree on which is meant.
    #[error("the parameter {0} is given twice")]
    DuplicateParameter(&'static str),
    /// A parameter that such a URI needs is missing.
    #[error("the parameter {0} is missing")]
    MissingParameter(&'static str),
    /// The secret is not Base32 (RFC 4648, section 6).
    #[error("the secret is not Base32: expected letters and the digits 2 to 7")]
    InvalidBase32,
    /// A hash other than the three of RFC 6238.
    #[error("the algorithm is not one of SHA1, SHA256 and SHA512")]
    UnknownAlgorithm,
    /// A number is not decimal digits, or far too large.
    #[error("the parameter {0} is not a whole number in its range")]
    InvalidNumber(&'static str),
    /// A value is out of the range that a wallet stores.
    #[error(transparent)]
    OutOfRange(#[from] FieldOutOfRange),
}

impl OtpauthError {
    /// Whether the credential is well formed and of a kind that a wallet does not have, so that others beside it can be
    /// taken; `false` if the text itself is wrong.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(
            self,
            Self::UnknownType
                | Self::UnknownAlgorithm
                | Self::SteamCode
                | Self::YandexCode
                | Self::NotPlain(_)
                | Self::OutOfRange(_)
                | Self::InvalidNumber("digits")
        )
    }
}

/// Reads a credential. Defaults: SHA-1, 6 digits, 30 seconds.
///
/// The parameter `issuer` takes precedence over the label. Unknown parameters are ignored, as are those of
/// the other type. What other apps take is taken: Base32 in either case, in groups, with its padding or without (bits left
/// over at its end are dropped, since services make secrets of random letters); `HmacSHA1`, `SHA-1` and an empty name of
/// the algorithm; a plus sign for a space in `issuer`, as forms write it. Spaces, line ends and a byte-order mark around the
/// URI are nothing.
///
/// # Errors
/// [`OtpauthError`], one for each thing that can be wrong.
pub fn parse(uri: &[u8]) -> Result<OtpCredential, OtpauthError> {
    let rest = match scheme_and_rest(uri)? {
        (Scheme::Otpauth, rest) => rest,
        (Scheme::Migration, _) => return Err(OtpauthError::MigrationUri),
    };
    let (path, query) = parts(rest);
    let (type_name, label) = path.split_once('/').unwrap_or((path, ""));
    let given = Parameters::read(query)?;
    let (label_issuer, account) = names(label)?;
    // Its colon would part the scheme of another URI from the rest.
    if holds_secret(&text(label, "account")?) {
        return Err(OtpauthError::SecretInName("account"));
    }
    let issuer = match form_text(given.issuer.unwrap_or_default())? {
        issuer if issuer.is_empty() => label_issuer,
        issuer => issuer,
    };
    check_names(&issuer, &account)?;
    check_vendor(type_name, &issuer, &given)?;

    let kind = if type_name.eq_ignore_ascii_case("totp") {
        OtpKind::Totp(given.period.map_or(Ok(30), |it| number(it, "period"))?)
    } else if type_name.eq_ignore_ascii_case("hotp") {
        let counter = given.counter.ok_or(OtpauthError::MissingParameter("counter"))?;
        OtpKind::Hotp(number(counter, "counter")?)
    } else {
        return Err(OtpauthError::UnknownType);
    };
    let algorithm = given.algorithm.map_or(Ok(OtpAlgorithm::Sha1), algorithm)?;
    let digits = given.digits.map_or(Ok(6), |it| number(it, "digits"))?;
    let secret = from_base32(given.secret.ok_or(OtpauthError::MissingParameter("secret"))?)
        .ok_or(OtpauthError::InvalidBase32)?;
    let credential = OtpCredential::new(issuer, account, algorithm, digits, kind, secret.into());
    check(&credential)?;
    Ok(credential)
}

/// Writes a credential as a URI, secret and all: for an export that the owner asked for.
///
/// [`parse`] reads it back, but for spaces that the account begins with.
#[must_use]
pub fn reveal(credential: &OtpCredential) -> SecretBytes {
    let encode = |text| utf8_percent_encode(text, RESERVED);
    let issuer = &credential.issuer;
    let account = &credential.account;
    // An encoded colon in a label without a plain one would be taken for the end of the issuer.
    let is_parted = !issuer.is_empty() || account.contains(':');
    let prefix = if is_parted { format!("{}:", encode(issuer)) } else { String::new() };
    let issuer =
        if issuer.is_empty() { String::new() } else { format!("issuer={}&", encode(issuer)) };
    let (type_name, factor) = match credential.kind {
        OtpKind::Totp(seconds) => ("totp", format!("period={seconds}")),
        OtpKind::Hotp(counter) => ("hotp", format!("counter={counter}")),
    };
    let mut uri = format!(
        "otpauth://{type_name}/{prefix}{}?{issuer}algorithm={}&digits={}&{factor}&secret=",
        encode(account),
        credential.algorithm.name(),
        credential.digits,
    );
    // The secret comes last, into memory that is there already: a text that grows leaves copies behind.
    let raw_secret = credential.reveal_secret().expose();
    let secret = Zeroizing::new(Base32UpperUnpadded::encode_string(raw_secret));
    uri.reserve_exact(secret.len());
    uri.push_str(&secret);
    Zeroizing::new(uri.into_bytes()).into()
}

/// The two schemes of URIs that hold one-time passwords.
#[derive(Clone, Copy)]
pub(super) enum Scheme {
    Otpauth,
    Migration,
}

/// The scheme of a URI, and what follows `://` in it. Refuses control characters within, raw line ends above all: what
/// follows one is another URI, and would be taken for a name.
pub(super) fn scheme_and_rest(uri: &[u8]) -> Result<(Scheme, &str), OtpauthError> {
    let uri = std::str::from_utf8(uri).map_err(|_| OtpauthError::NotOtpauthUri)?;
    let uri = uri.trim_matches(|c: char| c == '\u{feff}' || c.is_ascii_whitespace());
    let (scheme, rest) = uri.split_once("://").ok_or(OtpauthError::NotOtpauthUri)?;
    let scheme = if scheme.eq_ignore_ascii_case("otpauth") {
        Scheme::Otpauth
    } else if scheme.eq_ignore_ascii_case("otpauth-migration") {
        Scheme::Migration
    } else {
        return Err(OtpauthError::NotOtpauthUri);
    };
    let ends_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    if rest.contains(ends_line) { Err(OtpauthError::ControlCharacter) } else { Ok((scheme, rest)) }
}

/// Refuses names that are not one line of plain text, and those that a second URI ran into.
pub(super) fn check_names(issuer: &str, account: &str) -> Result<(), OtpauthError> {
    for (name, field) in [(issuer, "issuer"), (account, "account")] {
        if holds_secret(name) {
            return Err(OtpauthError::SecretInName(field));
        }
        check_plain(name, if field == "issuer" { "the issuer" } else { "the account" })?;
    }
    Ok(())
}

/// Whether a text looks as if another URI, or its secret, ran into it.
fn holds_secret(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["otpauth:", "otpauth-migration:", "secret="].iter().any(|sign| lower.contains(sign))
}

/// Names what Steam and Yandex give out for what it is: URIs that look like one-time passwords, whose codes are not.
fn check_vendor(type_name: &str, issuer: &str, given: &Parameters<'_>) -> Result<(), OtpauthError> {
    let is = |text: &str, names: &[&str]| names.iter().any(|name| text.eq_ignore_ascii_case(name));
    let encoder = given.encoder.unwrap_or_default();
    let digits = given.digits.unwrap_or_default();
    let issuer = issuer.to_lowercase();
    if is(type_name, &["steam"])
        || is(encoder, &["steam"])
        || (digits == "5" && issuer.contains("steam"))
    {
        return Err(OtpauthError::SteamCode);
    }
    let is_of_yandex = issuer.contains("yandex") || issuer.contains("яндекс");
    if is(type_name, &["yaotp", "yandex"])
        || is(encoder, &["yaotp", "yandex"])
        || (is_of_yandex && (digits == "7" || given.pin_length))
    {
        return Err(OtpauthError::YandexCode);
    }
    Ok(())
}

/// The part before the question mark, and the part between it and the fragment.
pub(super) fn parts(uri: &str) -> (&str, &str) {
    let (uri, _fragment) = uri.split_once('#').unwrap_or((uri, ""));
    uri.split_once('?').unwrap_or((uri, ""))
}

/// All but what RFC 3986, section 2.3, calls unreserved, and the at sign, which a path and a query may have.
const RESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// The values that we know, as they stand in the URI.
#[derive(Default)]
struct Parameters<'u> {
    secret: Option<&'u str>,
    issuer: Option<&'u str>,
    algorithm: Option<&'u str>,
    digits: Option<&'u str>,
    period: Option<&'u str>,
    counter: Option<&'u str>,
    /// The alphabet of the code, as some apps write it.
    encoder: Option<&'u str>,
    /// Whether the length of a PIN is given, as Yandex does.
    pin_length: bool,
}

impl<'u> Parameters<'u> {
    fn read(query: &'u str) -> Result<Self, OtpauthError> {
        let mut given = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (place, name) = match name {
                "secret" => (&mut given.secret, "secret"),
                "issuer" => (&mut given.issuer, "issuer"),
                "algorithm" => (&mut given.algorithm, "algorithm"),
                "digits" => (&mut given.digits, "digits"),
                "period" => (&mut given.period, "period"),
                "counter" => (&mut given.counter, "counter"),
                "encoder" => (&mut given.encoder, "encoder"),
                "pin_length" => {
                    given.pin_length = true;
                    continue;
                }
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(OtpauthError::DuplicateParameter(name));
            }
        }
        Ok(given)
    }
}

/// Issuer and account of a label. A plain colon parts them rather than an encoded one, which may be part of a name.
fn names(label: &str) -> Result<(String, String), OtpauthError> {
    if let Some((issuer, account)) = label.split_once(':') {
        let account = text(account, "account")?;
        return Ok((text(issuer, "issuer")?, account.trim_start_matches(' ').to_owned()));
    }
    Ok(split_label(&text(label, "account")?))
}

/// Issuer and account of a label that is plain text.
pub(super) fn split_label(label: &str) -> (String, String) {
    match label.split_once(':') {
        Some((issuer, account)) => (issuer.to_owned(), account.trim_start_matches(' ').to_owned()),
        None => (String::new(), label.to_owned()),
    }
}

/// The issuer as a query has it, where forms write a space as a plus sign.
fn form_text(encoded: &str) -> Result<String, OtpauthError> {
    text(&encoded.replace('+', " "), "issuer")
}

/// A plus sign of a label is a plus sign: e-mail addresses have them.
fn text(encoded: &str, what: &'static str) -> Result<String, OtpauthError> {
    let text = percent_decode_str(encoded).decode_utf8();
    Ok(text.map_err(|_| OtpauthError::InvalidUtf8(what))?.into_owned())
}

fn number<T: std::str::FromStr>(text: &str, name: &'static str) -> Result<T, OtpauthError> {
    // The standard library takes a plus sign too.
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { text.parse().ok() } else { None };
    number.ok_or(OtpauthError::InvalidNumber(name))
}

/// `SHA1`, `sha-1`, `HmacSHA1`, `HMAC_SHA_1`; nothing for SHA-1.
fn algorithm(name: &str) -> Result<OtpAlgorithm, OtpauthError> {
    let name = text(name, "algorithm")?;
    let is_letter = |c: &char| !matches!(c, '-' | '_' | ' ' | '+' | '/');
    let name: String = name.chars().filter(is_letter).map(|c| c.to_ascii_uppercase()).collect();
    let name = name.strip_prefix("HMAC").unwrap_or(&name);
    if name.is_empty() {
        return Ok(OtpAlgorithm::Sha1);
    }
    [OtpAlgorithm::Sha1, OtpAlgorithm::Sha256, OtpAlgorithm::Sha512]
        .into_iter()
        .find(|algorithm| algorithm.name() == name)
        .ok_or(OtpauthError::UnknownAlgorithm)
}

fn from_base32(encoded: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Reserved at once: memory that grows leaves copies of a secret behind.
    let mut letters = Zeroizing::new(Vec::with_capacity(encoded.len()));
    letters.extend(percent_decode_str(encoded));
    // Services print secrets in groups.
    letters.retain(|letter| !matches!(letter, b' ' | b'+' | b'-'));
    let padded = letters.len();
    let bare = padded - letters.iter().rev().take_while(|&&letter| letter == b'=').count();
    if padded != bare && padded != bare.next_multiple_of(8) {
        return None;
    }
    letters.truncate(bare);
    letters.make_ascii_uppercase();

    let mut secret = Zeroizing::new(vec![0; bare]);
    let length = Base32UpperUnpadded::decode(&*letters, &mut secret).ok()?.len();
    secret.truncate(length);
    Some(secret)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "JBSWY3DPEHPK3PXP";

    fn read(rest: &str) -> Result<OtpCredential, OtpauthError> {
        parse(format!("otpauth://{rest}").as_bytes())
    }

    fn wrong(rest: &str) -> OtpauthError {
        read(rest).unwrap_err()
    }

    #[test]
    fn missing_parameters_have_their_defaults() {
        let read = read(&format!("totp/Example:alice@google.com?secret={SECRET}")).unwrap();
        assert_eq!((&*read.issuer, &*read.account), ("Example", "alice@google.com"));
        assert_eq!((read.algorithm, read.digits), (OtpAlgorithm::Sha1, 6));
        assert_eq!(read.kind, OtpKind::Totp(30));
        assert_eq!(read.reveal_secret().expose(), b"Hello!\xde\xad\xbe\xef");
    }

    #[test]
    fn a_label_is_split_at_its_colon() {
        let names = |label: &str, more: &str| {
            let read = read(&format!("totp/{label}?secret={SECRET}{more}")).unwrap();
            (read.issuer, read.account)
        };
        let pair = |issuer: &str, account: &str| (issuer.to_owned(), account.to_owned());
        assert_eq!(names("ann", ""), pair("", "ann"));
        assert_eq!(names("ann", "&issuer=Mail"), pair("Mail", "ann"));
        assert_eq!(names("Mail:ann", "&issuer="), pair("Mail", "ann"));
        assert_eq!(names("Mail:ann", "&issuer=Post"), pair("Post", "ann"));
        assert_eq!(names("ACME%20Co%3A%20ann+2", ""), pair("ACME Co", "ann+2"));
        assert_eq!(names("A%3AB:ann:2", ""), pair("A:B", "ann:2"));
        assert_eq!(names("%E5%8D%B0:%E9%91%91", ""), pair("印", "鑑"));
        assert_eq!(names("", ""), pair("", ""));
    }

    #[test]
    fn base32_is_read_as_people_write_it() {
        let secret = |text: &str| {
            read(&format!("totp/a?secret={text}")).map(|it| it.reveal_secret().expose().to_vec())
        };
        for text in [
            "MZXW6YTBOI======",
            "MZXW6YTBOI%3D%3D%3d%3D%3D%3D",
            "mzxw6ytboi",
            "MZxw6yTBOJ",
            "MZXW 6YTB OI",
            "mzxw%206ytb%20oi",
            "mzxw+6ytb+oi",
            "MZXW-6YTB-OI",
            "MZXW-6YTB-OI======",
        ] {
            assert_eq!(secret(text), Ok(b"foobar".to_vec()), "{text}");
        }
        for text in [
            "MZXW6YTB0I",
            "MZXW_6YTB",
            "MZXW6YTBOI=",
            "MZ==W6YT",
            "MZXW6YTB========",
            "M",
            "MZX",
            "MZXW6Y",
            "%FF%FF",
            "印鑑",
        ] {
            assert_eq!(secret(text), Err(OtpauthError::InvalidBase32), "{text}");
        }
    }

    #[test]
    fn each_fault_of_a_uri_has_its_error() {
        let with = |rest: &str| wrong(&format!("totp/a?secret={SECRET}{rest}"));
        for other in ["", "otpauth", "otpauth:totp/a", "https://totp/a", "://", "\u{0}://x"] {
            assert_eq!(
                parse(other.as_bytes()).unwrap_err(),
                OtpauthError::NotOtpauthUri,
                "{other}"
            );
        }
        assert_eq!(parse(b"otpauth://totp/\xff").unwrap_err(), OtpauthError::NotOtpauthUri);
        let migration = parse(b"otpauth-migration://offline?data=Cg").unwrap_err();
        assert_eq!(migration, OtpauthError::MigrationUri);
        assert_eq!(wrong(&format!("motp/a?secret={SECRET}")), OtpauthError::UnknownType);
        assert_eq!(wrong("totp/a"), OtpauthError::MissingParameter("secret"));
        assert_eq!(wrong("totp/a#?secret=MZXW6"), OtpauthError::MissingParameter("secret"));
        assert_eq!(
            wrong(&format!("hotp/a?secret={SECRET}")),
            OtpauthError::MissingParameter("counter")
        );
        assert_eq!(with("&secret=MZXW6"), OtpauthError::DuplicateParameter("secret"));
        assert_eq!(with("&digits=6&digits=6"), OtpauthError::DuplicateParameter("digits"));
        assert_eq!(with("&issuer=%FF"), OtpauthError::InvalidUtf8("issuer"));
        assert_eq!(wrong("totp/%FF?secret=MZXW6"), OtpauthError::InvalidUtf8("account"));
        assert_eq!(with("&algorithm=MD5"), OtpauthError::UnknownAlgorithm);
        for number in ["", "+6", "-6", "six", "6.0", "256"] {
            assert_eq!(with(&format!("&digits={number}")), OtpauthError::InvalidNumber("digits"));
        }
        assert_eq!(with("&period=4294967296"), OtpauthError::InvalidNumber("period"));
        let out_of_range = |error, field| {
            assert!(matches!(error, OtpauthError::OutOfRange(it) if it.field == field), "{error}");
        };
        out_of_range(with("&digits=5"), "the number of digits");
        out_of_range(with("&digits=9"), "the number of digits");
        out_of_range(with("&period=0"), "the period");
        out_of_range(wrong("totp/a?secret="), "the secret");
        out_of_range(wrong(&format!("totp/a?secret={}", "A".repeat(1_640))), "the secret");
        out_of_range(with(&format!("&issuer={}", "a".repeat(257))), "the issuer");
    }

    #[test]
    fn a_line_end_within_a_uri_is_refused() {
        let first = format!("otpauth://totp/Mail:ann?secret={SECRET}");
        let second = format!("otpauth://totp/Bank:bob?secret={SECRET}");
        let label = "otpauth://totp/Mail:ann";
        for end in ["\n", "\r\n", "\r", "\t", "\0", "\u{85}", "\u{2028}", "\u{b}", "\n\u{feff}"] {
            for uri in [
                format!("{first}{end}{second}"),
                format!("{first}&issuer=Mail{end}{second}"),
                format!("{label}{end}?secret={SECRET}"),
            ] {
                let error = parse(uri.as_bytes()).unwrap_err();
                assert_eq!(error, OtpauthError::ControlCharacter, "{uri:?}");
            }
            let export = format!("otpauth-migration://offline?data=Cg{end}");
            let around = format!("{export}{first}");
            assert_eq!(parse(around.as_bytes()).unwrap_err(), OtpauthError::ControlCharacter);
        }
        for around in
            [format!("\u{feff}{first}\r\n"), format!("  {first}\n\n"), format!("\n{first}")]
        {
            assert_eq!(parse(around.as_bytes()).unwrap().account, "ann");
        }
    }

    #[test]
    fn a_second_uri_never_becomes_a_name() {
        let second = format!("otpauth://totp/Bank:bob?secret={SECRET}");
        let uri = |rest: &str| wrong(&format!("totp/Mail:ann?secret={SECRET}&issuer=Mail{rest}"));
        for between in [" ", ",", ";", "%20", "%0A"] {
            let error = uri(&format!("{between}{second}"));
            assert!(
                matches!(
                    error,
                    OtpauthError::SecretInName("issuer") | OtpauthError::DuplicateParameter(_)
                ),
                "{between}: {error:?}"
            );
        }
        assert_eq!(uri("%26secret%3Dx"), OtpauthError::SecretInName("issuer"));
        let label = wrong(&format!("totp/ann%20SECRET%3D{SECRET}?secret={SECRET}"));
        assert_eq!(label, OtpauthError::SecretInName("account"));
    }

    #[test]
    fn names_are_one_line_of_plain_text() {
        for c in ["%0A", "%0D", "%1B", "%C2%9B", "%E2%80%AE", "%E2%80%A8", "%07", "%7F", "\u{202e}"]
        {
            for uri in [
                format!("totp/a{c}b?secret={SECRET}"),
                format!("totp/Mail{c}:a?secret={SECRET}"),
                format!("totp/a?secret={SECRET}&issuer=x{c}"),
            ] {
                assert!(matches!(wrong(&uri), OtpauthError::NotPlain(_)), "{uri:?}");
            }
        }
    }

    #[test]
    fn what_other_apps_write_is_taken() {
        let with = |rest: &str| read(&format!("totp/a?secret={SECRET}{rest}")).unwrap();
        for (name, algorithm) in [
            ("", OtpAlgorithm::Sha1),
            ("HmacSHA1", OtpAlgorithm::Sha1),
            ("SHA-1", OtpAlgorithm::Sha1),
            ("sha_1", OtpAlgorithm::Sha1),
            ("HMAC-SHA-256", OtpAlgorithm::Sha256),
            ("hmacsha512", OtpAlgorithm::Sha512),
            ("SHA%2D512", OtpAlgorithm::Sha512),
        ] {
            assert_eq!(with(&format!("&algorithm={name}")).algorithm, algorithm, "{name}");
        }
        assert_eq!(with("&issuer=Epic+Games").issuer, "Epic Games");
        assert_eq!(with("&issuer=A%2BB").issuer, "A+B");
    }

    #[test]
    fn codes_of_steam_and_yandex_are_named() {
        for steam in [
            format!("steam/Steam:ann?secret={SECRET}"),
            format!("totp/Steam:ann?secret={SECRET}&digits=5&issuer=Steam"),
            format!("totp/ann?secret={SECRET}&encoder=steam&digits=5"),
            format!("totp/STEAM:ann?secret={SECRET}&digits=5"),
        ] {
            assert_eq!(wrong(&steam), OtpauthError::SteamCode, "{steam}");
        }
        for yandex in [
            format!("yaotp/ann?secret={SECRET}"),
            format!("yandex/Yandex:ann?secret={SECRET}"),
            format!("totp/Yandex:ann?secret={SECRET}&digits=7"),
            format!(
                "totp/ann?secret={SECRET}&issuer=%D0%AF%D0%BD%D0%B4%D0%B5%D0%BA%D1%81&pin_length=4"
            ),
        ] {
            assert_eq!(wrong(&yandex), OtpauthError::YandexCode, "{yandex}");
        }
        // Steam's and Yandex's plain one-time passwords are those of everybody.
        assert_eq!(read(&format!("totp/Steam:a?secret={SECRET}")).unwrap().digits, 6);
        assert_eq!(read(&format!("totp/Yandex:a?secret={SECRET}")).unwrap().digits, 6);
    }

    #[test]
    fn unknown_parameters_are_ignored() {
        let uri = format!("totp/a?&image=x&image=y&&counter=x&secret={SECRET}&=&SECRET=x#secret=y");
        assert_eq!(read(&uri).unwrap().kind, OtpKind::Totp(30));
        let uri = format!("HOTP/a?secret={SECRET}&period=0&counter=18446744073709551615");
        assert_eq!(read(&uri).unwrap().kind, OtpKind::Hotp(u64::MAX));
        assert_eq!(read(&format!("hotp?counter=0&secret={SECRET}")).unwrap().account, "");
    }

    proptest! {
        #[test]
        fn a_revealed_uri_round_trips(
            issuer in "(\\PC|[:%&#?+/= ]|%[0-9A-F]{2}){0,16}",
            account in "(([^ \\pC]|[:%&#?+/=]|%[0-9A-F]{2})(\\PC|[:%&#?+/= ]|%[0-9A-F]{2}){0,16})?",
            algorithm in prop::sample::select(vec![
                OtpAlgorithm::Sha1, OtpAlgorithm::Sha256, OtpAlgorithm::Sha512,
            ]),
            digits in 6_u8..=8,
            kind in prop_oneof![
                (1..=u32::MAX).prop_map(OtpKind::Totp),
                any::<u64>().prop_map(OtpKind::Hotp),
            ],
            secret in prop::collection::vec(any::<u8>(), 1..=100),
        ) {
            prop_assume!(issuer.chars().chain(account.chars()).all(crate::text::is_plain));
            let secret = SecretBytes::new(&secret);
            let given = OtpCredential::new(issuer, account, algorithm, digits, kind, secret);
            let read = parse(reveal(&given).expose()).unwrap();
            prop_assert_eq!((&read.issuer, &read.account), (&given.issuer, &given.account));
            prop_assert_eq!(
                (read.algorithm, read.digits, read.kind),
                (given.algorithm, given.digits, given.kind),
            );
            prop_assert_eq!(read.reveal_secret().expose(), given.reveal_secret().expose());
        }

        #[test]
        fn any_bytes_get_an_answer_that_a_wallet_can_store(
            noise: Vec<u8>,
            label in "[\\PC:%/]{0,20}",
            query in "([a-z]{6}=[A-Z2-7%&=]{0,9}&|(secret|digits|period|counter|issuer|algorithm)=[A-Z0-9%=]{0,9}&){0,6}",
            kind in "totp|hotp|x",
        ) {
            for uri in [&noise[..], format!("otpauth://{kind}/{label}?{query}").as_bytes()] {
                if let Ok(credential) = parse(uri) {
                    prop_assert!(check(&credential).is_ok());
                }
            }
        }

        #[test]
        fn an_error_never_repeats_the_secret(secret in "[A-Z2-7]{16}", at in 0_usize..16) {
            let mut broken = secret.clone();
            broken.replace_range(at..=at, "!");
            for rest in [
                format!("totp/a?secret={broken}"),
                format!("hotp/a?secret={secret}"),
                format!("totp/a?secret={secret}&secret={secret}"),
                format!("totp/a?digits={secret}&secret={secret}"),
                format!("{secret}/a?secret={secret}"),
            ] {
                let error = wrong(&rest);
                let said = format!("{error} {error:?}");
                prop_assert!(!said.contains(&secret) && !said.contains(&broken), "{}", said);
            }
        }
    }
}
