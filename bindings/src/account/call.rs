//! A request to the issuer that waits for its response: what all kinds of call share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tegata::protocol::{Acknowledgement, IssuedTicket, PasswordText, Response, Ticket};
use tegata::{AccountProfile, PendingRequest, SplitSession};

use super::http::{IssuerRequest, IssuerResponse};
use crate::WalletError;
use crate::shared_wallet::SharedWallet;

/// A request, and the wallet that made it.
pub(super) struct Call<A> {
    pub(super) wallet: Arc<SharedWallet>,
    request: Mutex<PendingRequest<A>>,
}

impl<A> Call<A> {
    pub(super) fn new(wallet: Arc<SharedWallet>, request: PendingRequest<A>) -> Self {
        Self { wallet, request: Mutex::new(request) }
    }

    pub(super) fn request(&self) -> IssuerRequest {
        let request = self.pending();
        IssuerRequest::new(request.issuer(), request.envelope())
    }

    pub(super) fn pending(&self) -> MutexGuard<'_, PendingRequest<A>> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the wallet sign the request again if the response says that it is stale, and takes that response for none.
    pub(super) fn expect_fresh(&self, response: &Response) -> Result<(), WalletError> {
        let mut request = self.pending();
        let again = self.wallet.with(|wallet| wallet.account().sign_again(&mut request, response));
        if again? { Err(WalletError::SendAgain) } else { Ok(()) }
    }
}

impl<A: SplitSession> Call<A> {
    pub(super) fn complete(&self, response: IssuerResponse) -> Result<A::Rest, WalletError> {
        // Nothing stays behind of a session in the response: what is freed is wiped.
        let response = response.into();
        self.expect_fresh(&response)?;
        let request = self.pending();
        self.wallet.with(|wallet| wallet.account().complete(&request, &response))
    }
}

impl Call<IssuedTicket> {
    pub(super) fn with_ticket(&self, ticket: Ticket) -> TicketHolder {
        let profile = self.pending().profile().clone();
        TicketHolder { wallet: Arc::clone(&self.wallet), profile, ticket }
    }
}

/// A call that the issuer answers with an `A`.
pub(super) trait PendingCall<A> {
    fn new(wallet: &Arc<SharedWallet>, request: PendingRequest<A>) -> Arc<Self>;
}

/// An operation under way at the issuer, and the ticket that names it there.
pub(super) struct TicketHolder {
    wallet: Arc<SharedWallet>,
    profile: AccountProfile,
    ticket: Ticket,
}

impl TicketHolder {
    pub(super) fn next<A, C: PendingCall<A>>(
        &self,
        ask: impl FnOnce(
            tegata::Account<'_>,
            &AccountProfile,
            Ticket,
        ) -> Result<PendingRequest<A>, tegata::Error>,
    ) -> Result<Arc<C>, WalletError> {
        let request =
            self.wallet.with(|wallet| ask(wallet.account(), &self.profile, self.ticket.clone()))?;
        Ok(C::new(&self.wallet, request))
    }
}

/// Defines a kind of call: its name, the issuer's answer, and what the app gets of it.
macro_rules! call {
    ($(#[$doc:meta])* $name:ident: $answer:ty => $(#[$complete_doc:meta])* $result:ty, $convert:expr) => {
        $(#[$doc])*
        #[derive(uniffi::Object)]
        pub struct $name($crate::account::call::Call<$answer>);

        #[uniffi::export]
        impl $name {
            /// Gives what to send, and where to. The same each time until `complete` fails with `SendAgain`.
            #[must_use]
            pub fn request(&self) -> $crate::IssuerRequest {
                self.0.request()
            }

            $(#[$complete_doc])*
            pub fn complete(
                &self,
                response: $crate::IssuerResponse,
            ) -> Result<$result, $crate::WalletError> {
                let convert: fn(
                    &$crate::account::call::Call<$answer>,
                    <$answer as tegata::SplitSession>::Rest,
                ) -> $result = $convert;
                Ok(convert(&self.0, self.0.complete(response)?))
            }
        }

        impl $crate::account::call::PendingCall<$answer> for $name {
            fn new(
                wallet: &std::sync::Arc<$crate::shared_wallet::SharedWallet>,
                request: tegata::PendingRequest<$answer>,
            ) -> std::sync::Arc<Self> {
                let wallet = std::sync::Arc::clone(wallet);
                std::sync::Arc::new(Self($crate::account::call::Call::new(wallet, request)))
            }
        }
    };
}

pub(super) use call;

call! {
    /// A request whose answer holds nothing but that it was done.
    ActionCall: Acknowledgement =>
    /// Takes the response: returns if it was done, and throws otherwise. A session that ended with it is dropped.
    (), |_, ()| ()
}

/// Reads a password as it was typed.
pub(super) fn password(bytes: &[u8]) -> Result<PasswordText, WalletError> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| WalletError::invalid("expected a password in UTF-8"))?;
    PasswordText::new(text).map_err(WalletError::invalid)
}
