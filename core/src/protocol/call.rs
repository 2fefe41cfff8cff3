//! What all messages have in common: a path, the authentication that they need, and an answer.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ids::DeviceId;
use super::values::DeviceKey;

/// A message to the issuer: `POST` of its JSON to its path.
pub trait Call: Serialize + DeserializeOwned {
    /// The issuer's answer, with status 200, when it did what was requested.
    type Answer: Serialize + DeserializeOwned;
    /// The path that it is posted to.
    const PATH: &'static str;
    /// The authentication that it needs.
    const AUTH: RequiredAuth;
    /// Whether it may be sent again when no answer came, since doing it twice is like doing it once.
    const IS_IDEMPOTENT: bool;
}

/// The authentication that a message needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredAuth {
    /// None: anyone may send it.
    Anyone,
    /// A signature for this purpose by the device whose key the message contains.
    Device(&'static str),
    /// The token of a session. What ends, forgets, freezes or removes something needs a signature by the session's device
    /// or a second factor as well, and so does all of it once the token was not used for an hour.
    Session,
    /// The token of a session, and a signature by the session's device, whose key is in the header:
    /// [`session_signer`](super::MessageSignature::session_signer) verifies it.
    SignedSession,
    /// A session token, and a signature for this purpose by the session's device, whose key the message contains.
    DeviceInSession(&'static str),
}

impl RequiredAuth {
    /// The purpose that a device signs the message for, if it is signed.
    #[must_use]
    pub const fn signed_for(self) -> Option<&'static str> {
        match self {
            Self::Device(purpose) | Self::DeviceInSession(purpose) => Some(purpose),
            Self::Anyone | Self::Session | Self::SignedSession => None,
        }
    }
}

/// A signed message, which contains the key that signed it.
pub trait DeviceSigned {
    /// The key of the device that signed it.
    fn device(&self) -> &DeviceKey;
}

/// A message that is sent in a session.
pub trait SessionCall: Call {
    /// Tells which sessions have ended once it is done.
    fn ends(&self) -> EndedSessions {
        EndedSessions::Nothing
    }
}

/// The sessions that end with a message, as far as its sender is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedSessions {
    /// None, or sessions of others only.
    Nothing,
    /// The session that it is sent in.
    ThisSession,
    /// All sessions of a device.
    SessionsOf(DeviceId),
}

macro_rules! calls {
    (@idempotent) => { false };
    (@idempotent idempotent) => { true };
    ($($(#[$doc:meta])* $name:ident $path:literal $by:expr $(, $idempotent:ident)? => $answer:ty {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)*
            }

            impl Call for $name {
                type Answer = $answer;
                const PATH: &'static str = $path;
                const AUTH: RequiredAuth = $by;
                const IS_IDEMPOTENT: bool = calls!(@idempotent $($idempotent)?);
            }
        )*

        /// The paths of these messages, with the authentication that each needs.
        pub(super) const ENDPOINTS: &[(&str, RequiredAuth)] = &[$(($path, $by)),*];

        #[cfg(test)]
        pub(super) const IDEMPOTENCE: &[(&str, bool)] =
            &[$((stringify!($name), $name::IS_IDEMPOTENT)),*];
    };
}

/// Marks messages whose field `device` is the key that signs them.
macro_rules! device_signed {
    ($($name:ident)*) => {$(
        impl DeviceSigned for $name {
            fn device(&self) -> &DeviceKey {
                &self.device
            }
        }
    )*};
}

/// Marks messages that are sent in a session, and says which sessions end with each.
macro_rules! session_calls {
    ($($name:ident $(=> |$call:ident| $ends:expr)?),*) => {$(
        impl SessionCall for $name {
            $(fn ends(&self) -> EndedSessions {
                let $call = self;
                $ends
            })?
        }
        const _: () = assert!(matches!(
            $name::AUTH,
            RequiredAuth::Session | RequiredAuth::SignedSession
        ));
    )*};
}

/// An empty response: the request was carried out.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Acknowledgement {}
