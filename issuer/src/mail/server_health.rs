//! Whether the mail server takes mail, as far as the last tries tell: how often it is tried while it does not,
//! and what the log says of it.

use std::time::{Duration, Instant};

use super::transport::SendError;

/// The pause before the server is tried again after it could not be used, which doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often postponed mails are made due at once at most: a server may refuse some mails and accept others.
const BETWEEN_WAKES: Duration = Duration::from_secs(30);
/// How often the log repeats an alarm.
const BETWEEN_ALARMS: Duration = Duration::from_mins(1);

/// What the last tries tell of the server.
#[derive(Debug)]
pub(super) struct ServerHealth {
    /// While the server cannot be used: how long the pause is, and until when.
    pause: Option<(Duration, Instant)>,
    /// Whether mails may have been postponed for a reason that has passed. So it is at a start: the process before this
    /// one may have postponed some.
    has_postponed: bool,
    woke: Option<Instant>,
    alarm: Option<Alarm>,
}

#[derive(Debug)]
struct Alarm {
    sentence: String,
    raised: Instant,
    /// Mails since then.
    mails: u64,
}

impl Default for ServerHealth {
    fn default() -> Self {
        Self { pause: None, has_postponed: true, woke: None, alarm: None }
    }
}

impl ServerHealth {
    /// Says how many mails may be tried at once, of `all` while the server takes mail: one now and then while it does not.
    pub(super) fn allowed(&self, all: u32, in_flight: bool, now: Instant) -> u32 {
        match self.pause {
            None => all,
            Some((_, until)) => u32::from(!in_flight && now >= until),
        }
    }

    /// Whether there is no conversation with the server.
    pub(super) fn is_unavailable(&self) -> bool {
        self.pause.is_some()
    }

    /// Takes in that a mail was accepted. Gives whether postponed mails are to be tried at once.
    pub(super) fn accepted(&mut self, now: Instant) -> bool {
        let was_unavailable = self.pause.take().is_some();
        if was_unavailable || self.alarm.take().is_some_and(|alarm| alarm.mails > 0) {
            tracing::info!("the mail server accepts mail");
        }
        let is_early = self.woke.is_some_and(|woke| now.duration_since(woke) < BETWEEN_WAKES);
        let wakes = was_unavailable || (self.has_postponed && !is_early);
        if wakes {
            self.has_postponed = false;
            self.woke = Some(now);
        }
        wakes
    }

    /// Takes in a failure that postponed a mail, and raises an alarm if an operator has to act: at once, and then once a
    /// minute.
    pub(super) fn failed(&mut self, error: &SendError, now: Instant) {
        self.has_postponed = true;
        if matches!(error, SendError::Unavailable(_)) {
            let pause = self.pause.map_or(FIRST_PAUSE, |(pause, _)| LONGEST_PAUSE.min(pause * 2));
            // Tries that were under way together are one failure.
            if self.pause.is_none_or(|(_, until)| now >= until) {
                self.pause = Some((pause, now + pause));
            }
        }
        if !matches!(error, SendError::Unavailable(_) | SendError::Refused(_)) {
            return;
        }
        let sentence = error.to_string();
        let mails = match &mut self.alarm {
            Some(alarm) if alarm.sentence == sentence => {
                alarm.mails += 1;
                if now.duration_since(alarm.raised) < BETWEEN_ALARMS {
                    return;
                }
                alarm.mails
            }
            _ => 1,
        };
        tracing::error!(error = %sentence, tries = mails, "mail not delivered");
        self.alarm = Some(Alarm { sentence, raised: now, mails: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unavailable() -> SendError {
        SendError::Unavailable("the mail server refused the connection".to_owned())
    }

    #[test]
    fn while_the_server_is_away_one_mail_is_tried_each_half_minute() {
        let mut health = ServerHealth::default();
        let mut now = Instant::now();
        assert_eq!(health.allowed(16, true, now), 16);
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            health.failed(&unavailable(), now);
            health.failed(&unavailable(), now);
            assert!(health.is_unavailable());
            assert_eq!(health.allowed(16, false, now), 0);
            now += Duration::from_secs(pause);
            assert_eq!([true, false].map(|busy| health.allowed(16, busy, now)), [0, 1]);
        }
        assert!(health.accepted(now), "what was postponed is due");
        assert_eq!(health.allowed(16, true, now), 16);
        assert!(!health.accepted(now));
    }

    #[test]
    fn a_refusal_stops_no_other_mail_and_its_end_wakes_what_waits() {
        let mut health = ServerHealth::default();
        let now = Instant::now();
        assert!(health.accepted(now), "the process before may have postponed some");
        health.failed(&SendError::Refused("554 5.7.1".to_owned()), now);
        assert_eq!(health.allowed(16, true, now), 16);
        assert!(!health.accepted(now), "not with each mail that is accepted");
        assert!(health.accepted(now + BETWEEN_WAKES));
        assert!(!health.accepted(now + BETWEEN_WAKES * 2));
    }
}
