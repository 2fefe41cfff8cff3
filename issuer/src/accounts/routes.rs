//! The accounts over HTTP: for each message of [`tegata::protocol`] what is done with it.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Extension, Json};
use tegata::protocol::Refusal;
use tegata::protocol::{
    Acknowledgement, AddCard, BeginFactorEnrolment, BeginPasswordReset, BeginSignUp, Call,
    CancelDeletion, ChangeAddress, ConfirmAddressChange, ConfirmFactorEnrolment, EndSessions,
    ExportAccount, FactorEnrolment, FinishPasswordReset, FinishSignUp, ForgetDevice, FreezeAccount,
    FreezeByCode, GetAccount, IssuedTicket, ListCards, ListPayments, LogIn, LogInResult, LogOut,
    PasswordText, Provision, RecoveryCode, RecoveryCodes, RemoveCard, RenewRecoveryCodes,
    RequestDeletion, RevertChanges, SessionToken, SetDefaultCard, SignUpResult, Ticket,
    UnfreezeAccount, VerifyFactor, VerifyPasswordReset, VerifySignUpCode,
};
use tegata_policy::{Account, Event, PolicyContext, Reply, ResetDestination, ResetId, SecretId};

use super::Accounts;
use super::act;
use super::cards::{add_card, default_card, list_cards, remove_card};
use super::given::{Address, Given};
use super::made::Made;
use super::payments::list_payments;
use super::signing::{Caller, signer};
use crate::crypto::Purpose;
use crate::domain::{AccountId, Decimals};
use crate::http::body::Strict;
use crate::http::describe::describe;
use crate::http::problem::Problem;
use crate::http::router::Routes;
use crate::metrics::work::Done as Work;
use crate::passwords::{Lane, Password, PasswordHash};
use crate::processor::Processor;
use crate::store::KillSwitch;

type Answered<C> = Result<Json<<C as Call>::Answer>, Problem>;
type Here = Extension<Accounts>;

/// All of them, for these accounts, whose cards this processor keeps, and whose payments have amounts with so many digits
/// behind the point.
#[must_use]
pub fn routes(accounts: Accounts, processor: Arc<dyn Processor>, decimals: Decimals) -> Routes {
    described().layer(Extension(accounts)).layer(Extension(processor)).layer(Extension(decimals))
}

/// All of them with their description, and no accounts behind them.
#[must_use]
pub fn described() -> Routes {
    let mut routes = Routes::new();
    macro_rules! serve {
        ($($call:ident => $handler:ident,)*) => {$(
            routes = describe::<$call>(routes.route($call::PATH, post($handler)));
        )*};
    }
    serve! {
        BeginSignUp => sign_up,
        VerifySignUpCode => sign_up_code,
        FinishSignUp => sign_up_factor,
        LogIn => log_in,
        BeginPasswordReset => reset,
        VerifyPasswordReset => reset_proof,
        FinishPasswordReset => reset_finish,
        FreezeByCode => freeze_by_code,
        RevertChanges => take_back,
        GetAccount => overview,
        ExportAccount => export,
        VerifyFactor => prove,
        LogOut => log_out,
        EndSessions => end_sessions,
        ForgetDevice => forget_device,
        BeginFactorEnrolment => enrol_factor,
        ConfirmFactorEnrolment => enrol_factor_code,
        RenewRecoveryCodes => renew_recovery,
        ChangeAddress => move_address,
        ConfirmAddressChange => confirm_address_change,
        ListCards => list_cards,
        AddCard => add_card,
        SetDefaultCard => default_card,
        RemoveCard => remove_card,
        ListPayments => list_payments,
        FreezeAccount => freeze,
        UnfreezeAccount => unfreeze,
        RequestDeletion => close,
        CancelDeletion => keep,
        Provision => provision,
    }
    routes
}

/// A decision came to an answer that does not belong to what was asked.
fn out_of_place() -> Problem {
    Problem::internal("answering", &"the decision was of another kind")
}

fn done() -> Json<Acknowledgement> {
    Json(Acknowledgement {})
}

async fn sign_up(
    Extension(accounts): Here,
    headers: HeaderMap,
    request: Strict<BeginSignUp>,
) -> Answered<BeginSignUp> {
    let device = signer(&headers, &request)?;
    let BeginSignUp { address, language, device_name, .. } = request.value;
    let now = accounts.world.clock.now();
    let id = AccountId::make(now, &*accounts.world.random)
        .map_err(|error| Problem::internal("making a number", &error))?;
    accounts.sign_up_for(&address).await?;
    let found = accounts.store.find_account(&accounts.keys.handle(address.address())).await;
    let taken = found.map_err(Problem::of_store)?.is_some();
    let given =
        Given { address: Some(Address { handle: Some(address), language }), ..Given::default() };
    accounts.begin(id, device.id(), device_name.into(), taken, given).await?;
    Ok(Json(IssuedTicket { ticket: accounts.ticket(Purpose::SignUp, id, 0)? }))
}

