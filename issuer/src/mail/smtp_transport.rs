//! Mail to a server (RFC 5321), by lettre: text alone, in UTF-8, with the headers that say a machine wrote it.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Quit, Rcpt};
use lettre::transport::smtp::extension::ClientId;

use super::smtp_answer::{Step, send_error};
use super::templates::OutgoingEmail;
use super::transport::MailTransport;
use super::transport::SendError;
use super::transport::SendFuture;
use crate::config::{self, Config, Security, Sender};

/// How long one step of the conversation may take.
const STEP: Duration = Duration::from_secs(20);
/// How long the server may take to answer a whole mail, which it may have to deliver or to scan first: whoever gives up
/// sooner sends it twice (RFC 5321, section 4.5.3.2.6).
const END_OF_DATA: Duration = Duration::from_secs(40);
/// For how long a connection is kept for the next mail, and how many are.
const IDLE: Duration = Duration::from_secs(15);
const KEPT: usize = 16;
/// The ways to log in, best first.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// Why no mail can be sent with these settings.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// There is no sender.
    #[error("mail_from is missing")]
    NoSender,
    /// TLS cannot be made ready: most likely the system's certificates cannot be read.
    #[error("cannot set up TLS for mail: {0}")]
    Tls(lettre::transport::smtp::Error),
}

/// A mail server. Connections to it are kept for the next mail.
pub struct SmtpTransport {
    server: config::Smtp,
    tls: TlsParameters,
    hello: ClientId,
    credentials: Option<Credentials>,
    from: Sender,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl SmtpTransport {
    /// Sets the server up, with the sender and the log-in of the settings. Nothing is sent yet.
    ///
    /// # Errors
    /// [`SmtpError`].
    pub fn new(server: &config::Smtp, config: &Config) -> Result<Self, SmtpError> {
        let from = config.mail_from.clone().ok_or(SmtpError::NoSender)?;
        let mut tls = TlsParameters::builder(server.host.clone());
        if server.security == Security::Loopback {
            // To this machine a mail may go in the clear: whoever could answer in the server's place gets it either way.
            tls = tls.dangerous_accept_invalid_certs(true).dangerous_accept_invalid_hostnames(true);
        }
        let credentials = match (&config.mail_user, &config.mail_password) {
            (Some(user), Some(password)) => {
                Some(Credentials::new(user.clone(), password.expose().to_owned()))
            }
            _ => None,
        };
        Ok(Self {
            server: server.clone(),
            tls: tls.build().map_err(SmtpError::Tls)?,
            hello: ClientId::Domain(from.domain().to_owned()),
            credentials,
            from,
            idle: Mutex::default(),
        })
    }

    /// Takes a connection that was kept and still answers.
    async fn kept_connection(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let (mut connection, since) = kept?;
            let answers = since.elapsed() < IDLE
                && matches!(tokio::time::timeout(STEP, connection.command(Noop)).await, Ok(Ok(_)));
            if answers {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push((connection, Instant::now()));
        }
    }

    /// Connects, encrypts as the settings want it, and logs in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let wrapped = (self.server.security == Security::Tls).then(|| self.tls.clone());
        let server = (&*self.server.host, self.server.port);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(STEP), &self.hello, wrapped, None);
        let mut connection = step(Step::Connect, connecting).await?;
        let wants_tls = match self.server.security {
            Security::Tls => false,
            Security::StartTls => true,
            Security::Loopback => connection.can_starttls(),
        };
        if wants_tls {
            if !connection.can_starttls() {
                return Err(unavailable("the mail server does not offer STARTTLS"));
            }
            let encrypting = connection.starttls(self.tls.clone(), &self.hello);
            step(Step::StartTls, encrypting).await?;
        }
        if let Some(credentials) = &self.credentials {
            if connection.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
                return Err(unavailable(
                    "the mail server offers no log-in (AUTH), and mail_user is set",
                ));
            }
            step(Step::LogIn, connection.auth(&MECHANISMS, credentials)).await?;
        }
        Ok(connection)
    }

    async fn hand_over(&self, mail: &OutgoingEmail) -> Result<(), SendError> {
        let message = message(&self.from, mail)?;
        if let Some(connection) = self.kept_connection().await {
            match self.send_on(connection, &message).await {
                // A server ends a connection after so many mails, or so long: that is no answer to this one, and it has
                // not got it. One that may have it is in doubt, and never sent again at once.
                Err(SendError::Unavailable(_)) => {}
                answered => return answered,
            }
        }
        let connection = self.connect().await?;
        self.send_on(connection, &message).await
    }

    /// Sends a mail on a connection, which is kept if the mail was taken.
    async fn send_on(
        &self,
        mut connection: AsyncSmtpConnection,
        message: &Message,
    ) -> Result<(), SendError> {
        match converse(&mut connection, message.envelope(), &message.formatted()).await {
            Ok(()) => {
                self.keep(connection);
                Ok(())
            }
            Err(error) => {
                if !matches!(error, SendError::Unavailable(_) | SendError::InDoubt(_)) {
                    drop(step(Step::Content, connection.command(Quit)).await);
                }
                Err(error)
            }
        }
    }
}

/// One mail's part of a conversation: from whom, to whom, what.
async fn converse(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    message: &[u8],
) -> Result<(), SendError> {
    let sender = Mail::new(envelope.from().cloned(), Vec::new());
    step(Step::Sender, connection.command(sender)).await?;
    for recipient in envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        step(Step::Recipient, connection.command(recipient)).await?;
    }
    step(Step::Content, connection.command(Data)).await?;
    send_whole(connection, message).await
}

