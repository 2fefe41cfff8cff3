//! Anything, in any order: what always has to hold is checked after each step by the issuer.

use proptest::prelude::*;
use proptest::sample::Index;
use tegata::protocol::{DeviceId, SessionId};

use super::issuer::*;
use crate::*;

/// Something that someone does; numbers pick from what there is.
#[derive(Clone, Debug)]
enum Act {
    /// Asks, and leaves what is to be compared for later.
    Ask(u8, Index, Index),
    /// An outcome is told: what was given is right or wrong.
    Tell(Index, bool),
    /// The clock jumps.
    Clock(i64),
    /// A mass revoke.
    Revoke,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        10 => (0..29_u8, any::<Index>(), any::<Index>()).prop_map(|(a, b, c)| Act::Ask(a, b, c)),
        8 => (any::<Index>(), prop::bool::weighted(0.8)).prop_map(|(which, right)| Act::Tell(which, right)),
        3 => prop_oneof![0..120_i64, -3600..7200_i64, 0..900_000_i64].prop_map(Act::Clock),
        1 => Just(Act::Revoke),
    ]
}

fn event(which: u8, session: SessionId, reset: ResetId, device: DeviceId, recovery: bool) -> Event {
    let factor = if recovery { FactorKind::Recovery } else { FactorKind::Totp };
    let name = || "a phone".to_owned();
    match which {
        0 => Event::SignUpCode { device },
        1 => Event::SignUpFactor { device },
        2 => Event::LogIn { device, name: name(), factor: None },
        3 | 4 => Event::LogIn { device, name: name(), factor: Some(factor) },
        5 => Event::Prove { session },
        6 => Event::Enrol { session },
        7 => Event::EnrolCode { session },
        8 => Event::RenewRecovery { session },
        9 => Event::MoveAddress { session },
        10 => Event::MoveAddressCode { session },
        11 => Event::FreezeCode,
        12 => Event::UndoCode { factor },
        13 => Event::Freeze { session },
        14 => Event::Unfreeze { session },
        15 => Event::Reset { device, name: name(), to: Destination::Verified },
        16 | 17 => Event::ResetCode { reset, device, factor },
        18 => Event::ResetFinish { reset, device },
        19 => Event::Seen { session },
        20 => Event::LogOut { session },
        21 => Event::EndSessions { session, which: None },
        22 => Event::ForgetDevice { session, device },
        23 => Event::Close { session },
        24 => Event::CloseDue,
        25 => Event::Export { session, first: recovery },
        26 => Event::AddCard { session, card: name() },
        27 => Event::RemoveCard { session, card: name() },
        _ => Event::Provision { session, device },
    }
}

/// What is right, for a comparison.
fn right(compare: &Compare, now: u64) -> Found {
    match compare {
        Compare::MailedCode(Some(_)) | Compare::Password(Some(_)) => Found::Match,
        Compare::Totp(Some((_, after))) => Found::Step((now / 30).max(after + 1)),
        Compare::Notice(codes) | Compare::Recovery(codes) => {
            codes.first().map_or(Found::Nothing, |code| Found::Code(*code))
        }
        _ => Found::Nothing,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_done_in_whatever_order_what_always_holds_does(
        from_the_start in any::<bool>(),
        acts in prop::collection::vec(act(), 1..120),
    ) {
        let mut issuer = if from_the_start { Issuer::opened(false) } else { Issuer::settled() };
        let devices = [PHONE, TABLET, THIEF, DeviceId([3; 32])];
        let mut checks: Vec<Check> = Vec::new();
        for act in acts {
            let answer = match act {
                Act::Ask(which, a, b) => {
                    let (mut sessions, mut resets) = (vec![SessionId(0)], vec![ResetId(0)]);
                    if let Account::Live(live) = &issuer.account {
                        sessions.extend(live.sessions(&issuer.world).map(|session| session.id));
                        resets.extend(live.resets.iter().map(|reset| reset.id));
                    }
                    let (session, reset) = (*a.get(&sessions), *a.get(&resets));
                    let event = event(which, session, reset, *b.get(&devices), b.index(3) == 0);
                    // Few of them, so that an account comes back to one that it had, or goes to the one it has.
                    issuer.typed = [HOME, "two@example.org"][b.index(2)].to_owned();
                    issuer.decide(event)
                }
                Act::Tell(_, _) if checks.is_empty() => continue,
                Act::Tell(which, is_right) => {
                    let check = checks.swap_remove(which.index(checks.len()));
                    let now = issuer.world.now.seconds();
                    let found = if is_right { right(check.compare(), now) } else { Found::Nothing };
                    issuer.decide(Event::Checked { check, found })
                }
                Act::Clock(seconds) => {
                    issuer.world.now = issuer.world.now.shifted(seconds);
                    continue;
                }
                Act::Revoke => {
                    issuer.world.generation.0 += 1;
                    continue;
                }
            };
            if let Answer::Check(check) = answer {
                checks.push(check);
            }
        }
    }
}
