//! The operation ids of the messages. Clients that are generated from the description name their functions by them, so they
//! stay when a type gets another name.

/// The path of each message and its operation id.
const OPERATION_IDS: &[(&str, &str)] = &[
    ("/v1/account", "Overview"),
    ("/v1/account/close", "Close"),
    ("/v1/account/export", "Export"),
    ("/v1/account/freeze", "Freeze"),
    ("/v1/account/keep", "Keep"),
    ("/v1/account/unfreeze", "Unfreeze"),
    ("/v1/address", "MoveAddress"),
    ("/v1/address/code", "MoveAddressCode"),
    ("/v1/cards", "ListCards"),
    ("/v1/cards/add", "AddCard"),
    ("/v1/cards/default", "DefaultCard"),
    ("/v1/cards/remove", "RemoveCard"),
    ("/v1/cards/setup", "BeginCardSetup"),
    ("/v1/challenge", "Challenge"),
    ("/v1/credentials", "Provision"),
    ("/v1/credentials/confirm", "ConfirmCredential"),
    ("/v1/device", "DeviceStatus"),
    ("/v1/device/freeze", "FreezeFromDevice"),
    ("/v1/device/sessions/end", "EndDeviceSessions"),
    ("/v1/devices/forget", "ForgetDevice"),
    ("/v1/freezes", "FreezeByCode"),
    ("/v1/freezes/code", "RequestFreezeCode"),
    ("/v1/freezes/factor", "FreezeByFactor"),
    ("/v1/freezes/mailed", "FreezeByMailedCode"),
    ("/v1/log-ins", "LogIn"),
    ("/v1/log-ins/code", "RequestLogInCode"),
    ("/v1/payments", "ListPayments"),
    ("/v1/recovery-codes", "RenewRecovery"),
    ("/v1/resets", "Reset"),
    ("/v1/resets/finish", "ResetFinish"),
    ("/v1/resets/proof", "ResetProof"),
    ("/v1/second-factor", "EnrolFactor"),
    ("/v1/second-factor/code", "EnrolFactorCode"),
    ("/v1/session/end", "LogOut"),
    ("/v1/session/factor", "Prove"),
    ("/v1/sessions/end", "EndSessions"),
    ("/v1/sign-ups", "SignUp"),
    ("/v1/sign-ups/code", "SignUpCode"),
    ("/v1/sign-ups/factor", "SignUpFactor"),
    ("/v1/take-backs", "TakeBack"),
];

/// Gives the operation id of the message at a path; none for a path that is not listed.
pub(super) fn operation_id(path: &str) -> Option<&'static str> {
    OPERATION_IDS.iter().find(|(its, _)| *its == path).map(|(_, id)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::handlers::accounts::route_descriptions;

    #[test]
    fn every_message_has_an_operation_id_of_its_own() {
        let mut routes = route_descriptions();
        let paths = &routes.get_openapi_mut().paths.paths;
        let mut ids: Vec<_> = paths.keys().map(|path| operation_id(path).unwrap()).collect();
        assert_eq!(ids.len(), OPERATION_IDS.len());
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), OPERATION_IDS.len());
    }
}
