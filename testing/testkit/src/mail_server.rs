//! The mail server of a test: a mailbox that can be slow, away or unwilling.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tegata_issuer::mail::{MailTransport, Mailbox, OutgoingEmail, SendError, SendFuture};

/// Puts mails into a mailbox, or answers as the test wants it.
#[derive(Debug)]
pub struct TestMailServer {
    mailbox: Arc<Mailbox>,
    behaviour: Mutex<Behaviour>,
}

#[derive(Clone, Debug, Default)]
struct Behaviour {
    holds: bool,
    delay: Duration,
    refuses: Option<SendError>,
    tries: usize,
}

impl TestMailServer {
    /// A server that takes every mail at once.
    pub fn new(mailbox: Arc<Mailbox>) -> Self {
        Self { mailbox, behaviour: Mutex::default() }
    }

    /// Answers every mail with this error from now on.
    pub fn refuse(&self, error: SendError) {
        let mut behaviour = self.behaviour.lock().unwrap();
        behaviour.holds = false;
        behaviour.refuses = Some(error);
    }

    /// Keeps every mail waiting until it is told what to do with them.
    pub fn hold(&self) {
        self.behaviour.lock().unwrap().holds = true;
    }

    /// Takes mail from now on, each after this delay.
    pub fn accept(&self, delay: Duration) {
        let tries = self.tries();
        *self.behaviour.lock().unwrap() = Behaviour { holds: false, delay, refuses: None, tries };
    }

    /// The number of mails that it was offered.
    pub fn tries(&self) -> usize {
        self.behaviour.lock().unwrap().tries
    }
}

impl MailTransport for TestMailServer {
    fn send<'a>(&'a self, mail: &'a OutgoingEmail) -> SendFuture<'a> {
        self.behaviour.lock().unwrap().tries += 1;
        Box::pin(async move {
            let behaviour = loop {
                let behaviour = self.behaviour.lock().unwrap().clone();
                if !behaviour.holds {
                    break behaviour;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            };
            tokio::time::sleep(behaviour.delay).await;
            match behaviour.refuses {
                Some(error) => Err(error),
                None => self.mailbox.send(mail).await,
            }
        })
    }
}
