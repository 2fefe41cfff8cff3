//! The second factor and the recovery codes.

use serde::{Deserialize, Serialize};

use super::call::{Acknowledgement, Call, RequiredAuth, SessionCall};
use super::long_code::RecoveryCode;
use super::secrets::TotpText;
use super::text::SecretText;

calls! {
    /// Verifies the second factor in this session for the next five minutes.
    VerifyFactor "/v1/session/factor" RequiredAuth::SignedSession => Acknowledgement {
        /// The six digits from the authenticator.
        totp: TotpText,
    }

    /// Begins to replace the second factor. Returns the new one's secret, once.
    BeginFactorEnrolment "/v1/second-factor" RequiredAuth::SignedSession => FactorEnrolment {}

    /// Completes the replacement with a code of the new second factor.
    ConfirmFactorEnrolment "/v1/second-factor/code" RequiredAuth::SignedSession => Acknowledgement {
        /// The six digits from the new authenticator.
        totp: TotpText,
    }

    /// Replaces the recovery codes and returns ten new ones, once.
    RenewRecoveryCodes "/v1/recovery-codes" RequiredAuth::SignedSession => RecoveryCodes {}
}

session_calls! {
    VerifyFactor,
    BeginFactorEnrolment,
    ConfirmFactorEnrolment,
    RenewRecoveryCodes
}

/// A second factor: a code of the authenticator or a recovery code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SecondFactor {
    /// The six digits from the authenticator.
    Totp(TotpText),
    /// One of the recovery codes, which this uses up.
    RecoveryCode(RecoveryCode),
}

/// The secret of a new second factor, for an authenticator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FactorEnrolment {
    /// An `otpauth` URI, shown once.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub otpauth: SecretText,
}

/// New recovery codes in place of the previous ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// Ten recovery codes, returned once.
    pub recovery_codes: Vec<RecoveryCode>,
}
