//! What owners see of their accounts.

use tegata::formats::otpauth;
use tegata::protocol::{
    AccountDevice, AccountEvent, AccountExport, AccountOverview, AccountSession, DeviceNumber,
    EventNumber, GetAccount, SecretText, SessionNumber,
};
use tegata::protocol::{Handle, Refusal};
use tegata::vault::{OtpAlgorithm, OtpCredential, OtpKind};
use tegata::{Secret, SecretBytes};
use tegata_policy::Account;

use super::session::Caller;
use super::{AccountError, Accounts};
use crate::domain::{EventId, Reason};
use crate::mail::address_of;
use crate::store::EventRow;

/// Events on a page, some 100 bytes each.
const EVENTS: u32 = 500;

impl Accounts {
    /// Shows an account to its owner.
    pub(crate) async fn account(
        &self,
        caller: Caller,
        _: GetAccount,
    ) -> Result<AccountOverview, AccountError> {
        self.overview(&caller).await
    }

    async fn overview(&self, caller: &Caller) -> Result<AccountOverview, AccountError> {
        let Account::Active(active) = &caller.context.state else {
            return Err(Refusal::NotLoggedIn.into());
        };
        let policy =
            Self::policy_context(&caller.context.global_state, self.environment.clock.now());
        let here = active.session(caller.session, &policy).ok_or(Refusal::NotLoggedIn)?;
        let address = address_of(&self.store, &self.keys, caller.account)
            .await?
            .ok_or(Refusal::NotLoggedIn)?;
        let unreadable = |_| AccountError::internal("showing an account", &"a name is not one");
        let devices = active.devices().iter().map(|device| {
            Ok(AccountDevice {
                device: DeviceNumber(device.id),
                name: device.name.clone().try_into().map_err(unreadable)?,
                since: device.since,
                this: device.id == here.device,
            })
        });
        let sessions = active.sessions(&policy).map(|session| AccountSession {
            session: SessionNumber(session.id),
            device: DeviceNumber(session.device),
            since: session.since,
            seen: session.seen,
            this: session.id == caller.session,
        });
        Ok(AccountOverview {
            address: address.handle.ok_or(Refusal::NotLoggedIn)?,
            language: address.language,
            devices: devices.collect::<Result<_, AccountError>>()?,
            sessions: sessions.collect(),
            recovery_codes_left: active.recovery_left(),
            must_enrol: active.must_enrol(),
            frozen: active.is_frozen(),
            closing: active.deletion(),
        })
    }

    /// Shows a page of what happened to an account, with the account.
    pub(super) async fn export_page(
        &self,
        caller: &Caller,
        before: Option<&EventNumber>,
    ) -> Result<AccountExport, AccountError> {
        let before = before.and_then(|number| EventId::parse(number.expose()));
        let before = before.map(|number| self.keys.event_id(number));
        let events = self.store.events_of(caller.account, before, EVENTS + 1).await;
        let mut events = events?;
        let earlier = events.len() > EVENTS as usize;
        events.truncate(EVENTS as usize);
        let view = |event: EventRow| {
            Ok(AccountEvent {
                event: EventNumber::new(&self.keys.event_number(event.id).to_string())
                    .map_err(|error| AccountError::internal("showing an event", &error))?,
                by_operator: Reason::is_operator(&event.actor),
                deed: event.deed,
                at: event.at,
            })
        };
        let events = events.into_iter().map(view).collect::<Result<_, AccountError>>()?;
        Ok(AccountExport { account: self.overview(caller).await?, events, earlier })
    }
}

/// Writes the URI that authenticators read.
pub(super) fn otpauth(
    issuer: &str,
    handle: &Handle,
    secret: &Secret<20>,
) -> Result<SecretText, AccountError> {
    let credential = OtpCredential::new(
        issuer.to_owned(),
        handle.address().to_owned(),
        OtpAlgorithm::Sha1,
        6,
        OtpKind::Totp(30),
        SecretBytes::new(secret.expose()),
    );
    let uri = otpauth::reveal(&credential);
    let text = std::str::from_utf8(uri.expose());
    let text = text.map_err(|error| AccountError::internal("writing a second factor", &error))?;
    Ok(SecretText::new(text))
}
