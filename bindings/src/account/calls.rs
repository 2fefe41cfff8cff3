//! What is asked of the issuer: one kind of call for each kind of answer.

use std::sync::Arc;

use tegata::protocol::{
    self, AccountOverview, Acknowledgement, FactorEnrolment, IssuedTicket, PasswordText,
    SignUpResult, Ticket,
};
use tegata::{PendingRequest, SplitSession};

use super::cards::all;
use super::flows::Ticketed;
use super::{
    AccountCard, AccountOverview, IssuerRequest, IssuerResponse, LoggedIn, NewFactor,
    RecoveryCodes, Reset, SignUp,
};
use crate::WalletError;
use crate::open::Open;

/// What was asked, and the wallet that asked.
pub(super) struct Call<A> {
    open: Arc<Open>,
    asked: PendingRequest<A>,
}

impl<A: SplitSession> Call<A> {
    fn answered(&self, response: IssuerResponse) -> Result<A::Rest, WalletError> {
        // Of the session that may be in it nothing stays behind: what is freed is wiped.
        let response = response.into();
        self.open.with(|wallet| wallet.account().complete(&self.asked, &response))
    }
}

impl Call<IssuedTicket> {
    fn ticketed(&self, ticket: Ticket) -> Ticketed {
        Ticketed { open: Arc::clone(&self.open), at: self.asked.at().clone(), ticket }
    }
}

/// A call that the issuer answers with an `A`.
pub(super) trait Pending<A> {
    fn new(open: &Arc<Open>, asked: PendingRequest<A>) -> Arc<Self>;
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident: $issuers:ty => $(#[$answer_doc:meta])* $answer:ty,
        $left:expr;)*) => {$(
        $(#[$doc])*
        #[derive(uniffi::Object)]
        pub struct $name(Call<$issuers>);

        #[uniffi::export]
        impl $name {
            /// What to send, and where to. The same each time: nothing is used up by looking at it.
            #[must_use]
            pub fn request(&self) -> IssuerRequest {
                IssuerRequest::to(self.0.asked.issuer(), self.0.asked.envelope())
            }

            $(#[$answer_doc])*
            pub fn answered(&self, response: IssuerResponse) -> Result<$answer, WalletError> {
                let left: fn(&Call<$issuers>, <$issuers as SplitSession>::Rest) -> $answer = $left;
                Ok(left(&self.0, self.0.answered(response)?))
            }
        }

        impl Pending<$issuers> for $name {
            fn new(open: &Arc<Open>, asked: PendingRequest<$issuers>) -> Arc<Self> {
                Arc::new(Self(Call { open: Arc::clone(open), asked }))
            }
        }
    )*};
}

calls! {
    /// A request that begins a sign-up.
    SignUpCall: IssuedTicket =>
    /// Takes what came back, and gives the sign-up to go on with.
    Arc<SignUp>, |call, ticket| Arc::new(SignUp(call.ticketed(ticket)));

    /// A request that begins a reset.
    ResetCall: IssuedTicket =>
    /// Takes what came back, and gives the reset to go on with.
    Arc<Reset>, |call, ticket| Arc::new(Reset(call.ticketed(ticket)));

    /// A request for a new second factor.
    FactorCall: FactorEnrolment =>
    /// Takes what came back, and gives the second factor, this once.
    Arc<NewFactor>, |call, uri| Arc::new(NewFactor { open: Arc::clone(&call.open), uri });

    /// A request for the first value of a sign-up's second factor.
    SignedUpCall: SignUpResult =>
    /// Takes what came back, keeps the session that is in it, and gives the recovery codes, this once.
    Arc<RecoveryCodes>, |_, codes| Arc::new(RecoveryCodes(codes));

    /// A request for recovery codes.
    CodesCall: protocol::RecoveryCodes =>
    /// Takes what came back, and gives the recovery codes, this once.
    Arc<RecoveryCodes>, |_, codes| Arc::new(RecoveryCodes(codes));

    /// A request to log in.
    LogInCall: protocol::LogInResult =>
    /// Takes what came back, and keeps the session.
    LoggedIn, |_, must_enrol| LoggedIn { must_enrol };

    /// A request for what the account is.
    OverviewCall: AccountOverview =>
    /// Takes what came back.
    AccountOverview, |_, view| view.into();

    /// A request about the account's cards.
    CardsCall: protocol::Cards =>
    /// Takes what came back, and gives all cards as they are now.
    Vec<AccountCard>, |_, kept| all(kept);

    /// A request that is done, or not.
    DoneCall: Acknowledgement =>
    /// Takes what came back: nothing if it was done. A session that ended with it is dropped.
    (), |_, ()| ();
}

/// A password as it was typed.
pub(super) fn password(bytes: &[u8]) -> Result<PasswordText, WalletError> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| WalletError::invalid("expected a password in UTF-8"))?;
    PasswordText::new(text).map_err(WalletError::invalid)
}
