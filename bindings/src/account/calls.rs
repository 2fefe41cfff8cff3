//! What is asked of the issuer: one kind of call for each kind of answer.

use std::sync::Arc;

use tegata::account::messages::{
    AccountView, PasswordText, RecoveryCode, Response, SecretText, Ticket,
};
use tegata::{AccountAt, Asked, Parted};

use super::flows::Ticketed;
use super::{
    AccountOverview, IssuerRequest, IssuerResponse, LoggedIn, NewFactor, RecoveryCodes, Reset,
    SignUp,
};
use crate::WalletError;
use crate::open::Open;

/// What was asked, whatever it was, of which the wallet gives a `T` once it is answered.
trait Erased<T>: Send + Sync {
    fn request(&self) -> IssuerRequest;
    fn at(&self) -> &AccountAt;
    fn answered(
        &self,
        wallet: &mut tegata::Wallet,
        response: &Response,
    ) -> Result<T, tegata::Error>;
}

impl<C: Parted + Send + Sync> Erased<C::Rest> for Asked<C> {
    fn request(&self) -> IssuerRequest {
        IssuerRequest::of(self)
    }

    fn at(&self) -> &AccountAt {
        Asked::at(self)
    }

    fn answered(
        &self,
        wallet: &mut tegata::Wallet,
        response: &Response,
    ) -> Result<C::Rest, tegata::Error> {
        wallet.account().answered(self, response)
    }
}

/// What was asked, and the wallet that asked.
struct Call<T> {
    open: Arc<Open>,
    asked: Box<dyn Erased<T>>,
}

impl<T> Call<T> {
    fn answered(&self, response: IssuerResponse) -> Result<T, WalletError> {
        // Of the session that may be in it nothing stays behind: what is freed is wiped.
        let response = response.into();
        self.open.with(|wallet| self.asked.answered(wallet, &response))
    }

    fn ticketed(&self, ticket: Ticket) -> Ticketed {
        Ticketed { open: Arc::clone(&self.open), at: self.asked.at().clone(), ticket }
    }
}

/// A call that `T` is the answer of.
pub(super) trait Pending<T>: Sized {
    fn new<C>(open: &Arc<Open>, asked: Asked<C>) -> Arc<Self>
    where
        C: Parted<Rest = T> + Send + Sync + 'static;
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident: $rest:ty => $(#[$answer_doc:meta])* $answer:ty,
        $left:expr;)*) => {$(
        $(#[$doc])*
        #[derive(uniffi::Object)]
        pub struct $name(Call<$rest>);

        #[uniffi::export]
        impl $name {
            /// What to send, and where to. The same each time: nothing is used up by looking at it.
            #[must_use]
            pub fn request(&self) -> IssuerRequest {
                self.0.asked.request()
            }

            $(#[$answer_doc])*
            pub fn answered(&self, response: IssuerResponse) -> Result<$answer, WalletError> {
                let left: fn(&Call<$rest>, $rest) -> $answer = $left;
                Ok(left(&self.0, self.0.answered(response)?))
            }
        }

        impl Pending<$rest> for $name {
            fn new<C>(open: &Arc<Open>, asked: Asked<C>) -> Arc<Self>
            where
                C: Parted<Rest = $rest> + Send + Sync + 'static,
            {
                Arc::new(Self(Call { open: Arc::clone(open), asked: Box::new(asked) }))
            }
        }
    )*};
}

calls! {
    /// A request that begins a sign-up.
    SignUpCall: Ticket =>
    /// Takes what came back, and gives the sign-up to go on with.
    Arc<SignUp>, |call, ticket| Arc::new(SignUp(call.ticketed(ticket)));

    /// A request that begins a reset.
    ResetCall: Ticket =>
    /// Takes what came back, and gives the reset to go on with.
    Arc<Reset>, |call, ticket| Arc::new(Reset(call.ticketed(ticket)));

    /// A request for a new second factor.
    FactorCall: SecretText =>
    /// Takes what came back, and gives the second factor, this once.
    Arc<NewFactor>, |call, uri| Arc::new(NewFactor { open: Arc::clone(&call.open), uri });

    /// A request for recovery codes.
    CodesCall: Vec<RecoveryCode> =>
    /// Takes what came back, keeps the session if there is one in it, and gives the recovery codes, this once.
    Arc<RecoveryCodes>, |_, codes| Arc::new(RecoveryCodes(codes));

    /// A request to log in.
    LogInCall: bool =>
    /// Takes what came back, and keeps the session.
    LoggedIn, |_, must_enrol| LoggedIn { must_enrol };

    /// A request for what the account is.
    OverviewCall: AccountView =>
    /// Takes what came back.
    AccountOverview, |_, view| view.into();

    /// A request that is done, or not.
    DoneCall: () =>
    /// Takes what came back: nothing if it was done. A session that ended with it is dropped.
    (), |_, ()| ();
}

/// A password as it was typed.
pub(super) fn password(bytes: &[u8]) -> Result<PasswordText, WalletError> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| WalletError::invalid("expected a password in UTF-8"))?;
    PasswordText::new(text).map_err(WalletError::invalid)
}
