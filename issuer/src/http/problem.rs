//! What the service answers when it does not do what was asked: problem documents (RFC 9457).
//!
//! The texts are fixed. Nothing that a request contained comes back in them, and nothing that failed inside.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tegata::protocol::Refusal;
use utoipa::ToSchema;

use crate::accounts::AccountError;
use crate::domain::InternalError;
use crate::passwords::PasswordError;
use crate::payments::PaymentError;
use crate::store::StoreError;

/// Why a request was not done. Each is one type of problem, `urn:tegata:problem:…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// 400: the request is not one that HTTP, the path or the query allow.
    BadRequest,
    /// 400: the body is not the JSON that is expected here.
    Malformed,
    /// 400: a field of the body is missing, or is not of its form.
    MalformedField(FieldName),
    /// 404: there is nothing at this path, or not for this caller.
    NotFound,
    /// 405: the path is there, the method is not.
    MethodNotAllowed,
    /// 408: the body, or the whole request, took too long.
    TimedOut,
    /// 413: the body is larger than [`crate::http::body::MAX_BODY`].
    TooLarge,
    /// 415: the body is not `application/json`.
    NotJson,
    /// 429: too many requests by this network, address or account.
    TooMany {
        /// When the next one will be taken.
        retry_after: RetryAfter,
    },
    /// 401: the message is not signed by the device that it names.
    NotSigned,
    /// 401: the message was signed with no challenge of the last five minutes.
    Stale,
    /// 422: the id of a signed request came with another message before.
    RequestReused,
    /// 401, 403, 409, 429: decided so.
    Refused(Refusal),
    /// 422: the new password is one that others guess.
    WeakPassword,
    /// 503: the codes of this issuer can tell no more credentials apart.
    NoRoom,
    /// 401: no till goes by this token, or by none; no till is waiting for this code.
    NoSuchTill,
    /// 400: the header `Idempotency-Key` is missing, or is none.
    NoKey,
    /// 422: the key came with another body before.
    KeyReused,
    /// 422: the reference is another sale's: of another shopper or amount, or one that is over.
    ReferenceReused,
    /// 422: not the currency that is taken here.
    OtherCurrency,
    /// 422: more than any card can be charged with.
    TooMuch,
    /// 422: a fraction of the currency that no card can be charged with.
    Indivisible,
    /// 422: a payment that is older than what a till may void.
    TooOldToVoid,
    /// 410: a payment of a month that was taken out of the store.
    PaymentDetached,
    /// 403: a void that comes without the code of one of the till's managers.
    ManagerNeeded,
    /// 403: the manager's code is nobody's.
    ManagerWrong,
    /// 429: too many managers' codes were wrong.
    ManagerWait {
        /// When the next one will be compared.
        retry_after: RetryAfter,
    },
    /// 422: the processor has registered no card, or it is in two accounts already.
    CardRefused,
    /// 503: an operator stopped this kind of request.
    Stopped,
    /// 503: the service is not ready for requests. Only health checks hear it.
    NotReady(NotReady),
    /// 500: our fault. The log says what, the answer does not.
    Internal,
    /// 503: more asks for this than can be worked on now; nothing was done.
    Busy {
        /// When it is worth to come again.
        retry_after: RetryAfter,
    },
}

/// What a service lacks that is not ready for requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// The store cannot be written, or does not answer.
    #[error("the store cannot be written")]
    Store,
    /// The store is sealed under keys that this process does not have.
    #[error("the store's keys are not those of this process")]
    Keys,
    /// The clock is behind.
    #[error("the clock is behind")]
    Clock,
}

impl NotReady {
    fn detail(self) -> &'static str {
        match self {
            Self::Store => "The store cannot be written: see the log and the database",
            Self::Keys => "The store's keys were replaced: restart this process",
            Self::Clock => "The clock is behind the newest record of the store: set it",
        }
    }
}

/// The name of a field of a message as the interface describes it, with the fields around it: `address.handle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldName {
    letters: [u8; Self::LONGEST],
    length: usize,
}

impl FieldName {
    const LONGEST: usize = 64;

    /// Takes a path of names and indices; nothing else, which would be a text of the request.
    pub(crate) fn new(path: &str) -> Option<Self> {
        let is_name = |c: u8| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'_' | b'.' | b'[' | b']')
        };
        let mut letters = [0; Self::LONGEST];
        let place = letters.get_mut(..path.len()).filter(|place| !place.is_empty())?;
        place.copy_from_slice(path.as_bytes());
        let is_path = path.bytes().all(is_name) && path != ".";
        is_path.then_some(Self { letters, length: path.len() })
    }
}

