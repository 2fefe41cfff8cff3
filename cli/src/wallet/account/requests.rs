//! Sends the wallet's requests to its issuer.

use tegata::protocol::{IssuerProblem, SessionCall};
use tegata::{Error, PendingRequest, SplitSession, Wallet};

use crate::failure::Failure;
use crate::issuer_client::{IssuerClient, RequestError};

pub(super) fn account_failure(error: Error) -> Failure {
    match error {
        Error::NotLoggedIn => Failure::Failed(format!("{error}: tegata wallet log-in")),
        Error::OwnFactor => Failure::Failed(format!(
            "{error}: move it with tegata wallet export ID, then tegata wallet remove ID"
        )),
        error => Failure::cannot("use the wallet's account")(&error),
    }
}

/// Warns that a session without a payment lock ends with the command.
pub(super) fn warn_without_lock(wallet: &mut Wallet) -> Result<(), Failure> {
    if wallet.payments().lock_status().map_err(account_failure)?.is_none() {
        eprintln!(
            "No payment lock is set, so the session ends with this command. To stay logged in, set a \
             PIN first: tegata wallet pin"
        );
    }
    Ok(())
}

/// Sends a request, and has the wallet process the response.
pub(super) fn execute<A: SplitSession>(
    request: Result<PendingRequest<A>, Error>,
    client: &IssuerClient,
    wallet: &mut Wallet,
) -> Result<A::Rest, ExecuteError> {
    let mut request = request.map_err(account_failure)?;
    send_queued(wallet)?;
    let response = client.send_signed(&mut request, wallet)?;
    wallet.account().complete(&request, &response).map_err(ExecuteError::from_wallet)
}

/// Sends a request in the wallet's session to the session's issuer.
pub(super) fn execute_in_session<C: SessionCall<Answer: SplitSession>>(
    wallet: &mut Wallet,
    call: &C,
) -> Result<<C::Answer as SplitSession>::Rest, ExecuteError> {
    let request = wallet.account().session_request(call).map_err(account_failure)?;
    let client = IssuerClient::new(request.issuer())?;
    execute(Ok(request), &client, wallet)
}

/// Sends what has to go out first: after a PIN was lost, the end of the sessions of the device that this wallet was.
fn send_queued(wallet: &mut Wallet) -> Result<(), Failure> {
    while let Some(request) = wallet.account().queued_request().map_err(account_failure)? {
        // An issuer that cannot be reached, or has no time, gets it at the next contact.
        let Ok(response) = IssuerClient::new(request.issuer())?.send(request.envelope()) else {
            break;
        };
        match wallet.account().complete(&request, &response) {
            Ok(()) => {}
            Err(Error::Issuer(problem)) if is_final(problem) => {}
            Err(_) => break,
        }
    }
    Ok(())
}

/// Whether the issuer will not do it at another time either.
fn is_final(problem: IssuerProblem) -> bool {
    matches!(problem, IssuerProblem::Refused(_) | IssuerProblem::Malformed)
}

/// The reason why a request failed.
pub(super) enum ExecuteError {
    /// The issuer refused it or could not be reached.
    Issuer(RequestError),
    /// The wallet itself failed.
    Local(Failure),
}

impl ExecuteError {
    /// Sorts the wallet's error by its cause.
    pub(super) fn from_wallet(error: Error) -> Self {
        RequestError::from_wallet(error)
            .map_or_else(|error| Self::Local(account_failure(error)), Self::Issuer)
    }
}

impl From<RequestError> for ExecuteError {
    fn from(error: RequestError) -> Self {
        Self::Issuer(error)
    }
}

impl From<Failure> for ExecuteError {
    fn from(failure: Failure) -> Self {
        Self::Local(failure)
    }
}

impl From<ExecuteError> for Failure {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Issuer(error) => error.into(),
            ExecuteError::Local(failure) => failure,
        }
    }
}
