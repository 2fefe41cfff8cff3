//! The stored form of the state: read by every later release, and strict.

use crate::*;

/// An account with a value in each of its fields: two devices, changes that can be reverted and unfinished ones, two
/// resets, a freeze, a deletion. Written by the release of format 1; never regenerated.
const STATE_1: &str = include_str!("../../../account-state-1.json");

#[test]
fn a_state_of_format_1_round_trips_byte_for_byte() {
    let account: Account = serde_json::from_str(STATE_1).unwrap();
    let Account::Active(active) = &account else { panic!("no account") };
    assert_eq!((active.devices().len(), active.recovery_left(), active.is_frozen()), (2, 10, true));
    assert_eq!(serde_json::to_string_pretty(&account).unwrap(), STATE_1.trim_end());
}

#[test]
fn an_unknown_field_is_refused_at_every_level() {
    let states = [STATE_1, OPENING];
    for state in states {
        assert!(serde_json::from_str::<Account>(state).is_ok());
        let whole: serde_json::Value = serde_json::from_str(state).unwrap();
        let mut maps = 0;
        for nth in 0.. {
            let mut changed = whole.clone();
            if !add_to_map(&mut changed, &mut { nth }) {
                break;
            }
            maps += 1;
            assert!(serde_json::from_value::<Account>(changed.clone()).is_err(), "{changed}");
        }
        assert!(maps > 2, "{maps}");
    }
}

const OPENING: &str = r#"{"Opening":{"address":1,"device":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
    "name":"her phone","next":4,"step":{"Verified":{"password":3,"factor":4,"since":1800000000}}}}"#;

/// Adds a field to the nth map in a value; false if there are fewer.
fn add_to_map(value: &mut serde_json::Value, nth: &mut usize) -> bool {
    use serde_json::Value::{Array, Object};
    match value {
        Object(map) if *nth == 0 => map.insert("birth_date".into(), "2019-01-01".into()).is_none(),
        Object(map) => {
            *nth -= 1;
            map.values_mut().any(|inner| add_to_map(inner, nth))
        }
        Array(values) => values.iter_mut().any(|inner| add_to_map(inner, nth)),
        _ => false,
    }
}