async fn sign_up_code(
    Extension(accounts): Here,
    headers: HeaderMap,
    request: Strict<VerifySignUpCode>,
) -> Answered<VerifySignUpCode> {
    let device = signer(&headers, &request)?.id();
    let VerifySignUpCode { ticket, code, password, .. } = request.value;
    let (id, _) = accounts.of_ticket(Purpose::SignUp, &ticket)?;
    let awaited = accounts.awaits_password(id, KillSwitch::SignUp, |account, world| {
        matches!(account, Account::PendingSignUp(opening) if opening.awaits_code(device, world))
    });
    awaited.await?;
    let new_password = Some(accounts.new_password(Lane::Strangers, id, &password).await?);
    let given = Given { new_password, code: Some(code), ..Given::default() };
    let event = Event::VerifySignUpCode { device };
    let came = accounts.act(id, Some(KillSwitch::SignUp), event, &given).await?;
    Ok(Json(accounts.enrolling(id, came).await?))
}

async fn sign_up_factor(
    Extension(accounts): Here,
    headers: HeaderMap,
    request: Strict<FinishSignUp>,
) -> Answered<FinishSignUp> {
    let device = signer(&headers, &request)?.id();
    let FinishSignUp { ticket, totp, .. } = request.value;
    let (id, _) = accounts.of_ticket(Purpose::SignUp, &ticket)?;
    let given = Given { totp: Some(totp), ..Given::default() };
    let event = Event::VerifySignUpFactor { device };
    let came = accounts.act(id, Some(KillSwitch::SignUp), event, &given).await?;
    let Reply::SignedUp { recovery, .. } = came.answer else { return Err(out_of_place()) };
    let recovery_codes = shown_once(&came.made, &recovery)?;
    Ok(Json(SignUpResult { session: token(came.made)?, recovery_codes }))
}

async fn log_in(
    Extension(accounts): Here,
    headers: HeaderMap,
    request: Strict<LogIn>,
) -> Answered<LogIn> {
    let device = signer(&headers, &request)?.id();
    let LogIn { handle, password, second_factor, device_name, .. } = request.value;
    let given = Given { password: Some(typed(&password)?), ..Given::default() };
    let (mut given, factor) = match second_factor {
        Some(factor) => {
            let (given, kind) = given.with_factor(factor);
            (given, Some(kind))
        }
        None => (given, None),
    };
    let id = accounts.account_or_decoy(&handle).await?;
    given.lane = accounts.log_in_by(device, &handle, id).await?;
    let event = Event::LogIn { device, name: device_name.into(), factor };
    let came = accounts.act(id, Some(KillSwitch::LogIn), event, &given).await?;
    let Reply::LoggedIn { must_enrol, .. } = came.answer else { return Err(out_of_place()) };
    Ok(Json(LogInResult { session: token(came.made)?, must_enrol }))
}

async fn reset(
    Extension(accounts): Here,
    headers: HeaderMap,
    request: Strict<BeginPasswordReset>,
) -> Answered<BeginPasswordReset> {
    let device = signer(&headers, &request)?.id();
    let BeginPasswordReset { handle, device_name, .. } = request.value;
    let id = accounts.account_or_decoy(&handle).await?;
    let event =
        Event::RequestReset { device, name: device_name.into(), to: ResetDestination::Verified };
    let came = accounts.act(id, Some(KillSwitch::Reset), event, &Given::default()).await?;
    let Reply::ResetStarted(reset) = came.answer else { return Err(out_of_place()) };
    Ok(Json(IssuedTicket { ticket: accounts.ticket(Purpose::Reset, id, reset.0)? }))
}

async fn reset_proof(
    Extension(accounts): Here,
    headers: HeaderMap,
    request: Strict<VerifyPasswordReset>,
) -> Answered<VerifyPasswordReset> {
    let device = signer(&headers, &request)?.id();
    let VerifyPasswordReset { ticket, code, second_factor, .. } = request.value;
    let (id, reset) = accounts.of_ticket(Purpose::Reset, &ticket)?;
    let given = Given { code: Some(code), ..Given::default() };
    let (given, factor) = given.with_factor(second_factor);
    let event = Event::VerifyReset { reset: ResetId(reset), device, factor };
    accounts.act(id, Some(KillSwitch::Reset), event, &given).await?;
    Ok(done())
}

