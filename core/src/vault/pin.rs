//! What a PIN is: how one is read as it was typed, and which new ones are accepted.

use zeroize::Zeroizing;

use crate::text::fold_digits;

/// How many digits a new PIN has.
const NEW_PIN_DIGITS: std::ops::RangeInclusive<usize> = 6..=64;

/// Why a new PIN is refused. One that was set before there were these rules still opens the payment lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakPin {
    /// It has fewer than six digits.
    #[error("the PIN is too short: at least six digits are needed")]
    TooShort,
    /// It has more than 64 digits.
    #[error("the PIN is too long: at most 64 digits are accepted")]
    TooLong,
    /// It has other characters than decimal digits, spaces and hyphens.
    #[error("the PIN may only contain digits")]
    NotDigits,
    /// It is among the first that anyone would try.
    #[error(
        "the PIN is too easy to guess: digits that repeat or count, dates, years and well-known \
         numbers are not accepted"
    )]
    Guessable,
}

/// Reads a PIN as it was typed: decimal digits of any script become ASCII, spaces and hyphens are dropped, and the rest
/// stays as it is. Bytes that are not UTF-8 stay as they are.
pub(super) fn normalize(typed: &[u8]) -> Zeroizing<Vec<u8>> {
    match std::str::from_utf8(typed) {
        Ok(text) => Zeroizing::new(fold_digits(text).as_bytes().to_vec()),
        Err(_) => Zeroizing::new(typed.to_vec()),
    }
}

/// Gives a new PIN in the form that it is stored under.
///
/// # Errors
/// The first rule that it breaks.
pub(super) fn check_new(typed: &[u8]) -> Result<Zeroizing<Vec<u8>>, WeakPin> {
    let pin = normalize(typed);
    if !pin.iter().all(u8::is_ascii_digit) {
        Err(WeakPin::NotDigits)
    } else if pin.len() < *NEW_PIN_DIGITS.start() {
        Err(WeakPin::TooShort)
    } else if pin.len() > *NEW_PIN_DIGITS.end() {
        Err(WeakPin::TooLong)
    } else if is_guessable(&pin) {
        Err(WeakPin::Guessable)
    } else {
        Ok(pin)
    }
}

/// Numbers that people choose for what they mean or how they lie on the keys, and that no rule below finds.
const WELL_KNOWN: [&[u8]; 16] = [
    b"100200",
    b"112358",
    b"131452",
    b"141421",
    b"142857",
    b"161803",
    b"198964",
    b"271828",
    b"314159",
    b"520131",
    b"525600",
    b"1314520",
    b"3141592",
    b"5201314",
    b"8675309",
    b"147896325",
];

/// Tells whether the digits are among the first that anyone would try.
fn is_guessable(pin: &[u8]) -> bool {
    has_few_digits(pin)
        || repeats(pin)
        || counts(pin)
        || is_date(pin)
        || is_year(pin)
        || WELL_KNOWN.contains(&pin)
}

/// `111111`, `112211`: no more than two digits of the ten.
fn has_few_digits(pin: &[u8]) -> bool {
    (b'0'..=b'9').filter(|digit| pin.contains(digit)).count() <= 2
}

/// `123123`, `1231231`: what stands at the beginning comes again until the end.
fn repeats(pin: &[u8]) -> bool {
    (1..=pin.len() / 2).any(|period| pin[period..].iter().zip(pin).all(|(now, then)| now == then))
}

/// `456789`, `210987`, `112233`, `123321`, `147258`, `102030`: one step throughout, or in each row or column of keys.
fn counts(pin: &[u8]) -> bool {
    let wraps = pin.windows(2).map(|two| (two[1] + 10 - two[0]) % 10);
    let has_one_step = |mut steps: Vec<u8>| {
        steps.dedup();
        steps.len() <= 1
    };
    let every = |from: usize, by: usize| pin.iter().skip(from).step_by(by).copied().collect();
    has_one_step(wraps.collect())
        || pin.len().is_multiple_of(3) && pin.chunks(3).all(is_progression)
        || is_progression::<Vec<u8>>(every(0, 2)) && is_progression::<Vec<u8>>(every(1, 2))
}

