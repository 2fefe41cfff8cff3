//! What empties the outbox.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tegata::Clock;

use super::templates::MailTemplates;
use super::templates::compose;
use super::transport::MailTransport;
use super::transport::SendError;
use crate::crypto::Keys;
use crate::log;
use crate::store::{LeasedMail, Store, StoreError};

/// How often the outbox is looked into when nobody says that there is something in it.
const PAUSE: Duration = Duration::from_millis(200);
/// Mails handed over at a time, and for how many seconds no one else tries them: longer than a try takes, and what a
/// mail waits for that a process took along when it died.
const AT_ONCE: u32 = 16;
const LEASE: u32 = 60;
/// How long a try takes at most.
const PATIENCE: Duration = Duration::from_secs(45);
/// The first wait after a mail was not taken, which doubles up to the longest, in seconds.
const FIRST_WAIT: u64 = 2;
const LONGEST_WAIT: u64 = 15 * 60;
/// A mail that nobody took for so many seconds is given up: a code in it ran out long before.
const GIVEN_UP: u64 = 3 * 24 * 60 * 60;

/// Works until it is dropped.
pub(crate) async fn work(
    store: Store,
    keys: Arc<Keys>,
    templates: MailTemplates,
    transport: Arc<dyn MailTransport>,
    clock: Arc<dyn Clock>,
) {
    loop {
        let due =
            store.lease_due_mails(clock.now(), LEASE, AT_ONCE).await.unwrap_or_else(|error| {
                report(&error, "cannot read the outbox");
                Vec::new()
            });
        if due.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
        let sent =
            due.iter().map(|mail| send(&store, &keys, &templates, &*transport, &*clock, mail));
        let sent: FuturesUnordered<_> = sent.collect();
        // What came to its end meanwhile is taken out together; the others are not waited for, so that a crash sends few
        // of them twice.
        let mut over = sent.ready_chunks(due.len().max(1));
        while let Some(over) = over.next().await {
            if let Err(error) = store.remove_delivered(over.into_iter().flatten()).await {
                report(&error, "cannot take delivered mails from the outbox");
            }
        }
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

/// Gives the mail if it waits no longer.
async fn send<'a>(
    store: &Store,
    keys: &Keys,
    templates: &MailTemplates,
    transport: &dyn MailTransport,
    clock: &dyn Clock,
    mail: &'a LeasedMail,
) -> Option<&'a LeasedMail> {
    let taken = match compose(store, keys, templates, mail).await {
        // What cannot be read, or goes to a decoy, goes nowhere.
        Ok(None) => return Some(mail),
        Ok(Some(email)) => {
            let taken = tokio::time::timeout(PATIENCE, transport.send(&email)).await;
            taken.unwrap_or_else(|_| Err(SendError::Retry("no answer in time".to_owned())))
        }
        Err(error) => Err(SendError::Retry(error.to_string())),
    };
    match taken {
        Ok(()) => Some(mail),
        Err(error @ SendError::Rejected(_)) => {
            tracing::error!(mail = %mail.id, %error, "mail abandoned");
            Some(mail)
        }
        Err(error @ SendError::Retry(_)) => {
            let now = clock.now();
            let waited = now.seconds().saturating_sub(mail.made.seconds());
            tracing::warn!(mail = %mail.id, tries = mail.tries, %error, "mail not delivered");
            if waited >= GIVEN_UP {
                tracing::error!(mail = %mail.id, "mail abandoned");
                return Some(mail);
            }
            let wait = i64::try_from(wait(mail.tries)).unwrap_or(i64::MAX);
            if let Err(error) = store.postpone(mail, now.shifted(wait)).await {
                report(&error, "cannot reschedule a mail");
            }
            None
        }
    }
}

/// The wait after this many tries.
fn wait(tries: u64) -> u64 {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(2_u64.saturating_pow(doublings)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_quarter_of_an_hour() {
        assert_eq!([1, 2, 3, 9, 10, 11, u64::MAX].map(wait), [2, 4, 8, 512, 900, 900, 900]);
    }
}
