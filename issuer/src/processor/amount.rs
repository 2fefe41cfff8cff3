//! Amounts as the processor counts them. It follows ISO 4217 except for a few currencies
//! (<https://docs.stripe.com/currencies>).

/// How a currency's minor units at the processor differ from those of ISO 4217.
enum Units {
    /// They are the same.
    Same,
    /// The processor counts hundredths, and ISO 4217 whole units.
    Hundredths,
    /// The processor counts whole units, and ISO 4217 hundredths.
    Whole,
    /// They are the same, but the last digit has to be 0.
    Tens,
}

fn units(currency: &str) -> Units {
    match currency.to_ascii_uppercase().as_str() {
        "ISK" | "UGX" => Units::Hundredths,
        "MGA" => Units::Whole,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => Units::Tens,
        _ => Units::Same,
    }
}

/// Gives how the processor writes an amount, which is in minor units of ISO 4217; `None` if no card can be charged with
/// it, such as a part of an ariary.
#[must_use]
pub fn charge_amount(minor: u64, currency: &str) -> Option<u64> {
    match units(currency) {
        Units::Same => Some(minor),
        Units::Hundredths => minor.checked_mul(100),
        Units::Whole => minor.is_multiple_of(100).then_some(minor / 100),
        Units::Tens => minor.is_multiple_of(10).then_some(minor),
    }
}

/// Gives the minor units of ISO 4217 of an amount that the processor counts; `None` if it is no whole number of them.
#[must_use]
pub fn minor_amount(charged: u64, currency: &str) -> Option<u64> {
    match units(currency) {
        Units::Same | Units::Tens => Some(charged),
        Units::Hundredths => charged.is_multiple_of(100).then_some(charged / 100),
        Units::Whole => charged.checked_mul(100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processors_exceptions_are_converted() {
        for (minor, currency, expected) in [
            (1980, "jpy", Some(1980)),
            (1980, "USD", Some(1980)),
            (1980, "HUF", Some(1980)),
            (5, "ISK", Some(500)),
            (5, "ugx", Some(500)),
            (500, "MGA", Some(5)),
            (510, "MGA", None),
            (5120, "KWD", Some(5120)),
            (5124, "KWD", None),
        ] {
            assert_eq!(charge_amount(minor, currency), expected, "{minor} {currency}");
            let back = expected.map(|charged| minor_amount(charged, currency));
            assert_eq!(back, expected.map(|_| Some(minor)), "{minor} {currency}");
        }
    }
}