/// Sends the mail up to the line with a dot, from which on the server may have it, whether it says so or not.
async fn send_whole(connection: &mut AsyncSmtpConnection, message: &[u8]) -> Result<(), SendError> {
    let in_doubt = |what: &str| SendError::InDoubt(format!("the mail server {what}"));
    match tokio::time::timeout(END_OF_DATA, connection.message(message)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.status().is_some() => Err(send_error(Step::Content, &error)),
        Ok(Err(_)) => Err(in_doubt("closed the connection before it answered")),
        Err(_) => Err(in_doubt("did not answer")),
    }
}

/// Waits for a step, for as long as one may take.
async fn step<T>(
    step: Step,
    work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, SendError> {
    match tokio::time::timeout(STEP, work).await {
        Ok(done) => done.map_err(|error| send_error(step, &error)),
        Err(_) => Err(unavailable("the mail server did not answer")),
    }
}

fn unavailable(sentence: &str) -> SendError {
    SendError::Unavailable(sentence.to_owned())
}

impl std::fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmtpTransport")
    }
}

impl MailTransport for SmtpTransport {
    fn send<'a>(&'a self, mail: &'a OutgoingEmail) -> SendFuture<'a> {
        Box::pin(self.hand_over(mail))
    }
}

/// The mail as it is sent. Its Message-ID is made of the stored id: sent twice, it is the same mail.
fn message(from: &Sender, mail: &OutgoingEmail) -> Result<Message, SendError> {
    let never = |what: &str| SendError::Rejected(what.to_owned());
    let to: Address = mail.to.mailbox().parse().map_err(|_| never("its address is not one"))?;
    let made = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(mail.made.seconds()));
    // Given by itself: read from the header, it would lose an address that is quoted.
    let envelope = Envelope::new(Some(from.0.email.clone()), vec![to.clone()])
        .map_err(|_| never("it has no recipient"))?;
    Message::builder()
        .envelope(envelope)
        .from(from.0.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.subject.clone())
        .date(made.unwrap_or(SystemTime::UNIX_EPOCH))
        .message_id(Some(format!("<{}@{}>", mail.id, from.domain())))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN)
        .body(mail.body.clone())
        .map_err(|_| never("it cannot be written"))
}

/// `Auto-Submitted: auto-generated` (RFC 3834): no machine answers it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use tegata::UnixTime;

    use super::*;
    use crate::domain::MailId;

    fn email(subject: &str, body: &str) -> OutgoingEmail {
        OutgoingEmail {
            id: MailId([0xab; 16]),
            made: UnixTime::new(1_700_000_000).unwrap(),
            to: "hanako@example.org".parse().unwrap(),
            subject: subject.to_owned(),
            body: body.to_owned(),
        }
    }

    fn written(subject: &str, body: &str) -> String {
        let config: Config = toml::from_str("mail_from = \"店 <no-reply@shop.example>\"").unwrap();
        let message = message(&config.mail_from.unwrap(), &email(subject, body)).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn a_mail_says_who_wrote_it_and_when_and_is_the_same_each_time() {
        let mail = written("登録コード: 31415926", "コードは次のとおりです。\n");
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        for line in [
            "To: hanako@example.org",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000",
            "Message-ID: <abababababababababababababababab@shop.example>",
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain; charset=utf-8",
        ] {
            assert!(head.lines().any(|found| found == line), "{line} is not in\n{head}");
        }
        assert!(mail.is_ascii(), "servers that know ASCII alone take it");
        assert_eq!(mail, written("登録コード: 31415926", "コードは次のとおりです。\n"));
    }

    #[test]
    fn nothing_in_a_subject_or_a_text_becomes_a_header() {
        for end in ["\r\n", "\n", "\r"] {
            let subject = format!("a{end}Bcc: thief@example.org");
            let body = format!("Bcc: thief@example.org{end}{end}.{end}MAIL FROM:<a@b.c>");
            let mail = written(&subject, &body);
            let (head, _) = mail.split_once("\r\n\r\n").unwrap();
            let names: Vec<_> = head
                .split("\r\n")
                .filter(|line| !line.starts_with([' ', '\t']))
                .map(|line| line.split(':').next().unwrap())
                .collect();
            let ours = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"];
            let type_and_encoding = ["Content-Type", "Content-Transfer-Encoding"];
            assert_eq!(names, [&ours[..], &type_and_encoding[..]].concat(), "{head}");
            assert!(!head.replace("\r\n", "").contains(['\r', '\n']), "{head}");
        }
    }

    #[test]
    fn an_address_that_is_no_dot_atom_is_written_quoted() {
        let config: Config = toml::from_str("mail_from = \"no-reply@shop.example\"").unwrap();
        for (address, to) in [
            ("taro..yamada@docomo.ne.jp", "\"taro..yamada\"@docomo.ne.jp"),
            ("taro.@ezweb.ne.jp", "\"taro.\"@ezweb.ne.jp"),
            ("hanako@docomo.ne.jp", "hanako@docomo.ne.jp"),
        ] {
            let mail = OutgoingEmail { to: address.parse().unwrap(), ..email("a", "b") };
            let message = message(&config.mail_from.clone().unwrap(), &mail).unwrap();
            assert_eq!(message.envelope().to()[0].to_string(), to);
            let written = String::from_utf8(message.formatted()).unwrap();
            assert!(written.lines().any(|line| line == format!("To: {to}")), "{written}");
        }
    }
}
