//! What a mail server's answer means for a mail: whether it is about the recipient, about this mail for now, or about us.
//!
//! A server's own words may repeat the address: of an answer only its codes and the command that it answers are given.

use std::error::Error as _;
use std::fmt;

use lettre::transport::smtp::Error;
use rustls::CertificateError;

use super::transport::SendError;

/// The part of a conversation (RFC 5321) that an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The connection, the greeting and `EHLO`, with TLS from the first byte.
    Connect,
    /// `STARTTLS` and the handshake after it.
    StartTls,
    /// `AUTH`, with the user name and password of the settings.
    LogIn,
    /// `MAIL FROM`, the sender.
    Sender,
    /// `RCPT TO`, the recipient.
    Recipient,
    /// `DATA` and the mail.
    Content,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::LogIn => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Content => "DATA",
        })
    }
}

/// Says what an error of this step means for the mail.
pub(super) fn send_error(step: Step, error: &Error) -> SendError {
    let Some(code) = error.status() else { return SendError::Unavailable(connection_error(error)) };
    let code = code.to_string();
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    classify(step, &code, &text)
}

/// Says what an answer means: three digits, and the text after them.
fn classify(step: Step, code: &str, text: &str) -> SendError {
    let enhanced = enhanced_codes(text);
    let reason = match enhanced.first() {
        Some(EnhancedCode { class, subject, detail }) => {
            format!("the server answered {code} {class}.{subject}.{detail} to {step}")
        }
        None => format!("the server answered {code} to {step}"),
    };
    let has_session = matches!(step, Step::Sender | Step::Recipient | Step::Content);
    if !has_session || code == "421" {
        SendError::Unavailable(reason)
    } else if !code.starts_with('5') {
        SendError::Retry(reason)
    } else if is_about_recipient(step, code, &enhanced, text) {
        SendError::Rejected(reason)
    } else {
        SendError::Refused(reason)
    }
}

/// An enhanced status code (RFC 3463): `5.1.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct EnhancedCode {
    class: u16,
    subject: u16,
    detail: u16,
}

impl EnhancedCode {
    fn parse(word: &str) -> Option<Self> {
        let mut parts = word.split('.').map(|part| {
            let is_number = matches!(part.len(), 1..=3) && part.bytes().all(|c| c.is_ascii_digit());
            part.parse().ok().filter(|_| is_number)
        });
        let code = Self { class: parts.next()??, subject: parts.next()??, detail: parts.next()?? };
        (matches!(code.class, 2 | 4 | 5) && parts.next().is_none()).then_some(code)
    }

    /// Whether it says that the recipient's address or mailbox is the reason. 5.1.0 does not say whose address it means
    /// (Postfix says it of the sender, at `RCPT TO`); 5.1.7 and 5.1.8 mean the sender's.
    const fn is_about_recipient(self) -> bool {
        matches!(
            (self.class, self.subject, self.detail),
            (5, 1, 1 | 2 | 3 | 4 | 6 | 10) | (5, 2, 0..=4)
        )
    }
}

/// Finds the enhanced codes in an answer: the word that it begins with, and what some servers write as `(#5.1.1)`.
/// Each line of a long answer begins with one; lines come joined.
fn enhanced_codes(text: &str) -> Vec<EnhancedCode> {
    let words = text.split_whitespace().map(|word| word.trim_matches(['(', ')', '#', '[', ']']));
    words.filter_map(EnhancedCode::parse).collect()
}

/// Whether a 5yz answer is about the recipient, and so final. Codes that contradict each other are not. Without an
/// enhanced code only an answer to `RCPT TO` can be: one that RFC 5321 (section 4.3.2) and RFC 7504 have for the mailbox,
/// unless its text speaks of relaying or of a policy.
fn is_about_recipient(step: Step, code: &str, enhanced: &[EnhancedCode], text: &str) -> bool {
    match step {
        Step::Recipient | Step::Content if !enhanced.is_empty() => {
            enhanced.iter().all(|code| code.is_about_recipient())
        }
        Step::Recipient => {
            let text = text.to_ascii_lowercase();
            let about_us =
                ["relay", "rcpthosts", "authenti", "denied", "block", "policy", "spam", "sender"];
            matches!(code, "550" | "551" | "552" | "553" | "556")
                && !about_us.iter().any(|word| text.contains(word))
        }
        _ => false,
    }
}