impl std::fmt::Display for FieldName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.letters[..self.length]).unwrap_or_default())
    }
}

/// Whole seconds, at least one, for the header `Retry-After` (RFC 9110, section 10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetryAfter(u64);

impl RetryAfter {
    /// The shortest wait.
    pub(crate) const SECOND: Self = Self(1);

    /// Rounded up: who comes back after it is not too early.
    #[must_use]
    pub fn from_wait(wait: Duration) -> Self {
        Self(wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1))
    }

    /// Gives the whole seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }
}

/// A problem document (RFC 9457, section 3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// The type of the problem, for programs: `urn:tegata:problem:` and a name.
    #[schema(example = "urn:tegata:problem:malformed")]
    r#type: String,
    /// A short description, always the same for a type.
    #[schema(example = "Invalid request body")]
    title: &'static str,
    /// The HTTP status of the response.
    #[schema(example = 400)]
    status: u16,
    /// What to do about the problem.
    #[schema(example = "See /openapi.json for the fields")]
    detail: String,
    /// The request: `urn:tegata:request:` and the value of the header `x-request-id`, as in the log.
    #[schema(example = "urn:tegata:request:0123456789abcdef0123456789abcdef")]
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

/// What is the same in all problems of a type.
struct Facts {
    status: StatusCode,
    name: &'static str,
    title: &'static str,
    detail: &'static str,
}

impl Problem {
    /// One of each type that the frame answers with, whatever is asked.
    pub const FRAME: [Self; 10] = [
        Self::BadRequest,
        Self::Malformed,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TimedOut,
        Self::TooLarge,
        Self::NotJson,
        Self::TooMany { retry_after: RetryAfter::SECOND },
        Self::Internal,
        Self::Busy { retry_after: RetryAfter::SECOND },
    ];

    /// One of each type, for documents and tests.
    pub fn all() -> impl Iterator<Item = Self> {
        let decided = Refusal::ALL.into_iter().map(Self::Refused);
        let others = [
            Self::NotSigned,
            Self::Stale,
            Self::RequestReused,
            Self::WeakPassword,
            Self::CardRefused,
            Self::NoRoom,
            Self::Stopped,
            Self::NotReady(NotReady::Store),
        ];
        let tills = [
            Self::NoSuchTill,
            Self::NoKey,
            Self::KeyReused,
            Self::ReferenceReused,
            Self::OtherCurrency,
            Self::TooMuch,
            Self::Indivisible,
            Self::TooOldToVoid,
            Self::PaymentDetached,
            Self::ManagerNeeded,
            Self::ManagerWrong,
            Self::ManagerWait { retry_after: RetryAfter(1) },
        ];
        let others = others.into_iter().chain(tills);
        Self::FRAME.into_iter().chain(others).chain(decided)
    }

    /// What is under way cannot go on; it is worth to come again at once.
    #[must_use]
    pub const fn busy() -> Self {
        Self::Busy { retry_after: RetryAfter::SECOND }
    }

    /// An internal error: what failed goes to the log, under the request's id, and the answer says nothing of it.
    /// `error` must not hold what a request contained or any secret; no error here does (CONTRIBUTING.md).
    #[must_use]
    pub fn internal(doing: &'static str, error: &dyn std::fmt::Display) -> Self {
        tracing::error!(doing, %error, "internal error");
        Self::Internal
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.facts().status
    }

    /// The problem's type, a URN.
    #[must_use]
    pub fn urn(&self) -> String {
        format!("urn:tegata:problem:{}", self.name())
    }

