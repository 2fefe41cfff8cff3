//! Receipts by mail: what was charged, cancelled, given back.

use serde::{Deserialize, Serialize};
use tegata::UnixTime;
use tegata::protocol::{PaymentNumber, format_amount};
use time::{OffsetDateTime, UtcOffset};

use super::no_link::no_link;
use crate::domain::{AuthorisationId, DayOffset, Decimals};
use crate::store::{Authorisation, AuthorisationState, PaymentWithShop};

/// A receipt as it waits, sealed: which payment, and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receipt {
    payment: PaymentNumber,
    #[serde(rename = "was")]
    kind: ReceiptKind,
    since: UnixTime,
}

/// What became of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReceiptKind {
    Charged,
    Voided,
    Refunded,
}

impl Receipt {
    /// Gives the receipt of a payment that is over; `None` while it is not.
    pub(crate) fn of(payment: &Authorisation) -> Option<Self> {
        let kind = match payment.state {
            AuthorisationState::Charged => ReceiptKind::Charged,
            AuthorisationState::Voided => ReceiptKind::Voided,
            AuthorisationState::Refunded => ReceiptKind::Refunded,
            _ => return None,
        };
        Some(Self { payment: PaymentNumber(payment.id.0), kind, since: payment.changed })
    }

    pub(super) fn payment(&self) -> AuthorisationId {
        AuthorisationId(self.payment.0)
    }

    /// Names the table of the templates' files that has its text.
    pub(super) fn template_name(&self) -> &'static str {
        match self.kind {
            ReceiptKind::Charged => "payment_charged",
            ReceiptKind::Voided => "payment_voided",
            ReceiptKind::Refunded => "payment_refunded",
        }
    }

    /// Fills a template.
    pub(super) fn fill(&self, text: &str, paid: &PaymentWithShop, format: ReceiptFormat) -> String {
        let PaymentWithShop { authorisation, shop } = paid;
        let Authorisation { amount, currency, reference, made, .. } = authorisation;
        // A till writes what it likes here.
        let reference = no_link(reference);
        let text =
            text.replace("{amount}", &format_amount(*amount, currency, format.decimals.get()));
        let text = text.replace("{time}", &format.time(*made));
        let text = text.replace("{since}", &format.time(self.since));
        // What people named last: what it contains is not looked at again.
        text.replace("{reference}", &reference).replace("{shop}", shop.as_str())
    }
}

/// How amounts and times are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReceiptFormat {
    pub(super) decimals: Decimals,
    pub(super) offset: DayOffset,
}

impl ReceiptFormat {
    /// `2026-11-23 17:05 (UTC+09:00)`: nobody has to guess whose time it is.
    pub(super) fn time(self, at: UnixTime) -> String {
        let offset = UtcOffset::from_whole_seconds(i32::from(self.offset.minutes()) * 60);
        let offset = offset.unwrap_or(UtcOffset::UTC);
        let at = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
        let Ok(at) = OffsetDateTime::from_unix_timestamp(at) else { return String::new() };
        // The last hours of the year 9999 are no year 10000 anywhere.
        let at = at.checked_to_offset(offset).unwrap_or(at);
        let (hours, minutes, _) = at.offset().as_hms();
        let sign = if at.offset().is_negative() { '-' } else { '+' };
        format!(
            "{}-{:02}-{:02} {:02}:{:02} (UTC{sign}{:02}:{:02})",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            hours.unsigned_abs(),
            minutes.unsigned_abs()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AccountId;
    use crate::store::AuthorisationState;

    fn format(minutes: &str) -> ReceiptFormat {
        let offset = serde_json::from_str(minutes).unwrap();
        ReceiptFormat { decimals: Decimals::NONE, offset }
    }

    #[test]
    fn a_time_is_the_issuers_and_says_so() {
        let at = |seconds, minutes| format(minutes).time(UnixTime::new(seconds).unwrap());
        assert_eq!(at(1_800_000_000, "540"), "2027-01-15 17:00 (UTC+09:00)");
        assert_eq!(at(1_800_000_000, "-210"), "2027-01-15 04:30 (UTC-03:30)");
        assert_eq!(at(0, "0"), "1970-01-01 00:00 (UTC+00:00)");
        assert_eq!(at(UnixTime::MAX.seconds(), "840"), "9999-12-31 23:59 (UTC+00:00)");
    }

    #[test]
    fn what_a_till_wrote_is_no_link_and_is_not_filled_in_again() {
        let at = UnixTime::new(1_800_000_000).unwrap();
        let authorisation = Authorisation {
            id: AuthorisationId([1; 16]),
            account: AccountId([2; 16]),
            credential: tegata::code::CredentialId([3; 16]),
            counter: 7,
            till: "till-1".parse().unwrap(),
            reference: "https://evil.example/{shop}?{amount}".to_owned(),
            amount: 1980,
            currency: "JPY".to_owned(),
            day: 1,
            state: AuthorisationState::Charged,
            reason: None,
            card: None,
            intent: None,
            made: at,
            changed: at,
            version: 3,
        };
        let receipt = Receipt::of(&authorisation).unwrap();
        let shop = tegata::code::ShopName::new("The {time} shop").unwrap();
        let paid = PaymentWithShop { authorisation, shop };
        let text = receipt.fill("{amount} {shop} {time} {reference}", &paid, format("540"));
        let time = "2027-01-15 17:00 (UTC+09:00)";
        assert_eq!(
            text,
            format!("¥1,980 The {{time}} shop {time} https---evil-example--shop---amount-")
        );
        for state in [
            AuthorisationState::Authorised,
            AuthorisationState::Charging,
            AuthorisationState::Unknown,
            AuthorisationState::Declined,
            AuthorisationState::Reversing,
        ] {
            assert!(Receipt::of(&Authorisation { state, ..paid.authorisation.clone() }).is_none());
        }
    }
}