async fn reset_finish(
    Extension(accounts): Here,
    headers: HeaderMap,
    request: Strict<FinishPasswordReset>,
) -> Answered<FinishPasswordReset> {
    let device = signer(&headers, &request)?.id();
    let FinishPasswordReset { ticket, password, .. } = request.value;
    let (id, reset) = accounts.of_ticket(Purpose::Reset, &ticket)?;
    let reset = ResetId(reset);
    let awaited = accounts.awaits_password(id, KillSwitch::Reset, |account, world| {
        matches!(account, Account::Active(live) if live.awaits_new_password(reset, device, world))
    });
    awaited.await?;
    let new_password = Some(accounts.new_password(Lane::Owners, id, &password).await?);
    let given = Given { new_password, ..Given::default() };
    let event = Event::FinishReset { reset, device };
    accounts.act(id, Some(KillSwitch::Reset), event, &given).await?;
    Ok(done())
}

async fn freeze_by_code(
    Extension(accounts): Here,
    request: Strict<FreezeByCode>,
) -> Answered<FreezeByCode> {
    let FreezeByCode { handle, code } = request.value;
    let id = accounts.account_or_decoy(&handle).await?;
    let given = Given { notice: Some(code), ..Given::default() };
    accounts.act(id, None, Event::FreezeByCode, &given).await?;
    Ok(done())
}

async fn take_back(
    Extension(accounts): Here,
    request: Strict<RevertChanges>,
) -> Answered<RevertChanges> {
    let RevertChanges { handle, code, second_factor } = request.value;
    let id = accounts.account_or_decoy(&handle).await?;
    let given = Given { notice: Some(code), ..Given::default() };
    let (given, factor) = given.with_factor(second_factor);
    accounts.act(id, None, Event::RevertChanges { factor }, &given).await?;
    Ok(done())
}

async fn overview(
    Extension(accounts): Here,
    headers: HeaderMap,
    _request: Strict<GetAccount>,
) -> Answered<GetAccount> {
    let caller = accounts.caller(&headers).await?;
    accounts.view(&caller).await.map(Json)
}

async fn export(
    Extension(accounts): Here,
    headers: HeaderMap,
    request: Strict<ExportAccount>,
) -> Answered<ExportAccount> {
    let caller = accounts.caller(&headers).await?;
    let before = request.value.before;
    let event = Event::Export { session: caller.session, first: before.is_none() };
    accounts.act(caller.account, None, event, &Given::default()).await?;
    accounts.export(&caller, before.as_ref()).await.map(Json)
}

async fn enrol_factor(
    Extension(accounts): Here,
    headers: HeaderMap,
    _request: Strict<BeginFactorEnrolment>,
) -> Answered<BeginFactorEnrolment> {
    let Caller { account, session, .. } = accounts.caller(&headers).await?;
    let came = accounts
        .act(account, None, Event::BeginFactorEnrolment { session }, &Given::default())
        .await?;
    Ok(Json(accounts.enrolling(account, came).await?))
}

async fn renew_recovery(
    Extension(accounts): Here,
    headers: HeaderMap,
    _request: Strict<RenewRecoveryCodes>,
) -> Answered<RenewRecoveryCodes> {
    let Caller { account, session, .. } = accounts.caller(&headers).await?;
    let event = Event::RenewRecoveryCodes { session };
    let came = accounts.act(account, None, event, &Given::default()).await?;
    let Reply::RecoveryCodes(codes) = came.answer else { return Err(out_of_place()) };
    Ok(Json(RecoveryCodes { recovery_codes: shown_once(&came.made, &codes)? }))
}

async fn provision(
    Extension(accounts): Here,
    headers: HeaderMap,
    request: Strict<Provision>,
) -> Answered<Provision> {
    let device = signer(&headers, &request)?.id();
    let caller = accounts.caller(&headers).await?;
    accounts.provision(caller, device, request).await.map(Json)
}

/// Handlers of messages of a session whose answer is that it was done.
macro_rules! in_session {
    ($($handler:ident: $call:ident, |$session:ident, $message:pat_param| $event:expr, $given:expr;)*) => {$(
        async fn $handler(
            Extension(accounts): Here,
            headers: HeaderMap,
            request: Strict<$call>,
        ) -> Answered<$call> {
            let Caller { account, session: $session, .. } = accounts.caller(&headers).await?;
            let $message = request.value;
            let given = $given;
            accounts.act(account, None, $event, &given).await?;
            Ok(done())
        }
    )*};
}