    /// The last part of the URN: the name that documents and programs know the problem by.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.facts().name
    }

    /// What it is in one line, always the same for a type.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.facts().title
    }

    fn of_signature(&self) -> Facts {
        let (status, name, title, detail) = match self {
            Self::NotSigned => (
                StatusCode::UNAUTHORIZED,
                "not-signed",
                "Invalid device signature",
                "The Tegata-Signature header must sign the body as it is sent, with the key of \
                 the device that it names",
            ),
            Self::RequestReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "request-reused",
                "Request id used for another message",
                "Nothing was done; each new request needs an id of its own",
            ),
            _ => (
                StatusCode::UNAUTHORIZED,
                "stale",
                "Signed too long ago",
                "Nothing was done; sign the request again with the challenge of the Tegata-Challenge header",
            ),
        };
        Facts { status, name, title, detail }
    }

    fn facts(&self) -> Facts {
        let (status, name, title, detail) = match self {
            Self::BadRequest
            | Self::Malformed
            | Self::MalformedField(_)
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::TimedOut
            | Self::TooLarge
            | Self::NotJson
            | Self::NotReady(_) => return self.of_request(),
            Self::TooMany { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many",
                "Too many requests",
                "Nothing was done; retry after the number of seconds in the Retry-After header",
            ),
            Self::NotSigned | Self::Stale | Self::RequestReused => return self.of_signature(),
            Self::WeakPassword => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "weak-password",
                "The password is too easy to guess",
                "Use at least 8 characters and no common password; a few words are enough",
            ),
            Self::NoRoom | Self::Stopped => return self.of_operator(),
            Self::NoSuchTill
            | Self::NoKey
            | Self::KeyReused
            | Self::ReferenceReused
            | Self::OtherCurrency
            | Self::TooMuch
            | Self::Indivisible
            | Self::TooOldToVoid
            | Self::PaymentDetached => return self.of_till(),
            Self::ManagerNeeded | Self::ManagerWrong | Self::ManagerWait { .. } => {
                return self.of_manager();
            }
            Self::CardRefused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "card-refused",
                "Card not accepted",
                "The processor has registered no card, or the card is in other accounts already: \
                 register it again or use another one",
            ),
            Self::Refused(refusal) => return refused(*refusal),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Internal error",
                "The operator can find it in the log by the request id",
            ),
            Self::Busy { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Service overloaded",
                "Repeat the same request, with the same idempotency key, after the number of seconds in the \
                 Retry-After header",
            ),
        };
        Facts { status, name, title, detail }
    }

    /// What is wrong with a request before it is known what it asks for.
    fn of_request(&self) -> Facts {
        let (status, name, title, detail) = match self {
            Self::Malformed | Self::MalformedField(_) => (
                StatusCode::BAD_REQUEST,
                "malformed",
                "Invalid request body",
                "Send one JSON document in UTF-8 with the fields of /openapi.json, each once and no others",
            ),
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "not-found", "Not found", "See /openapi.json for the paths")
            }
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Method not allowed",
                "The Allow header lists the methods of this path",
            ),
            Self::TimedOut => (
                StatusCode::REQUEST_TIMEOUT,
                "timed-out",
                "Request timed out",
                "It is not known whether the request was carried out; check before repeating it",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "Request body too large",
                "The limit is 65536 bytes",
            ),
            Self::NotReady(what) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "not-ready",
                "The service is not ready",
                what.detail(),
            ),
            Self::NotJson => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not-json",
                "Request body is not JSON",
                "The Content-Type header must be application/json",
            ),
            _ => (
                StatusCode::BAD_REQUEST,
                "bad-request",
                "Malformed request",
                "The path, the query or a header does not have the form that HTTP and \
                 /openapi.json require",
            ),
        };
        Facts { status, name, title, detail }
    }

    /// Problems that only tills are answered.
    fn of_till(&self) -> Facts {
        let (status, name, title, detail) = match self {
            Self::NoKey => (
                StatusCode::BAD_REQUEST,
                "no-key",
                "Idempotency key required",
                "Send the Idempotency-Key header once: 1 to 64 visible ASCII characters",
            ),
            Self::KeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "key-reused",
                "Idempotency key reused",
                "The same key requires the same body, byte for byte; use another key for another request",
            ),
            Self::ReferenceReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "reference-reused",
                "Reference of another sale",
                "A reference identifies one sale of one shopper: use another, with the date in it",
            ),
            Self::OtherCurrency => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "other-currency",
                "Currency not accepted",
                "GET /v1/till returns the accepted currency",
            ),
            Self::TooMuch => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "too-much",
                "Amount too large",
                "A card can be charged at most 4294967295 minor units; an account's limits are lower",
            ),
            Self::Indivisible => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "amount-indivisible",
                "Amount cannot be charged",
                "Cards are charged in larger steps of this currency: round the amount to a multiple \
                 of ten minor units, for MGA of a hundred",
            ),
            Self::TooOldToVoid => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "void-too-old",
                "Payment too old to void",
                "A till voids payments of the same day, or as old as the operator has set; the \
                 operator can void older ones",
            ),
            Self::PaymentDetached => (
                StatusCode::GONE,
                "payment-detached",
                "Payment kept elsewhere",
                "Its month was taken out of the store: nothing can be done to it here. The operator \
                 can refund it at the processor",
            ),
            _ => (
                StatusCode::UNAUTHORIZED,
                "no-such-till",
                "Unknown till",
                "The operator adds a till, which enrols once with the code that the operator was given",
            ),
        };
        Facts { status, name, title, detail }
    }

    /// What an operator has done, or has to do.
    fn of_operator(&self) -> Facts {
        let (status, name, title, detail) = match self {
            Self::NoRoom => (
                StatusCode::SERVICE_UNAVAILABLE,
                "no-room",
                "No more payment credentials can be issued",
                "Nothing was done; the operator has to configure another prefix",
            ),
            _ => (
                StatusCode::SERVICE_UNAVAILABLE,
                "stopped",
                "Temporarily stopped",
                "The operator has stopped this operation; nothing was done",
            ),
        };
        Facts { status, name, title, detail }
    }

    /// Problems of tills that have managers.
    fn of_manager(&self) -> Facts {
        let (status, name, title, detail) = match self {
            Self::ManagerWrong => (
                StatusCode::FORBIDDEN,
                "manager-wrong",
                "Wrong manager's code",
                "No manager of this till has this code; after five wrong ones the till waits",
            ),
            Self::ManagerWait { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                "manager-wait",
                "Too many wrong manager's codes",
                "The code was not compared; retry after the number of seconds in the Retry-After header",
            ),
            _ => (
                StatusCode::FORBIDDEN,
                "manager-needed",
                "Manager's code required",
                "The operator has set managers for this till: send the code of one as manager",
            ),
        };
        Facts { status, name, title, detail }
    }

    /// The problem that an answer made by a library below stands for; none for an answer that is not an error.
    pub(crate) fn of_status(status: StatusCode) -> Option<Self> {
        let known = Self::FRAME.into_iter().find(|problem| problem.status() == status);
        match status {
            _ if status.is_server_error() => Some(Self::Internal),
            _ if status.is_client_error() => Some(known.unwrap_or(Self::BadRequest)),
            _ => None,
        }
    }

    /// When to come again, if waiting helps.
    fn retry_after(&self) -> Option<RetryAfter> {
        match self {
            Self::TooMany { retry_after }
            | Self::Busy { retry_after }
            | Self::ManagerWait { retry_after } => Some(*retry_after),
            Self::Refused(Refusal::TooManyAttempts { wait }) => {
                Some(RetryAfter::from_wait(Duration::from_secs(*wait)))
            }
            _ => None,
        }
    }

    /// The answer, with the request that it answers.
    pub(crate) fn answer(&self, instance: Option<String>) -> Response {
        let Facts { status, title, detail, .. } = self.facts();
        let detail = match self {
            Self::MalformedField(field) => {
                format!("The field {field} is missing or not of its form: see /openapi.json")
            }
            _ => detail.to_owned(),
        };
        let document = ProblemDocument {
            r#type: self.urn(),
            title,
            status: status.as_u16(),
            detail,
            instance,
        };
        let mut response = (status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(RetryAfter(seconds)) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(*self);
        response
    }
}

