//! Mail to a server (RFC 5321), by lettre: text alone, in UTF-8, with the headers that say a machine wrote it.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Category, Code, Severity};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::templates::OutgoingEmail;
use super::transport::MailTransport;
use super::transport::SendError;
use super::transport::SendFuture;
use crate::config::{self, Config, Security, Sender};

/// How long one step of the conversation may take.
const STEP: Duration = Duration::from_secs(20);

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
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Sender,
}

impl SmtpTransport {
    /// Sets the server up, with the sender and the log-in of the settings. Nothing is sent yet.
    ///
    /// # Errors
    /// [`SmtpError`].
    pub fn new(server: &config::Smtp, config: &Config) -> Result<Self, SmtpError> {
        let from = config.mail_from.clone().ok_or(SmtpError::NoSender)?;
        let tls = || TlsParameters::new(server.host.clone()).map_err(SmtpError::Tls);
        let tls = match server.security {
            Security::Loopback => Tls::None,
            Security::StartTls => Tls::Required(tls()?),
            Security::Tls => Tls::Wrapper(tls()?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&*server.host)
            .port(server.port)
            .tls(tls)
            .hello_name(ClientId::Domain(from.domain().to_owned()))
            .timeout(Some(STEP));
        if let (Some(user), Some(password)) = (&config.mail_user, &config.mail_password) {
            let password = password.expose().to_owned();
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self { transport: transport.build(), from })
    }
}

impl std::fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmtpTransport")
    }
}

impl MailTransport for SmtpTransport {
    fn send<'a>(&'a self, mail: &'a OutgoingEmail) -> SendFuture<'a> {
        Box::pin(async move {
            let message = message(&self.from, mail)?;
            self.transport.send(message).await.map(drop).map_err(|error| send_error(&error))
        })
    }
}

/// The mail as it is sent. Its id is made of ours: sent twice, it is the same mail.
fn message(from: &Sender, mail: &OutgoingEmail) -> Result<Message, SendError> {
    let never = |what: &str| SendError::Rejected(what.to_owned());
    let to: Address = mail.to.address().parse().map_err(|_| never("its address is not one"))?;
    let made = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(mail.made.seconds()));
    Message::builder()
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

/// What a failure means for the mail. A server's own words may repeat the address: of an answer only its code is told.
fn send_error(error: &lettre::transport::smtp::Error) -> SendError {
    match error.status() {
        Some(code) if is_final(code) => SendError::Rejected(format!("the server answered {code}")),
        Some(code) => SendError::Retry(format!("the server answered {code}")),
        None if error.is_timeout() => SendError::Retry("the server did not answer".to_owned()),
        None if error.is_tls() => SendError::Retry("no TLS with the server".to_owned()),
        None => SendError::Retry("no conversation with the server".to_owned()),
    }
}

/// Whether an answer is about the mail itself, and no: 55x (RFC 5321, section 4.2.3). The other 5xx are about how we are
/// set up, as 535 for a wrong password, and pass when that is put right.
fn is_final(code: Code) -> bool {
    code.severity == Severity::PermanentNegativeCompletion && code.category == Category::MailSystem
}

#[cfg(test)]
mod tests {
    use lettre::transport::smtp::response::Detail;
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
    fn only_an_answer_about_the_mail_itself_is_final() {
        let code = |severity, category| Code::new(severity, category, Detail::Zero);
        let no = Severity::PermanentNegativeCompletion;
        assert!(is_final(code(no, Category::MailSystem)));
        for category in [Category::Syntax, Category::Connections, Category::Unspecified3] {
            assert!(!is_final(code(no, category)), "{category:?}");
        }
        assert!(!is_final(code(Severity::TransientNegativeCompletion, Category::MailSystem)));
    }
}
