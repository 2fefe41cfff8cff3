//! Random events in random order; the issuer checks its invariants after each.

use proptest::prelude::*;
use proptest::sample::Index;
use tegata::UnixTime;
use tegata::protocol::{DeviceId, SessionId};

use super::test_issuer::*;
use crate::*;

/// A random step; indexes select from what exists at that moment.
#[derive(Clone, Debug)]
enum Act {
    /// Applies an event and leaves a comparison for later.
    Apply(u8, Index, Index),
    /// Reports the result of a comparison, a match or not.
    Complete(Index, bool),
    /// Shifts the clock by seconds.
    Clock(i64),
    /// Revokes everything at the issuer.
    Revoke,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        10 => (0..41_u8, any::<Index>(), any::<Index>()).prop_map(|(a, b, c)| Act::Apply(a, b, c)),
        8 => (any::<Index>(), prop::bool::weighted(0.8)).prop_map(|(which, is_match)| Act::Complete(which, is_match)),
        3 => prop_oneof![0..120_i64, -3600..7200_i64, 0..900_000_i64].prop_map(Act::Clock),
        1 => Just(Act::Revoke),
    ]
}

fn event(which: u8, session: SessionId, reset: ResetId, device: DeviceId, recovery: bool) -> Event {
    let factor = if recovery { FactorKind::Recovery } else { FactorKind::Totp };
    let name = || "a phone".to_owned();
    let signer = recovery.then_some(device);
    match which {
        0 => Event::VerifySignUpCode { device },
        1 => Event::VerifySignUpFactor { device },
        2 => Event::LogIn { device, name: name(), factor: None, lane: Lane::Strangers },
        3 | 4 => Event::LogIn { device, name: name(), factor: Some(factor), lane: Lane::Strangers },
        5 => Event::VerifyFactor { session },
        6 => Event::BeginFactorEnrolment { session },
        7 => Event::VerifyFactorEnrolment { session },
        8 => Event::RenewRecoveryCodes { session },
        9 => Event::ChangeAddress { session },
        10 => Event::VerifyNewAddress { session },
        11 => Event::FreezeByCode,
        12 => Event::RevertChanges { factor },
        13 => Event::Freeze { session, signer },
        14 => Event::Unfreeze { session, with_recovery_code: recovery },
        38 => Event::FreezeByFactor { device, factor },
        15 => Event::RequestReset { device, to: ResetDestination::Verified, within_budget: true },
        16 | 17 => Event::VerifyReset { reset, device, factor },
        18 => Event::FinishReset { reset, device },
        19 => Event::UseSession { session, signer },
        20 => Event::LogOut { session },
        21 => Event::EndSessions { session, signer, which: None },
        22 => Event::ForgetDevice { session, signer, device },
        23 => Event::RequestDeletion { session },
        24 => Event::DeleteIfDue,
        25 => Event::Export { session, first: recovery },
        26 => Event::BeginCardSetup { session },
        27 => Event::RemoveCard { session, signer, card: name() },
        28 => Event::CancelDeletion { session, signer },
        29 => Event::RequestLogInCode { device, within_budget: true },
        30 | 31 => Event::VerifyLogInCode { code: reset, device },
        32 => Event::RequestFreezeCode { device, within_budget: true },
        33 => Event::VerifyFreezeCode { code: reset, device },
        34 => Event::FreezeFromDevice { device },
        35 => Event::EndDeviceSessions { device },
        36 => Event::Provision { session, device, last_used: Some(UnixTime::MAX) },
        37 => Event::ConfirmCredential { session, signer },
        _ => Event::Provision { session, device, last_used: None },
    }
}

/// The result that matches in a comparison.
fn matching_result(expected: &ExpectedEvidence, now: u64) -> MatchResult {
    match expected {
        ExpectedEvidence::MailedCode(Some(_)) | ExpectedEvidence::Password(Some(_)) => {
            MatchResult::Match
        }
        ExpectedEvidence::Totp(Some((_, after))) => {
            MatchResult::TotpStep((now / 30).max(after + 1))
        }
        ExpectedEvidence::Notice(codes) | ExpectedEvidence::Recovery(codes) => {
            codes.first().map_or(MatchResult::NoMatch, |code| MatchResult::Code(*code))
        }
        _ => MatchResult::NoMatch,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn invariants_hold_in_any_order_of_events(
        from_the_start in any::<bool>(),
        acts in prop::collection::vec(act(), 1..120),
    ) {
        let mut issuer = if from_the_start { TestIssuer::with_pending_sign_up(false) } else { TestIssuer::with_paying_account() };
        let devices = [PHONE, TABLET, ATTACKER, DeviceId([3; 32])];
        let mut verifications: Vec<PendingVerification> = Vec::new();
        for act in acts {
            let reply = match act {
                Act::Apply(which, a, b) => {
                    let mut sessions = vec![SessionId(0)];
                    let mut resets = vec![ResetId(0)];
                    if let Account::Active(active) = &issuer.account {
                        sessions.extend(active.sessions(&issuer.context).map(|session| session.id));
                        resets.extend(active.resets.iter().map(|reset| reset.id));
                    }
                    let session = *a.get(&sessions);
                    let reset = *a.get(&resets);
                    let event = event(which, session, reset, *b.get(&devices), b.index(3) == 0);
                    // Two addresses, so that an account returns to one it had, or changes to the one it has.
                    issuer.typed_address = [OWNER_ADDRESS, "two@example.org"][b.index(2)].to_owned();
                    issuer.decide(event)
                }
                Act::Complete(_, _) if verifications.is_empty() => continue,
                Act::Complete(which, is_match) => {
                    let verification = verifications.swap_remove(which.index(verifications.len()));
                    let now = issuer.context.now.seconds();
                    let result = if is_match { matching_result(verification.expected(), now) } else { MatchResult::NoMatch };
                    issuer.decide(Event::CompleteVerification { verification, result })
                }
                Act::Clock(seconds) => {
                    issuer.context.now = issuer.context.now.shifted(seconds);
                    continue;
                }
                Act::Revoke => {
                    issuer.context.generation.0 += 1;
                    continue;
                }
            };
            if let Reply::VerificationRequired(verification) = reply {
                verifications.push(verification);
            }
        }
    }
}