in_session! {
    prove: VerifyFactor, |session, VerifyFactor { totp }| Event::VerifyFactor { session },
        Given { totp: Some(totp), ..Given::default() };
    log_out: LogOut, |session, _| Event::LogOut { session }, Given::default();
    end_sessions: EndSessions, |session, EndSessions { session: which }|
        Event::EndSessions { session, which: which.map(|which| which.0) }, Given::default();
    forget_device: ForgetDevice, |session, ForgetDevice { device }|
        Event::ForgetDevice { session, device: device.0 }, Given::default();
    enrol_factor_code: ConfirmFactorEnrolment, |session, ConfirmFactorEnrolment { totp }|
        Event::VerifyFactorEnrolment { session }, Given { totp: Some(totp), ..Given::default() };
    move_address: ChangeAddress, |session, ChangeAddress { address, language }|
        Event::ChangeAddress { session },
        Given { address: Some(Address { handle: Some(address), language }), ..Given::default() };
    confirm_address_change: ConfirmAddressChange, |session, ConfirmAddressChange { code }|
        Event::VerifyNewAddress { session }, Given { code: Some(code), ..Given::default() };
    freeze: FreezeAccount, |session, _| Event::Freeze { session }, Given::default();
    unfreeze: UnfreezeAccount, |session, _| Event::Unfreeze { session }, Given::default();
    close: RequestDeletion, |session, _| Event::RequestDeletion { session }, Given::default();
    keep: CancelDeletion, |session, _| Event::CancelDeletion { session }, Given::default();
}

fn typed(password: &PasswordText) -> Result<Password, Problem> {
    Password::new(password.expose()).map_err(|_| Problem::Malformed)
}

fn token(made: Made) -> Result<SessionToken, Problem> {
    made.token.ok_or_else(out_of_place)
}

fn shown_once(made: &Made, codes: &[SecretId]) -> Result<Vec<RecoveryCode>, Problem> {
    let shown: Option<Vec<_>> = codes.iter().map(|code| made.recovery.get(code).cloned()).collect();
    shown.ok_or_else(out_of_place)
}

impl Accounts {
    /// Refuses, as the decision would, where no new password is awaited: one that comes all the same is neither judged,
    /// which tells whose account it is, nor hashed, which costs. What is allowed here is decided on afterwards.
    async fn awaits_password(
        &self,
        id: AccountId,
        switch: KillSwitch,
        is_awaited: impl Fn(&Account, &PolicyContext) -> bool + Send,
    ) -> Result<(), Problem> {
        let refused = Problem::Refused(Refusal::InvalidCredentials);
        let loaded = self.store.load(id).await.map_err(Problem::of_store)?.ok_or(refused)?;
        if loaded.global_state.stopped.contains(switch) {
            return Err(Problem::Stopped);
        }
        let world = Self::world(&loaded.global_state, self.world.clock.now());
        if is_awaited(&loaded.state, &world) { Ok(()) } else { Err(refused) }
    }

    /// A new password, judged and hashed.
    async fn new_password(
        &self,
        lane: Lane,
        account: AccountId,
        password: &PasswordText,
    ) -> Result<PasswordHash, Problem> {
        let about = self.about(account).await?;
        let judged = self.passwords.judge(lane, typed(password)?, about).await?;
        let judged = judged.map_err(|_| Problem::WeakPassword)?;
        self.store.work().done(Work::Password, 1);
        self.passwords.hash(lane, judged).await
    }

    /// What a password should not be made of.
    async fn about(&self, account: AccountId) -> Result<Vec<String>, Problem> {
        let address = self.address_of(account).await?;
        let handle = address.and_then(|address| address.handle);
        let words = handle.iter().flat_map(|handle| handle.address().split(['@', '.']));
        Ok(words.map(str::to_owned).collect())
    }

    /// The secret of a new second factor, as an authenticator reads it.
    async fn enrolling(
        &self,
        account: AccountId,
        came: act::Done,
    ) -> Result<FactorEnrolment, Problem> {
        let Reply::FactorSecret(factor) = came.answer else { return Err(out_of_place()) };
        let secret = came.made.factors.get(&factor).ok_or_else(out_of_place)?;
        let address = self.address_of(account).await?.and_then(|address| address.handle);
        let handle = address.ok_or(Problem::Refused(Refusal::InvalidCredentials))?;
        Ok(FactorEnrolment { otpauth: super::view::otpauth(&self.name, &handle, secret)? })
    }

    fn ticket(&self, purpose: Purpose, account: AccountId, number: u32) -> Result<Ticket, Problem> {
        let ticket = self.keys.ticket(purpose, account, number, &*self.world.random);
        let ticket = ticket.map_err(|error| Problem::internal("making a ticket", &error))?;
        Ticket::new(&ticket).map_err(|error| Problem::internal("making a ticket", &error))
    }

    fn of_ticket(&self, purpose: Purpose, ticket: &Ticket) -> Result<(AccountId, u32), Problem> {
        let read = self.keys.read_ticket(purpose, ticket.expose());
        read.ok_or(Problem::Refused(Refusal::InvalidCredentials))
    }
}