fn refused(refusal: Refusal) -> Facts {
    let (status, title, detail) = match refusal {
        Refusal::InvalidCredentials => (
            StatusCode::FORBIDDEN,
            "Invalid credentials",
            "They are wrong, expired or were tried too often; the response does not say which",
        ),
        Refusal::NotLoggedIn => (StatusCode::UNAUTHORIZED, "No such session", "Log in first"),
        Refusal::LoginTooOld => (
            StatusCode::FORBIDDEN,
            "Recent login required",
            "Log in again: this requires a login within the last five minutes",
        ),
        Refusal::FactorRequired => (
            StatusCode::FORBIDDEN,
            "Second factor required",
            "Verify it: this requires the second factor within the last five minutes",
        ),
        Refusal::RecoveryCodeRequired => (
            StatusCode::FORBIDDEN,
            "Recovery code required",
            "The account was frozen with one, or with the code of a notice: give a recovery code as well",
        ),
        Refusal::EnrolmentRequired => (
            StatusCode::FORBIDDEN,
            "New second factor required",
            "A recovery code was used in its place: enrol a new one first",
        ),
        Refusal::Frozen => (
            StatusCode::CONFLICT,
            "The account is frozen",
            "It can be unfrozen by whoever froze it, or by the operator",
        ),
        Refusal::NoPendingOperation => (
            StatusCode::CONFLICT,
            "No such operation is pending",
            "It was completed already or never begun",
        ),
        Refusal::CodeNeeded => (
            StatusCode::FORBIDDEN,
            "A mailed code is needed",
            "Others tried this address too often: request a code by mail and go on with it",
        ),
        Refusal::TooManyAttempts { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many attempts",
            "Nothing was done; retry after the number of seconds in the Retry-After header",
        ),
    };
    Facts { status, name: refusal.name(), title, detail }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.answer(None)
    }
}

