//! The currencies that payments can be in, and the digits behind the point that each of them has.

use super::money::Decimals;
use super::newtype::newtype;

newtype! {
    /// A currency code of three letters (ISO 4217), such as `JPY`.
    #[schema(pattern = "^[A-Z]{3}$", example = "JPY")]
    text Currency, "a currency: three capital letters", |text| {
        text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
    }
}

/// The active currencies and funds of ISO 4217 (list one, 2026) by their number of decimals. What has none there (metals,
/// units of accounting, `XTS`, `XXX`) is nothing that a card is charged in.
const BY_DECIMALS: [(u8, &str); 4] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD \
         CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS \
         GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD \
         LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB \
         PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP \
         SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW \
         ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

impl Currency {
    pub(crate) fn yen() -> Self {
        Self("JPY".to_owned())
    }

    /// Gives how many digits of an amount are behind the point (ISO 4217); `None` for what is no active currency.
    #[must_use]
    pub fn decimals(&self) -> Option<Decimals> {
        let listed = |names: &str| names.split_whitespace().any(|name| name == self.0);
        let found = BY_DECIMALS.into_iter().find(|(_, names)| listed(names));
        found.and_then(|(decimals, _)| Decimals::new(decimals))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimals(name: &str) -> Option<u8> {
        Currency::new(name).unwrap().decimals().map(Decimals::get)
    }

    #[test]
    fn decimals_are_those_of_iso_4217() {
        for (name, expected) in [
            ("JPY", 0),
            ("KRW", 0),
            ("ISK", 0),
            ("UGX", 0),
            ("USD", 2),
            ("EUR", 2),
            ("HUF", 2),
            ("TWD", 2),
            ("MGA", 2),
            ("MRU", 2),
            ("BHD", 3),
            ("KWD", 3),
            ("TND", 3),
            ("CLF", 4),
        ] {
            assert_eq!(decimals(name), Some(expected), "{name}");
        }
        for unknown in ["XXX", "XTS", "XAU", "XDR", "DEM", "ITL", "HRK", "BTC", "ABC"] {
            assert_eq!(decimals(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn each_currency_is_listed_once() {
        let names: Vec<_> =
            BY_DECIMALS.iter().flat_map(|(_, names)| names.split_whitespace()).collect();
        let once: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(once.len(), names.len());
        assert!(names.iter().all(|name| Currency::new(name).is_ok()));
    }
}
