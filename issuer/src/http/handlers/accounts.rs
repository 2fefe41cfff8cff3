//! What apps ask for: a handler for each message of [`tegata::protocol`].

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Json};
use tegata::protocol::{
    Acknowledgement, AddCard, BeginCardSetup, BeginFactorEnrolment, BeginPasswordReset,
    BeginSignUp, Call, CancelDeletion, ChangeAddress, ConfirmAddressChange, ConfirmCredential,
    ConfirmFactorEnrolment, EndDeviceSessions, EndSessions, ExportAccount, FinishPasswordReset,
    FinishSignUp, ForgetDevice, FreezeAccount, FreezeByCode, FreezeByFactor, FreezeByMailedCode,
    FreezeFromDevice, GetAccount, GetChallenge, GetDeviceStatus, IssuedChallenge, ListCards,
    ListPayments, LogIn, LogOut, Provision, RemoveCard, RenewRecoveryCodes, RequestDeletion,
    RequestFreezeCode, RequestLogInCode, RequiredAuth, RevertChanges, SetDefaultCard,
    UnfreezeAccount, VerifyFactor, VerifyPasswordReset, VerifySignUpCode,
};

use crate::accounts::{Accounts, Caller, Requester, SessionMessage};
use crate::domain::Decimals;
use crate::http::body::StrictJson;
use crate::http::client_address::ClientNetwork;
use crate::http::describe::describe;
use crate::http::headers::{CHALLENGE, bearer_token};
use crate::http::problem::Problem;
use crate::http::router::Routes;
use crate::http::signature::{SignedBy, session_device, signing_device};
use crate::processor::Processor;

type Answer<C> = Result<Json<<C as Call>::Answer>, Problem>;

/// Gives all routes of accounts, for these accounts, whose cards this processor stores, and whose payments have amounts
/// with so many digits behind the point.
pub(crate) fn routes(
    accounts: Accounts,
    processor: Arc<dyn Processor>,
    decimals: Decimals,
) -> Routes {
    route_descriptions()
        .layer(from_fn_with_state(accounts.clone(), add_challenge))
        .layer(Extension(accounts))
        .layer(Extension(processor))
        .layer(Extension(decimals))
}

/// Gives all routes of accounts with their description, and no accounts behind them.
#[must_use]
pub fn route_descriptions() -> Routes {
    let mut routes = Routes::new();
    macro_rules! serve {
        ($($call:ident => $handler:expr,)*) => {$(
            routes = describe::<$call>(routes.route($call::PATH, post($handler)));
        )*};
    }
    serve! {
        GetChallenge => challenge,
        BeginSignUp => sign_up,
        VerifySignUpCode => sign_up_code,
        FinishSignUp => sign_up_factor,
        LogIn => log_in,
        RequestLogInCode => request_log_in_code,
        BeginPasswordReset => request_reset,
        VerifyPasswordReset => verify_reset,
        FinishPasswordReset => finish_reset,
        GetDeviceStatus => device_status,
        FreezeFromDevice => freeze_from_device,
        EndDeviceSessions => end_device_sessions,
        FreezeByFactor => freeze_by_factor,
        RequestFreezeCode => request_freeze_code,
        FreezeByMailedCode => freeze_by_mailed_code,
        FreezeByCode => freeze_by_code,
        RevertChanges => revert_changes,
        GetAccount => account,
        ExportAccount => export,
        VerifyFactor => change_setting::<VerifyFactor>,
        LogOut => change_setting::<LogOut>,
        EndSessions => change_setting::<EndSessions>,
        ForgetDevice => change_setting::<ForgetDevice>,
        BeginFactorEnrolment => enrol_factor,
        ConfirmFactorEnrolment => change_setting::<ConfirmFactorEnrolment>,
        RenewRecoveryCodes => renew_recovery_codes,
        ChangeAddress => change_setting::<ChangeAddress>,
        ConfirmAddressChange => change_setting::<ConfirmAddressChange>,
        ListCards => list_cards,
        BeginCardSetup => begin_card_setup,
        AddCard => add_card,
        SetDefaultCard => set_default_card,
        RemoveCard => remove_card,
        ListPayments => list_payments,
        FreezeAccount => change_setting::<FreezeAccount>,
        UnfreezeAccount => change_setting::<UnfreezeAccount>,
        RequestDeletion => change_setting::<RequestDeletion>,
        CancelDeletion => change_setting::<CancelDeletion>,
        Provision => provision,
        ConfirmCredential => change_setting::<ConfirmCredential>,
    }
    routes
}

/// Adds the challenge for the next message to an answer.
async fn add_challenge(
    State(accounts): State<Accounts>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let mut response = next.run(request).await;
    let challenge = accounts.make_challenge()?;
    let value = HeaderValue::from_str(challenge.as_str());
    let value = value.map_err(|error| Problem::internal("writing a challenge", &error))?;
    response.headers_mut().insert(CHALLENGE, value);
    Ok(response)
}

/// Finds the session of the header `Authorization: Bearer …`, and the device that signed the request, if one did.
async fn caller<C: Call>(
    accounts: &Accounts,
    headers: &HeaderMap,
    request: &StrictJson<C>,
) -> Result<Caller, Problem> {
    let signer = session_device(headers, request)?.map(SignedBy::signer);
    let caller = accounts.caller(bearer_token(headers).as_deref(), signer).await?;
    // Whoever has the token alone gains nothing by the owner's having given a second factor just now.
    if C::AUTH == RequiredAuth::SignedSession && caller.signer.is_none() {
        return Err(Problem::NotSigned);
    }
    Ok(caller)
}

