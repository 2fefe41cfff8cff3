//! The problems that each message can be answered with, beside those of every request with a body. Programs decide by
//! them, so the description of the interface lists them; tests hold every answer to it.

use tegata::protocol::{Refusal, RequiredAuth};

use crate::http::problem::Problem;
use crate::http::problem::Problem::{
    CardRefused, NoRoom, NotSigned, RequestReused, Stale, Stopped, WeakPassword,
};

const WRONG: Problem = Problem::Refused(Refusal::InvalidCredentials);
const TOO_OFTEN: Problem = Problem::Refused(Refusal::TooManyAttempts { wait: 1 });
const NOT_LOGGED_IN: Problem = Problem::Refused(Refusal::NotLoggedIn);
const LOG_IN_AGAIN: Problem = Problem::Refused(Refusal::LoginTooOld);
const FACTOR: Problem = Problem::Refused(Refusal::FactorRequired);
const RECOVERY_CODE: Problem = Problem::Refused(Refusal::RecoveryCodeRequired);
const ENROL: Problem = Problem::Refused(Refusal::EnrolmentRequired);
const FROZEN: Problem = Problem::Refused(Refusal::Frozen);
const CODE_NEEDED: Problem = Problem::Refused(Refusal::CodeNeeded);
const NOTHING: Problem = Problem::Refused(Refusal::NoPendingOperation);

/// The problems of each path beside those that its authentication brings.
const PROBLEMS: &[(&str, &[Problem])] = &[
    ("/v1/account", &[]),
    ("/v1/account/close", &[LOG_IN_AGAIN, FACTOR, ENROL, FROZEN]),
    ("/v1/account/export", &[LOG_IN_AGAIN, FACTOR, ENROL]),
    ("/v1/account/freeze", &[FACTOR]),
    ("/v1/account/keep", &[FACTOR, NOTHING]),
    ("/v1/account/unfreeze", &[WRONG, FACTOR, RECOVERY_CODE, ENROL, FROZEN, NOTHING]),
    ("/v1/address", &[LOG_IN_AGAIN, FACTOR, ENROL, FROZEN, TOO_OFTEN]),
    ("/v1/address/code", &[WRONG, LOG_IN_AGAIN, FACTOR, ENROL, FROZEN, NOTHING, TOO_OFTEN]),
    ("/v1/cards", &[]),
    ("/v1/cards/add", &[CardRefused, ENROL, FROZEN, NOTHING]),
    ("/v1/cards/default", &[FACTOR, ENROL, FROZEN, NOTHING]),
    ("/v1/cards/remove", &[FACTOR, NOTHING]),
    ("/v1/cards/setup", &[CardRefused, FACTOR, ENROL, FROZEN]),
    ("/v1/challenge", &[]),
    ("/v1/credentials", &[WRONG, FACTOR, ENROL, FROZEN, NOTHING, Stopped, NoRoom]),
    ("/v1/credentials/confirm", &[WRONG, ENROL, NOTHING]),
    ("/v1/device", &[]),
    ("/v1/device/freeze", &[WRONG]),
    ("/v1/device/sessions/end", &[]),
    ("/v1/devices/forget", &[FACTOR, NOTHING]),
    ("/v1/freezes", &[WRONG]),
    ("/v1/freezes/code", &[]),
    ("/v1/freezes/factor", &[WRONG, CODE_NEEDED]),
    ("/v1/freezes/mailed", &[WRONG]),
    ("/v1/log-ins", &[WRONG, CODE_NEEDED, Stopped]),
    ("/v1/log-ins/code", &[Stopped]),
    ("/v1/payments", &[]),
    ("/v1/recovery-codes", &[LOG_IN_AGAIN, FACTOR, ENROL, FROZEN, TOO_OFTEN]),
    ("/v1/resets", &[Stopped]),
    ("/v1/resets/finish", &[WRONG, WeakPassword, Stopped]),
    ("/v1/resets/proof", &[WRONG, Stopped]),
    ("/v1/second-factor", &[LOG_IN_AGAIN, FACTOR, FROZEN, TOO_OFTEN]),
    ("/v1/second-factor/code", &[WRONG, LOG_IN_AGAIN, FACTOR, FROZEN, NOTHING, TOO_OFTEN]),
    ("/v1/session/end", &[]),
    ("/v1/session/factor", &[WRONG, ENROL, TOO_OFTEN]),
    ("/v1/sessions/end", &[FACTOR, NOTHING]),
    ("/v1/sign-ups", &[Stopped]),
    ("/v1/sign-ups/code", &[WRONG, WeakPassword, Stopped]),
    ("/v1/sign-ups/factor", &[WRONG, Stopped]),
    ("/v1/take-backs", &[WRONG]),
];

/// Gives the problems that the message at a path can be answered with, beside those of every request with a body.
pub(super) fn problems_of(path: &str, by: RequiredAuth) -> Vec<Problem> {
    let of_authentication: &[Problem] = match by {
        RequiredAuth::Anyone => &[],
        RequiredAuth::Device(_) => &[NotSigned, Stale, RequestReused],
        RequiredAuth::Session | RequiredAuth::SignedSession | RequiredAuth::DeviceInSession(_) => {
            &[NotSigned, Stale, RequestReused, NOT_LOGGED_IN]
        }
    };
    let own = PROBLEMS.iter().find(|(its, _)| *its == path).map_or(&[][..], |(_, own)| *own);
    of_authentication.iter().chain(own).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::handlers::accounts::route_descriptions;

    #[test]
    fn every_message_has_its_problems_listed() {
        let mut routes = route_descriptions();
        let paths = routes.get_openapi_mut().paths.paths.clone();
        let listed: Vec<_> = PROBLEMS.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(listed, paths.keys().cloned().collect::<Vec<_>>());
    }

    #[test]
    fn no_description_links_into_the_code() {
        let document = crate::http::router::description(route_descriptions()).unwrap();
        assert!(!document.contains("](super") && !document.contains("](crate"));
    }

    #[test]
    fn the_session_and_a_card_are_named_where_they_are_needed() {
        let mut routes = route_descriptions();
        let paths = routes.get_openapi_mut().paths.paths.clone();
        let described = |path: &str, status: &str| {
            let operation = paths[path].post.as_ref().unwrap();
            let response = operation.responses.responses.get(status)?;
            serde_json::to_value(response).unwrap()["description"].as_str().map(str::to_owned)
        };
        assert!(described("/v1/account", "401").unwrap().contains("`not-logged-in`"));
        assert!(described("/v1/credentials", "401").unwrap().contains("`not-signed`"));
        assert!(described("/v1/account/export", "403").unwrap().contains("`factor-needed`"));
        assert!(described("/v1/account/export", "403").unwrap().contains("`enrol-first`"));
        let about_a_card = paths
            .keys()
            .filter(|path| described(path, "422").is_some_and(|it| it.contains("card")));
        assert_eq!(about_a_card.collect::<Vec<_>>(), ["/v1/cards/add", "/v1/cards/setup"]);
    }
}
