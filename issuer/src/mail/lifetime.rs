//! Which mails go before others, and how long each is worth sending.

use tegata::UnixTime;
use tegata_policy::Notification;
use tegata_policy::limits::{MAILED_CODE_LEFT, MAILED_CODE_LIFE};

use crate::store::MailPriority;

/// How long a mail about an account is tried, in seconds, unless it has a code that ends sooner.
const NOTICE_LIFE: u64 = 3 * 24 * 60 * 60;

/// Says which mails this one goes before.
pub(crate) fn priority(notification: &Notification) -> MailPriority {
    match notification {
        Notification::SignUpCode { .. } | Notification::AccountExists => MailPriority::SignUp,
        Notification::ResetCode { device: None, .. }
        | Notification::LogInCode { .. }
        | Notification::FreezeCode { .. } => MailPriority::Stranger,
        _ => MailPriority::AccountMail,
    }
}

/// Says from when on a mail is not sent any more: a code that arrived with little time left would only be tried in vain.
/// A sign-up's other mail goes when its code would.
pub(crate) fn expires(notification: &Notification, made: UnixTime) -> UnixTime {
    let has_code = matches!(
        notification,
        Notification::SignUpCode { .. }
            | Notification::AccountExists
            | Notification::ResetCode { .. }
            | Notification::LogInCode { .. }
            | Notification::FreezeCode { .. }
            | Notification::AddressCode { .. }
    );
    after(made, if has_code { MAILED_CODE_LIFE - MAILED_CODE_LEFT } else { NOTICE_LIFE })
}

/// Says from when on a receipt is not sent any more.
pub(crate) fn receipt_expires(made: UnixTime) -> UnixTime {
    after(made, NOTICE_LIFE)
}

pub(super) fn after(made: UnixTime, seconds: u64) -> UnixTime {
    made.shifted(i64::try_from(seconds).unwrap_or(i64::MAX))
}
