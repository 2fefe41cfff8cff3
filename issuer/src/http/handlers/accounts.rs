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
    ConfirmFactorEnrolment, DeviceSigned, EndDeviceSessions, EndSessions, ExportAccount,
    FinishPasswordReset, FinishSignUp, ForgetDevice, FreezeAccount, FreezeByCode, FreezeByFactor,
    FreezeByMailedCode, FreezeFromDevice, GetAccount, GetChallenge, GetDeviceStatus,
    IssuedChallenge, ListCards, ListPayments, LogIn, LogOut, Provision, RemoveCard,
    RenewRecoveryCodes, RequestDeletion, RequestFreezeCode, RequestLogInCode, RequiredAuth,
    RevertChanges, SetDefaultCard, UnfreezeAccount, VerifyFactor, VerifyPasswordReset,
    VerifySignUpCode,
};

use crate::accounts::{
    AccountError, Accounts, Admission, Caller, Repetition, Requester, SessionMessage,
};
use crate::domain::Decimals;
use crate::http::body::StrictJson;
use crate::http::client_address::ClientNetwork;
use crate::http::describe::describe;
use crate::http::headers::{CHALLENGE, bearer_token};
use crate::http::once::{answer, repeat};
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

/// Answers a request in the session of the header `Authorization: Bearer …`, which the device signed that is given, if one
/// did.
async fn in_session<C: Call>(
    accounts: &Accounts,
    headers: &HeaderMap,
    signed: Option<SignedBy>,
    request: StrictJson<C>,
    carry_out: impl AsyncFnOnce(Caller, C) -> Result<C::Answer, AccountError>,
) -> Result<Response, Problem> {
    let token = bearer_token(headers);
    let token = token.as_deref();
    let signed = signed.map(SignedBy::signer);
    let signed = signed.map(|signer| accounts.signed_request(signer, C::PATH, token, &request.raw));
    let caller = match accounts.caller(token, signed.clone()).await? {
        Admission::Repeated(prior) => return repeat(prior),
        Admission::New(caller) => *caller,
    };
    // Whoever has the token alone gains nothing by the owner's having given a second factor just now.
    if C::AUTH == RequiredAuth::SignedSession && caller.signer.is_none() {
        return Err(Problem::NotSigned);
    }
    let result = carry_out(caller, request.value).await;
    answer(accounts, signed.as_deref(), Repetition::ForADay, result).await
}

/// Answers a request that a device signed, in no session.
async fn by_device<C: Call + DeviceSigned>(
    accounts: &Accounts,
    client: ClientNetwork,
    headers: &HeaderMap,
    request: StrictJson<C>,
    repetition: Repetition,
    carry_out: impl AsyncFnOnce(Requester, StrictJson<C>) -> Result<C::Answer, AccountError>,
) -> Result<Response, Problem> {
    let signer = signing_device(headers, &request)?.signer();
    let device = signer.device;
    let message = accounts.signed_request(signer, C::PATH, None, &request.raw);
    if let Some(prior) = accounts.prior_answer(&message, repetition).await? {
        return repeat(prior);
    }
    let network = client.network();
    let requester = Requester { device, network, signed: Some(message.clone()) };
    let result = carry_out(requester, request).await;
    answer(accounts, Some(&message), repetition, result).await
}

/// Handlers of messages that a device signs.
macro_rules! signed_by_device {
    ($($handler:ident: $call:ident;)*) => {$(
        async fn $handler(
            Extension(accounts): Extension<Accounts>,
            client: ClientNetwork,
            headers: HeaderMap,
            request: StrictJson<$call>,
        ) -> Result<Response, Problem> {
            let carry_out =
                async |requester, sent: StrictJson<$call>| accounts.$handler(requester, sent.value).await;
            by_device(&accounts, client, &headers, request, Repetition::ForADay, carry_out).await
        }
    )*};
}

signed_by_device! {
    sign_up: BeginSignUp;
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

/// The same for messages whose answers are sealed to the sender of their bodies.
macro_rules! answered_sealed {
    ($($handler:ident: $call:ident;)*) => {$(
        async fn $handler(
            Extension(accounts): Extension<Accounts>,
            client: ClientNetwork,
            headers: HeaderMap,
            request: StrictJson<$call>,
        ) -> Result<Response, Problem> {
            let carry_out = async |requester, StrictJson { value, raw }: StrictJson<$call>| {
                accounts.$handler(requester, value, &raw).await
            };
            by_device(&accounts, client, &headers, request, Repetition::WhileFresh, carry_out).await
        }
    )*};
}

answered_sealed! {
    sign_up_code: VerifySignUpCode;
    sign_up_factor: FinishSignUp;
    log_in: LogIn;
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
    let requester = Requester { device, network: client.network(), signed: None };
    Ok(Json(accounts.end_device_sessions(requester, request.value).await?))
}

/// Handlers of messages in a session.
macro_rules! in_session {
    ($($handler:ident: $call:ident;)*) => {$(
        async fn $handler(
            Extension(accounts): Extension<Accounts>,
            headers: HeaderMap,
            request: StrictJson<$call>,
        ) -> Result<Response, Problem> {
            let signed = session_device(&headers, &request)?;
            let carry_out = async |caller, call| accounts.$handler(caller, call).await;
            in_session(&accounts, &headers, signed, request, carry_out).await
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
) -> Result<Response, Problem>
where
    C: SessionMessage + Call<Answer = Acknowledgement>,
{
    let signed = session_device(&headers, &request)?;
    let carry_out = async |caller, call| accounts.change_setting(caller, call).await;
    in_session(&accounts, &headers, signed, request, carry_out).await
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
) -> Result<Response, Problem> {
    let signed = session_device(&headers, &request)?;
    let carry_out = async |caller, call| accounts.begin_card_setup(caller, call, &*processor).await;
    in_session(&accounts, &headers, signed, request, carry_out).await
}

async fn add_card(
    Extension(accounts): Extension<Accounts>,
    Extension(processor): Extension<Arc<dyn Processor>>,
    headers: HeaderMap,
    request: StrictJson<AddCard>,
) -> Result<Response, Problem> {
    let signed = session_device(&headers, &request)?;
    let carry_out = async |caller, call| accounts.add_card(caller, call, &*processor).await;
    in_session(&accounts, &headers, signed, request, carry_out).await
}

async fn list_payments(
    Extension(accounts): Extension<Accounts>,
    Extension(decimals): Extension<Decimals>,
    headers: HeaderMap,
    request: StrictJson<ListPayments>,
) -> Result<Response, Problem> {
    let signed = session_device(&headers, &request)?;
    let carry_out = async |caller, call| accounts.list_payments(caller, call, decimals).await;
    in_session(&accounts, &headers, signed, request, carry_out).await
}

async fn provision(
    Extension(accounts): Extension<Accounts>,
    headers: HeaderMap,
    request: StrictJson<Provision>,
) -> Result<Response, Problem> {
    let signed = signing_device(&headers, &request)?;
    let device = signed.device.id();
    let raw = request.raw.clone();
    // The request in the body tells it from others for as long as the credential is valid, and the answer has the time.
    let carry_out = async |caller, call| accounts.provision(caller, device, call, &raw).await;
    in_session(&accounts, &headers, Some(signed), request, carry_out).await
}