fn is_progression<T: AsRef<[u8]>>(digits: T) -> bool {
    digits.as_ref().windows(3).all(|it| i16::from(it[2]) + i16::from(it[0]) == 2 * i16::from(it[1]))
}

/// A day in any order of year, month and day; a month with its year.
fn is_date(pin: &[u8]) -> bool {
    const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let is_day = |month: &[u8], day: &[u8]| {
        let days = usize::try_from(number(month)).ok().and_then(|it| it.checked_sub(1));
        let days = days.and_then(|it| DAYS.get(it));
        days.is_some_and(|days| (1..=*days).contains(&number(day)))
    };
    let is_month_day = |it: &[u8]| is_day(&it[..2], &it[2..]) || is_day(&it[2..], &it[..2]);
    match pin.len() {
        6 => is_month_day(&pin[2..]) || is_month_day(&pin[..4]),
        8 => {
            starts_with_year(pin) && is_month_day(&pin[4..])
                || starts_with_year(&pin[4..]) && is_month_day(&pin[..4])
        }
        _ => false,
    }
}

/// `199019`, `201984`, `19841990`: a year with two digits more, or nothing but years.
fn is_year(pin: &[u8]) -> bool {
    match pin.len() {
        6 => starts_with_year(pin) || starts_with_year(&pin[2..]),
        length => length.is_multiple_of(4) && pin.chunks(4).all(starts_with_year),
    }
}

fn starts_with_year(pin: &[u8]) -> bool {
    (1900..2100).contains(&number(&pin[..4]))
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pin: &str) -> Option<WeakPin> {
        check_new(pin.as_bytes()).err()
    }

    #[test]
    fn digits_of_any_script_and_gaps_are_read_alike() {
        for typed in [
            "482915",
            "４８２９１５",
            "٤٨٢٩١٥",
            "४८२९१५",
            "𝟒𝟖𝟐𝟗𝟏𝟓",
            "482 915",
            "48-29-15",
            "　４８２‐９１５ ",
        ] {
            assert_eq!(*normalize(typed.as_bytes()), b"482915", "{typed}");
        }
        assert_eq!(*normalize("pass Wort-é９".as_bytes()), "passWorté9".as_bytes());
        assert_eq!(*normalize(b"\xff 1"), b"\xff 1");
    }

    #[test]
    fn a_new_pin_has_six_digits_at_least() {
        for short in ["", "1", "1234", "2468", "48291", " 4-8-2-9-1 ", "４８２９１"] {
            assert_eq!(refused(short), Some(WeakPin::TooShort), "{short}");
        }
        for other in ["48291a", "passphrase", "48.29.15", "482915é"] {
            assert_eq!(refused(other), Some(WeakPin::NotDigits), "{other}");
        }
        let long = "4829150376".repeat(7);
        assert_eq!(refused(&long), Some(WeakPin::TooLong));
        assert_eq!(*check_new("４８２ ９１５".as_bytes()).unwrap(), b"482915");
    }

    #[test]
    fn a_guessable_pin_is_refused() {
        for guess in [
            "000000",
            "111111",
            "999999",
            "111222",
            "121212",
            "123123",
            "1231231",
            "696969",
            "123456",
            "654321",
            "234567",
            "890123",
            "210987",
            "246802",
            "1234567890",
            "0987654321",
            "112233",
            "445566",
            "123321",
            "147258",
            "159357",
            "789456",
            "753951",
            "102030",
            "101112",
            "142536",
            "147258369",
            "00000000",
            "12341234",
            "199019",
            "201984",
            "001990",
            "20242025",
            "19841984",
            "199012",
            "121990",
            "900131",
            "310190",
            "013190",
            "290200",
            "19900131",
            "31011990",
            "01311990",
            "314159",
            "142857",
            "5201314",
            "１２３４５６",
            "12-34-56",
            "1111 1111",
        ] {
            assert_eq!(refused(guess), Some(WeakPin::Guessable), "{guess}");
        }
        for good in ["482915", "258037", "739164", "4829150", "80512946", "48291503764829150371"] {
            assert_eq!(refused(good), None, "{good}");
        }
    }

    #[test]
    fn most_pins_are_left() {
        let mut left = 0;
        for number in 0..1_000_000 {
            left += u32::from(!is_guessable(format!("{number:06}").as_bytes()));
        }
        assert!(left > 840_000, "{left}");
    }
}
