//! What an owner sees of her account.

use tegata::formats::otpauth;
use tegata::protocol::{
    AccountDevice, AccountEvent, AccountExport, AccountOverview, AccountSession, DeviceNumber,
    EventNumber, SecretText, SessionNumber,
};
use tegata::protocol::{Handle, Refusal};
use tegata::vault::{OtpAlgorithm, OtpCredential, OtpKind};
use tegata::{Secret, SecretBytes};
use tegata_policy::Account;

use super::Accounts;
use super::given::{Address, Given};
use super::signing::Caller;
use crate::domain::{AccountId, EventId, Reason};
use crate::http::problem::Problem;
use crate::store::EventRow;

/// Events on a page, some 100 bytes each.
const EVENTS: u32 = 500;

impl Accounts {
    pub(super) async fn view(&self, caller: &Caller) -> Result<AccountOverview, Problem> {
        let refused = Problem::Refused(Refusal::NotLoggedIn);
        let Account::Active(live) = &caller.found.state else { return Err(refused) };
        let world = Self::world(&caller.found.global_state, self.world.clock.now());
        let here = live.session(caller.session, &world).ok_or(refused)?;
        let address = self.address_of(caller.account).await?.ok_or(refused)?;
        let unreadable = |_| Problem::internal("showing an account", &"a name is not one");
        let devices = live.devices().iter().map(|device| {
            Ok(AccountDevice {
                device: DeviceNumber(device.id),
                name: device.name.clone().try_into().map_err(unreadable)?,
                since: device.since,
                this: device.id == here.device,
            })
        });
        let sessions = live.sessions(&world).map(|session| AccountSession {
            session: SessionNumber(session.id),
            device: DeviceNumber(session.device),
            since: session.since,
            seen: session.seen,
            this: session.id == caller.session,
        });
        Ok(AccountOverview {
            address: address.handle.ok_or(refused)?,
            language: address.language,
            devices: devices.collect::<Result<_, Problem>>()?,
            sessions: sessions.collect(),
            recovery_codes_left: live.recovery_left(),
            must_enrol: live.must_enrol(),
            frozen: live.is_frozen(),
            closing: live.deletion(),
        })
    }

    /// A page of what happened to an account, with the account.
    pub(super) async fn export(
        &self,
        caller: &Caller,
        before: Option<&EventNumber>,
    ) -> Result<AccountExport, Problem> {
        let before = before.and_then(|number| EventId::parse(number.expose()));
        let events = self.store.events_of(caller.account, before, EVENTS + 1).await;
        let mut events = events.map_err(Problem::of_store)?;
        let earlier = events.len() > EVENTS as usize;
        events.truncate(EVENTS as usize);
        let view = |event: EventRow| {
            Ok(AccountEvent {
                event: EventNumber::new(&event.id.to_string())
                    .map_err(|error| Problem::internal("showing an event", &error))?,
                by_operator: Reason::is_operator(&event.actor),
                deed: event.deed,
                at: event.at,
            })
        };
        let events = events.into_iter().map(view).collect::<Result<_, Problem>>()?;
        Ok(AccountExport { account: self.view(caller).await?, events, earlier })
    }

    /// The address of an account, or of what is to become one.
    pub(super) async fn address_of(&self, account: AccountId) -> Result<Option<Address>, Problem> {
        let Some(loaded) = self.store.load(account).await.map_err(Problem::of_store)? else {
            return Ok(None);
        };
        let secret = match &loaded.state {
            Account::Active(live) => live.address(),
            Account::PendingSignUp(opening) => opening.address(),
            Account::Closed => return Ok(None),
        };
        let given = Given::default();
        self.kept_address(account, secret, &loaded.secrets, &given).map(Some)
    }
}

/// The URI that authenticators read.
pub(super) fn otpauth(
    issuer: &str,
    handle: &Handle,
    secret: &Secret<20>,
) -> Result<SecretText, Problem> {
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
    let text = text.map_err(|error| Problem::internal("writing a second factor", &error))?;
    Ok(SecretText::new(text))
}
