//! The messages between wallet and issuer. JSON, strict: no field that is not listed, none twice.
//!
//! No message has a field for a birth date, a telephone number or an address to send a code to.
//!
//! | file | what is in it |
//! |---|---|
//! | `call` | what all messages have in common: path, authentication, answer |
//! | `sign_up`, `log_in`, `log_in_code`, `password_reset`, `factor`, `account`, `device_calls`, `freeze_code`, `cards`, `payments`, `provision` | the messages, by group |
//! | `client` | the wallet's side: a request to send, and reading the response |
//! | `refusal` | why the issuer refuses |
//! | `signed`, `freshness` | the bytes that a device signs, and what makes them good once |
//! | `sealed_answer` | answers that log somebody in, sealed to the request |
//! | `grant` | the bytes of a payment credential |
//! | `handle`, `ids`, `long_code`, `secrets`, `values` | the small types that messages are made of |
//! | `text`, `newtype` | what those types are made with |

#[macro_use]
mod newtype;
#[macro_use]
mod call;
#[macro_use]
mod sealed_answer;

mod account;
mod cards;
mod client;
mod device_calls;
mod factor;
mod freeze_code;
mod freshness;
mod grant;
mod handle;
mod ids;
mod log_in;
mod log_in_code;
mod long_code;
mod password_reset;
mod payments;
mod provision;
mod refusal;
mod secrets;
mod sign_up;
mod signed;
mod text;
mod values;

pub use account::{
    AccountDevice, AccountEvent, AccountExport, AccountOverview, AccountSession, CancelDeletion,
    ChangeAddress, ConfirmAddressChange, DeviceNumber, ExportAccount, ForgetDevice, FreezeAccount,
    FreezeByCode, GetAccount, Language, RequestDeletion, RevertChanges, UnfreezeAccount,
};
pub use call::{Acknowledgement, Call, DeviceSigned, EndedSessions, RequiredAuth, SessionCall};
pub use cards::{
    AccountCard, AddCard, BeginCardSetup, CardSetup, Cards, ListCards, RemoveCard, SetDefaultCard,
};
pub use client::{Envelope, IssuerError, IssuerProblem, Request, Response};
pub use device_calls::{DeviceStatus, EndDeviceSessions, FreezeFromDevice, GetDeviceStatus};
pub use factor::{
    BeginFactorEnrolment, ConfirmFactorEnrolment, FactorEnrolment, RecoveryCodes,
    RenewRecoveryCodes, SecondFactor, VerifyFactor,
};
pub use freeze_code::{FreezeByFactor, FreezeByMailedCode, RequestFreezeCode};
pub use freshness::{
    CHALLENGE_HEADER, CHALLENGE_SECONDS, Challenge, Freshness, GetChallenge, IssuedChallenge,
};
pub use grant::{Grant, PROVISION_INFO, provision_aad};
pub use handle::{Handle, InvalidHandle};
pub use ids::{DeviceId, InvalidDeviceId, SessionId};
pub use log_in::{EndSessions, LogIn, LogInCode, LogInResult, LogOut, SessionNumber};
pub use log_in_code::RequestLogInCode;
pub use long_code::{NoticeCode, RecoveryCode};
pub use password_reset::{BeginPasswordReset, FinishPasswordReset, VerifyPasswordReset};
pub use payments::{AccountPayment, ListPayments, PaymentPage, PaymentState, format_amount};
pub use provision::{ConfirmCredential, Provision, ProvisionedCredential};
pub use refusal::Refusal;
pub use sealed_answer::{AnswerKey, AnswerRecipient, SealAnswerError, SealedAnswer, SealedCall};
pub use secrets::{
    CardSetupName, CardSetupSecret, EventNumber, MailedCodeText, PasswordText, SessionToken,
    Ticket, TotpText,
};
pub use sign_up::{BeginSignUp, FinishSignUp, IssuedTicket, SignUpResult, VerifySignUpCode};
pub use signed::{MessageSignature, SIGNATURE_HEADER, SignaturePurpose};
pub use text::{InvalidText, SecretText};
pub use values::{
    CardNumber, Ciphertext, CredentialName, CurrencyName, DeviceKey, DeviceName, Ed25519Key,
    MAX_DEVICE_NAME_BYTES, PaymentNumber, RequestName, SaleNumber, X25519Key,
};

/// Gives the paths of all messages, with the authentication that each needs.
pub fn endpoints() -> impl Iterator<Item = (&'static str, RequiredAuth)> {
    let groups = [
        sign_up::ENDPOINTS,
        log_in::ENDPOINTS,
        log_in_code::ENDPOINTS,
        password_reset::ENDPOINTS,
        factor::ENDPOINTS,
        freshness::ENDPOINTS,
        account::ENDPOINTS,
        device_calls::ENDPOINTS,
        freeze_code::ENDPOINTS,
        cards::ENDPOINTS,
        payments::ENDPOINTS,
        provision::ENDPOINTS,
    ];
    groups.into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_idempotent_messages_are_sent_again() {
        let groups = [
            sign_up::IDEMPOTENCE,
            log_in::IDEMPOTENCE,
            log_in_code::IDEMPOTENCE,
            password_reset::IDEMPOTENCE,
            factor::IDEMPOTENCE,
            freshness::IDEMPOTENCE,
            account::IDEMPOTENCE,
            device_calls::IDEMPOTENCE,
            freeze_code::IDEMPOTENCE,
            cards::IDEMPOTENCE,
            payments::IDEMPOTENCE,
            provision::IDEMPOTENCE,
        ];
        let idempotent = groups.into_iter().flatten().filter(|(_, is_idempotent)| *is_idempotent);
        let idempotent: Vec<_> = idempotent.map(|(name, _)| *name).collect();
        let expected = [
            "LogOut",
            "EndSessions",
            "GetChallenge",
            "GetAccount",
            "ExportAccount",
            "FreezeAccount",
            "GetDeviceStatus",
            "FreezeFromDevice",
            "EndDeviceSessions",
            "ListCards",
            "SetDefaultCard",
            "ListPayments",
            "Provision",
        ];
        assert_eq!(idempotent, expected);
    }
}