/// Handlers of messages that a device signs.
macro_rules! signed_by_device {
    ($($handler:ident: $call:ident;)*) => {$(
        async fn $handler(
            Extension(accounts): Extension<Accounts>,
            client: ClientNetwork,
            headers: HeaderMap,
            request: StrictJson<$call>,
        ) -> Answer<$call> {
            let signed = signing_device(&headers, &request)?;
            accounts.expect_fresh(&signed.freshness).await?;
            let device = signed.device.id();
            let requester = Requester { device, network: client.network() };
            Ok(Json(accounts.$handler(requester, request.value).await?))
        }
    )*};
}

signed_by_device! {
    sign_up: BeginSignUp;
    sign_up_code: VerifySignUpCode;
    sign_up_factor: FinishSignUp;
    log_in: LogIn;
    request_log_in_code: RequestLogInCode;
    request_reset: BeginPasswordReset;
    verify_reset: VerifyPasswordReset;
    finish_reset: FinishPasswordReset;
    freeze_by_factor: FreezeByFactor;
    request_freeze_code: RequestFreezeCode;
    freeze_by_mailed_code: FreezeByMailedCode;
    device_status: GetDeviceStatus;
    freeze_from_device: FreezeFromDevice;
}

/// Takes any challenge: the wallet signs this last, before it destroys its key, and sends it when there is a network. It ends
/// what only that key could use, and ends it once.
async fn end_device_sessions(
    Extension(accounts): Extension<Accounts>,
    client: ClientNetwork,
    headers: HeaderMap,
    request: StrictJson<EndDeviceSessions>,
) -> Answer<EndDeviceSessions> {
    let device = signing_device(&headers, &request)?.device.id();
    let requester = Requester { device, network: client.network() };
    Ok(Json(accounts.end_device_sessions(requester, request.value).await?))
}

/// Handlers of messages in a session.
macro_rules! in_session {
    ($($handler:ident: $call:ident;)*) => {$(
        async fn $handler(
            Extension(accounts): Extension<Accounts>,
            headers: HeaderMap,
            request: StrictJson<$call>,
        ) -> Answer<$call> {
            let caller = caller(&accounts, &headers, &request).await?;
            Ok(Json(accounts.$handler(caller, request.value).await?))
        }
    )*};
}

in_session! {
    account: GetAccount;
    export: ExportAccount;
    enrol_factor: BeginFactorEnrolment;
    renew_recovery_codes: RenewRecoveryCodes;
    list_cards: ListCards;
    set_default_card: SetDefaultCard;
    remove_card: RemoveCard;
}

async fn change_setting<C>(
    Extension(accounts): Extension<Accounts>,
    headers: HeaderMap,
    request: StrictJson<C>,
) -> Result<Json<Acknowledgement>, Problem>
where
    C: SessionMessage + Call,
{
    let caller = caller(&accounts, &headers, &request).await?;
    Ok(Json(accounts.change_setting(caller, request.value).await?))
}

async fn challenge(
    Extension(accounts): Extension<Accounts>,
    _: StrictJson<GetChallenge>,
) -> Answer<GetChallenge> {
    Ok(Json(IssuedChallenge { challenge: accounts.make_challenge()? }))
}

async fn freeze_by_code(
    Extension(accounts): Extension<Accounts>,
    request: StrictJson<FreezeByCode>,
) -> Answer<FreezeByCode> {
    Ok(Json(accounts.freeze_by_code(request.value).await?))
}

async fn revert_changes(
    Extension(accounts): Extension<Accounts>,
    request: StrictJson<RevertChanges>,
) -> Answer<RevertChanges> {
    Ok(Json(accounts.revert_changes(request.value).await?))
}

async fn begin_card_setup(
    Extension(accounts): Extension<Accounts>,
    Extension(processor): Extension<Arc<dyn Processor>>,
    headers: HeaderMap,
    request: StrictJson<BeginCardSetup>,
) -> Answer<BeginCardSetup> {
    let caller = caller(&accounts, &headers, &request).await?;
    Ok(Json(accounts.begin_card_setup(caller, request.value, &*processor).await?))
}

async fn add_card(
    Extension(accounts): Extension<Accounts>,
    Extension(processor): Extension<Arc<dyn Processor>>,
    headers: HeaderMap,
    request: StrictJson<AddCard>,
) -> Answer<AddCard> {
    let caller = caller(&accounts, &headers, &request).await?;
    Ok(Json(accounts.add_card(caller, request.value, &*processor).await?))
}

async fn list_payments(
    Extension(accounts): Extension<Accounts>,
    Extension(decimals): Extension<Decimals>,
    headers: HeaderMap,
    request: StrictJson<ListPayments>,
) -> Answer<ListPayments> {
    let caller = caller(&accounts, &headers, &request).await?;
    Ok(Json(accounts.list_payments(caller, request.value, decimals).await?))
}

async fn provision(
    Extension(accounts): Extension<Accounts>,
    headers: HeaderMap,
    request: StrictJson<Provision>,
) -> Answer<Provision> {
    let signed = signing_device(&headers, &request)?;
    let device = signed.device.id();
    let caller = accounts.caller(bearer_token(&headers).as_deref(), Some(signed.signer())).await?;
    let answer = accounts.provision(caller, device, request.value, &request.raw).await?;
    Ok(Json(answer))
}
