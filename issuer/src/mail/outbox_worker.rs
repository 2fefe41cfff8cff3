//! What empties the outbox: so many mails are on their way at a time, and for each that ends the next one is taken.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tegata::{Clock, UnixTime};

use super::compose::{Composed, compose};
use super::counts::{GivenUp, MailCounts};
use super::server_health::ServerHealth;
use super::templates::MailTemplates;
use super::transport::MailTransport;
use super::transport::SendError;
use crate::crypto::Keys;
use crate::log;
use crate::store::{LeasedMail, MailPage, MailPriority, Store, StoreError};

/// How often the outbox is looked into when nobody says that there is something in it, and for mails that expired.
const PAUSE: Duration = Duration::from_millis(200);
const BETWEEN_SWEEPS: Duration = Duration::from_secs(1);
/// Mails on their way at a time. Of them strangers ask for 12 at most, and sign-ups are 8, however slow their servers are.
const AT_ONCE: u32 = 16;
const STRANGERS: u32 = 12;
const SIGN_UPS: u32 = 8;
/// One of so many mails is a receipt if one waits, however many others do.
const RECEIPT_OF: u32 = 4;
/// For how many seconds no one else tries a mail: longer than a try takes, and what a mail waits for that a process took
/// along when it died.
const LEASE: u32 = 60;
/// How long a try takes at most.
const PATIENCE: Duration = Duration::from_secs(45);
/// The first wait after a mail was not taken, which doubles up to the longest, in seconds: of a mail that expires soon,
/// and of any while the server cannot be used at all; and of another one.
const FIRST_WAIT: u64 = 2;
const LONGEST_WAIT_OF_CODES: u64 = 30;
const LONGEST_WAIT: u64 = 15 * 60;
/// A mail that lives no longer than this many seconds has a code in it.
const CODE: u64 = 15 * 60;

/// What empties the outbox.
pub(crate) struct OutboxWorker {
    pub(crate) store: Store,
    pub(crate) keys: Arc<Keys>,
    pub(crate) templates: MailTemplates,
    pub(crate) transport: Arc<dyn MailTransport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) counts: MailCounts,
}

/// How a try ended.
enum Tried {
    Sent,
    /// It goes to a decoy: nowhere.
    ToNobody,
    GivenUp(GivenUp),
    Failed(SendError),
}

type Try<'a> = Pin<Box<dyn Future<Output = (LeasedMail, Tried)> + Send + 'a>>;

/// How many mails are on their way.
#[derive(Default)]
struct InFlight {
    mails: u32,
    strangers: u32,
    sign_ups: u32,
    /// Mails taken so far, of which each fourth may be a receipt.
    taken: u32,
}

impl InFlight {
    /// The page that there is room for, of this many mails in all.
    fn page(&self, all: u32) -> MailPage {
        let mails = all.min(AT_ONCE.saturating_sub(self.mails));
        MailPage {
            mails,
            receipts: (self.taken % RECEIPT_OF + mails) / RECEIPT_OF,
            strangers: STRANGERS.saturating_sub(self.strangers),
            sign_ups: SIGN_UPS.saturating_sub(self.sign_ups),
        }
    }

    fn add(&mut self, priority: MailPriority) {
        let is_sign_up = priority == MailPriority::SignUp;
        self.mails += 1;
        self.strangers += u32::from(is_sign_up || priority == MailPriority::Stranger);
        self.sign_ups += u32::from(is_sign_up);
        self.taken = self.taken.wrapping_add(1);
    }

    fn remove(&mut self, priority: MailPriority) {
        let is_sign_up = priority == MailPriority::SignUp;
        self.mails = self.mails.saturating_sub(1);
        let is_stranger = is_sign_up || priority == MailPriority::Stranger;
        self.strangers = self.strangers.saturating_sub(u32::from(is_stranger));
        self.sign_ups = self.sign_ups.saturating_sub(u32::from(is_sign_up));
    }
}