/// Says why there is no conversation, in a sentence that an operator can act on.
fn connection_error(error: &Error) -> String {
    let io = io_error(error);
    let tls = io.and_then(std::io::Error::get_ref).and_then(|e| e.downcast_ref::<rustls::Error>());
    if let Some(tls) = tls {
        return tls_error(tls);
    }
    let sentence = match io.map(std::io::Error::kind) {
        Some(std::io::ErrorKind::ConnectionRefused) => "the mail server refused the connection",
        Some(std::io::ErrorKind::TimedOut) => "the mail server did not answer",
        Some(std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset) => {
            "the mail server closed the connection"
        }
        Some(_) if io.is_some_and(|io| io.to_string().contains("lookup")) => {
            "the mail server's name has no address"
        }
        Some(_) => "the mail server cannot be reached",
        None if error.is_timeout() => "the mail server did not answer",
        None => "the server does not answer as a mail server does",
    };
    sentence.to_owned()
}

/// Finds the error of the connection, which may lie under several of the library's.
fn io_error(error: &Error) -> Option<&std::io::Error> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref() {
            return Some(io);
        }
        source = cause.source();
    }
    None
}

fn tls_error(error: &rustls::Error) -> String {
    let reason = match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "it is not valid yet"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "it is for another name"
            }
            CertificateError::UnknownIssuer => "this machine does not know who signed it",
            _ => "it is not valid",
        },
        _ => return "the mail server does not speak TLS as expected".to_owned(),
    };
    format!("the mail server's certificate is not trusted: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(step: Step, answer: &str) -> &'static str {
        let (code, text) = answer.split_at(3);
        let error = classify(step, code, text);
        assert!(!error.to_string().contains("hanako"), "{error}");
        error.reason()
    }

    #[test]
    fn only_an_answer_about_the_recipient_is_final() {
        for answer in [
            "550 5.1.1 <hanako@example.org>: Recipient address rejected: User unknown",
            "550 5.1.2 bad destination system",
            "553 5.1.3 bad syntax",
            "550 5.1.6 moved",
            "556 5.1.10 null MX",
            "550 5.2.1 mailbox disabled",
            "552 5.2.2 mailbox full",
            "550 no such mailbox: hanako@example.org",
            "550 sorry, no mailbox here by that name (#5.1.1)",
            "551 not local",
            "553 mailbox name not allowed",
            "556 accepts no mail",
        ] {
            assert_eq!(kind(Step::Recipient, answer), "recipient", "{answer}");
        }
        assert_eq!(kind(Step::Content, "550 5.1.1 unknown user"), "recipient");
    }

    #[test]
    fn what_a_server_says_about_us_waits() {
        for answer in [
            "554 5.7.1 <hanako@example.org>: Relay access denied",
            "550 5.7.60 client does not have permissions to send as this sender",
            "550 5.4.5 daily sending quota exceeded",
            "550 5.7.26 unauthenticated",
            "550 5.1.0 <no-reply@shop.example>: Sender address rejected",
            "550 5.1.7 bad sender",
            "550 5.1.8 sender's domain not found",
            "550 5.3.0 other",
            "552 5.3.4 message too big",
            "550 5.4.1 no answer from host",
            "550 5.5.1 bad sequence",
            "550 5.6.0 content",
            "550 5.0.0 undefined",
            "550 relay not permitted",
            "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            "550 authentication required",
            "554 transaction failed",
            "530 authentication required",
            "503 MAIL first",
            "555 parameters",
            "550 5.1.1 unknown 5.7.1 relay",
            "550 4.1.1 which is it",
        ] {
            assert_eq!(kind(Step::Recipient, answer), "refused", "{answer}");
        }
        for step in [Step::Sender, Step::Content] {
            for answer in ["550 no", "552 too much", "554 5.7.1 no", "553 5.1.8 sender"] {
                assert_eq!(kind(step, answer), "refused", "{step} {answer}");
            }
        }
        assert_eq!(kind(Step::Sender, "550 5.1.1 unknown"), "refused", "that is our address");
        for step in [Step::Connect, Step::StartTls, Step::LogIn] {
            assert_eq!(kind(step, "535 5.7.8 wrong password"), "unavailable", "{step}");
            assert_eq!(kind(step, "550 5.1.1 who"), "unavailable", "{step}");
        }
        assert_eq!(kind(Step::Recipient, "421 4.3.2 closing"), "unavailable");
        assert_eq!(kind(Step::Recipient, "451 4.7.1 greylisted"), "temporary");
    }

    #[test]
    fn a_log_line_has_both_codes_and_the_command() {
        let error = classify(Step::Recipient, "554", " 5.7.1 <hanako@example.org>: Relay");
        assert!(error.to_string().ends_with("the server answered 554 5.7.1 to RCPT TO"), "{error}");
        let error = classify(Step::LogIn, "535", " no");
        assert!(error.to_string().ends_with("the server answered 535 to AUTH"), "{error}");
    }
}
