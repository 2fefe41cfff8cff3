//! What owners do within a session: their second factor, address, sessions, devices, freeze and deletion.

use tegata::protocol::{
    AccountExport, Acknowledgement, BeginFactorEnrolment, CancelDeletion, ChangeAddress,
    ConfirmAddressChange, ConfirmCredential, ConfirmFactorEnrolment, DeviceId, EndSessions,
    ExportAccount, FactorEnrolment, ForgetDevice, FreezeAccount, LogOut, RecoveryCodes, Refusal,
    RenewRecoveryCodes, RequestDeletion, SessionId, UnfreezeAccount, VerifyFactor,
};
use tegata_policy::{Event, Reply};

use super::request_secrets::RequestSecrets;
use super::session::Caller;
use super::transaction::{Applied, acknowledge, carried_out};
use super::{AccountError, Accounts, unexpected_reply};
use crate::domain::AccountId;
use crate::mail::{StoredAddress, address_in};

/// A message of a session whose reply says only that it was done.
pub(crate) trait SessionMessage {
    /// Splits it into the event that the policy decides on, and the secrets that come with it. The device is that of the
    /// session, if it signed the message.
    fn into_event(self, session: SessionId, signer: Option<DeviceId>) -> (Event, RequestSecrets);
}

macro_rules! session_messages {
    ($($message:pat => $type:ty, |$session:pat_param, $signer:pat_param| $event:expr, $($field:ident: $value:expr)?;)*) => {$(
        impl SessionMessage for $type {
            fn into_event(
                self,
                $session: SessionId,
                $signer: Option<DeviceId>,
            ) -> (Event, RequestSecrets) {
                let $message = self;
                let event = $event;
                let request = RequestSecrets { $($field: Some($value),)? ..RequestSecrets::default() };
                (event, request)
            }
        }
    )*};
}

session_messages! {
    VerifyFactor { totp } => VerifyFactor, |session, _| Event::VerifyFactor { session }, totp: totp;
    LogOut {} => LogOut, |session, _| Event::LogOut { session }, ;
    EndSessions { session: which } => EndSessions, |session, signer|
        Event::EndSessions { session, signer, which: which.map(|which| which.0) }, ;
    ForgetDevice { device } => ForgetDevice, |session, signer|
        Event::ForgetDevice { session, signer, device: device.0 }, ;
    ConfirmFactorEnrolment { totp } => ConfirmFactorEnrolment, |session, _|
        Event::VerifyFactorEnrolment { session }, totp: totp;
    ChangeAddress { address, language } => ChangeAddress, |session, _| Event::ChangeAddress { session },
        address: StoredAddress { handle: Some(address), language };
    ConfirmAddressChange { code } => ConfirmAddressChange, |session, _| Event::VerifyNewAddress { session },
        code: code;
    FreezeAccount {} => FreezeAccount, |session, signer| Event::Freeze { session, signer }, ;
    RequestDeletion {} => RequestDeletion, |session, _| Event::RequestDeletion { session }, ;
    ConfirmCredential {} => ConfirmCredential, |session, signer|
        Event::ConfirmCredential { session, signer }, ;
    CancelDeletion {} => CancelDeletion, |session, signer|
        Event::CancelDeletion { session, signer }, ;
}

impl SessionMessage for UnfreezeAccount {
    fn into_event(self, session: SessionId, _: Option<DeviceId>) -> (Event, RequestSecrets) {
        let Self { recovery_code: recovery } = self;
        let event = Event::Unfreeze { session, with_recovery_code: recovery.is_some() };
        (event, RequestSecrets { recovery, ..RequestSecrets::default() })
    }
}

impl Accounts {
    /// Does what a message of a session asks for.
    pub(crate) async fn change_setting(
        &self,
        caller: Caller,
        message: impl SessionMessage,
    ) -> Result<Acknowledgement, AccountError> {
        let (event, request) = message.into_event(caller.session, caller.signer);
        let request = RequestSecrets { signed: caller.signed, ..request };
        self.apply(caller.account, None, event, &request, acknowledge).await
    }

    /// Gives the secret of a new second factor.
    pub(crate) async fn enrol_factor(
        &self,
        caller: Caller,
        _: BeginFactorEnrolment,
    ) -> Result<FactorEnrolment, AccountError> {
        let Caller { account, session, signed, .. } = caller;
        let event = Event::BeginFactorEnrolment { session };
        let request = RequestSecrets::of(signed);
        self.apply(account, None, event, &request, Self::factor_secret).await
    }

    /// Makes new recovery codes in the place of the old ones.
    pub(crate) async fn renew_recovery_codes(
        &self,
        caller: Caller,
        _: RenewRecoveryCodes,
    ) -> Result<RecoveryCodes, AccountError> {
        let Caller { account, session, signed, .. } = caller;
        let event = Event::RenewRecoveryCodes { session };
        let answer = |_: &Self, applied: &Applied<'_>| {
            let Reply::RecoveryCodes(codes) = applied.reply else { return Err(unexpected_reply()) };
            Ok(RecoveryCodes { recovery_codes: applied.generated.recovery_codes(codes)? })
        };
        self.apply(account, None, event, &RequestSecrets::of(signed), answer).await
    }

    /// Exports a page of what is stored of the account; its first page is an event by itself.
    pub(crate) async fn export(
        &self,
        caller: Caller,
        message: ExportAccount,
    ) -> Result<AccountExport, AccountError> {
        let ExportAccount { before } = message;
        let event = Event::Export { session: caller.session, first: before.is_none() };
        let request = RequestSecrets::default();
        self.apply(caller.account, None, event, &request, carried_out).await?;
        self.export_page(&caller, before.as_ref()).await
    }

    /// Gives the secret of a new second factor as an authenticator reads it.
    pub(super) fn factor_secret(
        &self,
        applied: &Applied<'_>,
    ) -> Result<FactorEnrolment, AccountError> {
        let Reply::FactorSecret(factor) = applied.reply else { return Err(unexpected_reply()) };
        let secret = applied.generated.factors.get(factor).ok_or_else(unexpected_reply)?;
        let address = address_in(&self.keys, applied.account, applied.loaded)?;
        let handle =
            address.and_then(|address| address.handle).ok_or(Refusal::InvalidCredentials)?;
        Ok(FactorEnrolment { otpauth: super::view::otpauth(&self.name, &handle, secret)? })
    }

    /// Deletes an account whose owner asked for it and has had the time to think it over.
    pub(crate) async fn delete_if_due(&self, account: AccountId) -> Result<(), AccountError> {
        let request = RequestSecrets::default();
        self.apply(account, None, Event::DeleteIfDue, &request, carried_out).await
    }
}