impl OutboxWorker {
    /// Works until it is dropped.
    pub(crate) async fn work(self) {
        let mut health = ServerHealth::default();
        let mut in_flight = InFlight::default();
        let mut tries: FuturesUnordered<Try<'_>> = FuturesUnordered::new();
        let mut swept: Option<Instant> = None;
        loop {
            if swept.is_none_or(|swept| swept.elapsed() >= BETWEEN_SWEEPS) {
                self.sweep().await;
                swept = Some(Instant::now());
            }
            let allowed = health.allowed(AT_ONCE, in_flight.mails > 0, Instant::now());
            for mail in self.lease(in_flight.page(allowed)).await {
                in_flight.add(mail.priority);
                tries.push(Box::pin(self.try_to_send(mail)));
            }
            if tries.is_empty() {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            // What came to its end meanwhile is taken out together; the others are not waited for.
            let mut ended = (&mut tries).ready_chunks(AT_ONCE as usize);
            let Ok(Some(ended)) = tokio::time::timeout(PAUSE, ended.next()).await else { continue };
            for (mail, _) in &ended {
                in_flight.remove(mail.priority);
            }
            self.finish(ended, &mut health).await;
        }
    }

    /// Removes what is not worth sending any more.
    async fn sweep(&self) {
        loop {
            match self.store.remove_expired_mails(self.clock.now()).await {
                Ok(0) => return,
                Ok(mails) => {
                    self.counts.given_up(GivenUp::Expired, mails);
                    tracing::error!(mails, "mails abandoned: they were not sent in time");
                }
                Err(error) => {
                    report(&error, "cannot remove expired mails from the outbox");
                    return;
                }
            }
        }
    }

    async fn lease(&self, page: MailPage) -> Vec<LeasedMail> {
        if page.mails == 0 {
            return Vec::new();
        }
        match self.store.lease_due_mails(self.clock.now(), LEASE, page).await {
            Ok(leased) => leased,
            Err(error) => {
                report(&error, "cannot read the outbox");
                Vec::new()
            }
        }
    }

    async fn try_to_send(&self, mail: LeasedMail) -> (LeasedMail, Tried) {
        let tried = match compose(&self.store, &self.keys, &self.templates, &mail).await {
            Ok(Composed::Unreadable) => Tried::GivenUp(GivenUp::Unreadable),
            Ok(Composed::ToNobody) => Tried::ToNobody,
            Ok(Composed::Email(email)) => {
                // Looked at last, so that nothing else takes of the time that its code has left.
                let left = mail.expires.seconds().saturating_sub(self.clock.now().seconds());
                if left == 0 {
                    return (mail, Tried::GivenUp(GivenUp::Expired));
                }
                let patience = PATIENCE.min(Duration::from_secs(left));
                match tokio::time::timeout(patience, self.transport.send(&email)).await {
                    Ok(Ok(())) => Tried::Sent,
                    Ok(Err(SendError::Rejected(reason))) => {
                        tracing::error!(mail = %mail.id, %reason, "mail abandoned");
                        self.counts.failed(&SendError::Rejected(reason));
                        Tried::GivenUp(GivenUp::Recipient)
                    }
                    Ok(Err(error)) => Tried::Failed(error),
                    Err(_) => Tried::Failed(SendError::Retry("no answer in time".to_owned())),
                }
            }
            Err(error) => Tried::Failed(SendError::Retry(error.to_string())),
        };
        (mail, tried)
    }

    /// Removes what was sent or given up, postpones the rest, and wakes what waits if the server accepts mail again.
    async fn finish(&self, ended: Vec<(LeasedMail, Tried)>, health: &mut ServerHealth) {
        let mut over = Vec::new();
        let mut postponed = Vec::new();
        let mut wakes = false;
        for (mail, tried) in ended {
            match tried {
                Tried::Sent => {
                    self.counts.sent();
                    wakes |= health.accepted(Instant::now());
                    over.push(mail);
                }
                Tried::ToNobody => over.push(mail),
                Tried::GivenUp(reason) => {
                    self.counts.given_up(reason, 1);
                    over.push(mail);
                }
                Tried::Failed(error) => {
                    self.counts.failed(&error);
                    health.failed(&error, Instant::now());
                    tracing::warn!(mail = %mail.id, tries = mail.tries, %error, "mail postponed");
                    postponed.push((mail, error));
                }
            }
        }
        self.counts.set_unavailable(health.is_unavailable());
        if let Err(error) = self.store.remove_delivered(&over).await {
            report(&error, "cannot take delivered mails from the outbox");
        }
        for (mail, error) in postponed {
            if let Err(error) = self.store.postpone(&mail, self.next_try(&mail, &error)).await {
                report(&error, "cannot reschedule a mail");
            }
        }
        if wakes && let Err(error) = self.store.wake_postponed_mails(self.clock.now()).await {
            report(&error, "cannot wake the mails that wait");
        }
    }

    fn next_try(&self, mail: &LeasedMail, error: &SendError) -> UnixTime {
        let life = mail.expires.seconds().saturating_sub(mail.made.seconds());
        let is_short = life <= CODE || matches!(error, SendError::Unavailable(_));
        let longest = if is_short { LONGEST_WAIT_OF_CODES } else { LONGEST_WAIT };
        let wait = i64::try_from(wait(mail.tries, longest)).unwrap_or(i64::MAX);
        self.clock.now().shifted(wait)
    }
}

/// Says why the outbox is not worked on: while the database is away, as seldom as everything else does.
fn report(error: &StoreError, what: &'static str) {
    if error.is_outage() {
        log::database_unavailable(error);
    } else {
        tracing::warn!(%error, "{what}");
    }
}

/// The wait after this many tries.
fn wait(tries: u64, longest: u64) -> u64 {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(2_u64.saturating_pow(doublings)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_quarter_of_an_hour() {
        let waits = [1, 2, 3, 9, 10, 11, u64::MAX].map(|tries| wait(tries, LONGEST_WAIT));
        assert_eq!(waits, [2, 4, 8, 512, 900, 900, 900]);
        let waits = [1, 4, 5, u64::MAX].map(|tries| wait(tries, LONGEST_WAIT_OF_CODES));
        assert_eq!(waits, [2, 16, 30, 30], "twice a minute at least");
    }

    #[test]
    fn each_fourth_mail_is_a_receipt_and_others_keep_places() {
        let mut in_flight = InFlight::default();
        let receipts = (0..8).map(|_| {
            let page = in_flight.page(1);
            in_flight.add(MailPriority::Receipt);
            in_flight.remove(MailPriority::Receipt);
            page.receipts
        });
        assert_eq!(receipts.collect::<Vec<_>>(), [0, 0, 0, 1, 0, 0, 0, 1]);
        for _ in 0..8 {
            in_flight.add(MailPriority::SignUp);
        }
        let MailPage { mails, strangers, sign_ups, .. } = in_flight.page(AT_ONCE);
        assert_eq!((mails, strangers, sign_ups), (8, 4, 0));
    }
}