impl From<InternalError> for Problem {
    fn from(error: InternalError) -> Self {
        Self::internal(error.doing, &error.cause)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            // Full, read-only, away, in the way of others: nothing was done. In doubt: the same request, with its key,
            // tells.
            StoreError::Unavailable(_) | StoreError::Conflict => Self::busy(),
            StoreError::CommitOutcomeUnknown => {
                tracing::warn!(%error, "store unavailable");
                Self::busy()
            }
            error => Self::internal("using the store", &error),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::QueueFull { wait } => {
                Self::Busy { retry_after: RetryAfter::from_wait(wait) }
            }
            PasswordError::Internal(error) => error.into(),
        }
    }
}

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::UnknownTill => Self::NoSuchTill,
            PaymentError::KeyReused => Self::KeyReused,
            PaymentError::ReferenceReused => Self::ReferenceReused,
            PaymentError::OtherCurrency => Self::OtherCurrency,
            PaymentError::TooMuch => Self::TooMuch,
            PaymentError::Indivisible => Self::Indivisible,
            PaymentError::TooOldToVoid => Self::TooOldToVoid,
            PaymentError::Detached => Self::PaymentDetached,
            PaymentError::ManagerNeeded => Self::ManagerNeeded,
            PaymentError::ManagerWrong => Self::ManagerWrong,
            PaymentError::ManagerWait { wait } => {
                Self::ManagerWait { retry_after: RetryAfter::from_wait(wait) }
            }
            PaymentError::NotFound => Self::NotFound,
            PaymentError::Store(error) => error.into(),
            PaymentError::Internal(error) => error.into(),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Refused(refusal) => Self::Refused(refusal),
            AccountError::Stopped => Self::Stopped,
            AccountError::Stale => Self::Stale,
            AccountError::RequestReused => Self::RequestReused,
            AccountError::TooManyAttempts { wait } => {
                Self::TooMany { retry_after: RetryAfter::from_wait(wait) }
            }
            AccountError::Malformed => Self::Malformed,
            AccountError::WeakPassword => Self::WeakPassword,
            AccountError::NoRoom => Self::NoRoom,
            AccountError::CardRefused => Self::CardRefused,
            AccountError::Interrupted => Self::busy(),
            AccountError::Password(error) => error.into(),
            AccountError::Store(error) => error.into(),
            AccountError::Internal(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_wait_is_rounded_up_and_never_nothing() {
        for (millis, seconds) in [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (59_999, 60)] {
            let wait = RetryAfter::from_wait(Duration::from_millis(millis));
            assert_eq!(wait.seconds(), seconds, "{millis}");
        }
        assert_eq!(RetryAfter::from_wait(Duration::MAX).seconds(), u64::MAX);
    }

    #[test]
    fn each_problem_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Problem::all().map(|problem| problem.urn()).collect();
        assert_eq!(names.len(), Problem::all().count());
    }

    #[test]
    fn the_document_lists_each_problem_with_its_status() {
        let document = include_str!("../../../docs/interface.md");
        let row = |it: &Problem| format!("| `{}` | {} |", it.name(), it.status().as_u16());
        let missing: Vec<_> = Problem::all().filter(|it| !document.contains(&row(it))).collect();
        assert_eq!(missing, []);
    }

    #[test]
    fn who_came_too_often_is_told_when_to_come_again() {
        for problem in Problem::all() {
            let answer = problem.answer(None);
            let has_retry_after = answer.headers().contains_key(header::RETRY_AFTER);
            let waits = matches!(problem, Problem::Busy { .. })
                || answer.status() == StatusCode::TOO_MANY_REQUESTS;
            assert_eq!(has_retry_after, waits, "{problem:?}");
        }
        let answer = Problem::Refused(Refusal::TooManyAttempts { wait: 3600 }).answer(None);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "3600");
    }

    #[test]
    fn whatever_a_library_answers_with_is_some_problem_or_no_error() {
        for status in (100..1000).filter_map(|status| StatusCode::from_u16(status).ok()) {
            let problem = Problem::of_status(status);
            let is_error = status.is_client_error() || status.is_server_error();
            assert_eq!(problem.is_some(), is_error, "{status}");
        }
        assert_eq!(Problem::of_status(StatusCode::NOT_FOUND), Some(Problem::NotFound));
        assert_eq!(Problem::of_status(StatusCode::BAD_GATEWAY), Some(Problem::Internal));
        assert_eq!(Problem::of_status(StatusCode::IM_A_TEAPOT), Some(Problem::BadRequest));
    }
}
