//! A shopper: a device, an authenticator, an account at a [`TestIssuer`].

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;
use tegata::SystemRandom;
use tegata::protocol::{
    AccountOverview, AnswerKey, AnswerRecipient, BeginPasswordReset, BeginSignUp, Call, DeviceKey,
    DeviceName, DeviceSigned, Envelope, FinishPasswordReset, FinishSignUp, GetAccount, IssuerError,
    IssuerProblem, Language, LogIn, LogInResult, MailedCodeText, PasswordText, RecoveryCode,
    Refusal, Request, RequestLogInCode, Response, SealedCall, SecondFactor, SessionToken, Ticket,
    TotpText, VerifyFactor, VerifyPasswordReset, VerifySignUpCode,
};
use tegata::vault::{Keystore, OtpCredential, SoftwareKeystore};

use crate::issuer::{TestIssuer, headers};

/// The password that a shopper signs up with.
pub const PASSWORD: &str = "four quiet herons";
/// The password that a shopper changes to.
pub const NEW_PASSWORD: &str = "nine loud magpies";

/// A person with a device: whoever uses an account, its owner or an attacker.
#[derive(Clone)]
pub struct TestShopper<'a> {
    /// The issuer that they use.
    pub issuer: &'a TestIssuer,
    /// The email address they sign up with.
    pub address: String,
    /// The password they sign up with.
    pub password: String,
    /// The keystore of their device.
    pub device: Arc<SoftwareKeystore>,
    /// What the answers are sealed to that log them in.
    pub answer_key: AnswerKey,
    /// The otpauth URI in the authenticator, once one was enrolled.
    pub authenticator: Option<String>,
    /// The recovery codes that were shown.
    pub recovery: Vec<RecoveryCode>,
    /// The session, once signed up or logged in.
    pub session: Option<SessionToken>,
    /// The network that their requests come from, as the proxy in front of the issuer says; this machine without one.
    pub network: Option<IpAddr>,
}

/// The issuer's answer, or why there is none.
pub type IssuerResult<T> = Result<T, IssuerError>;

/// The refusal in an answer that has to be one.
pub fn refusal<T: std::fmt::Debug>(result: IssuerResult<T>) -> Refusal {
    match result {
        Err(IssuerError::Problem(IssuerProblem::Refused(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

/// A password as messages have it.
pub fn password(text: &str) -> PasswordText {
    PasswordText::new(text).unwrap()
}

/// The name of every device in the tests.
pub fn device_name() -> DeviceName {
    "Hanako's phone".to_owned().try_into().unwrap()
}

/// The mailed code in a mail's text: eight digits on a line of their own.
pub fn code_in(mail: &str) -> MailedCodeText {
    find_code(mail).unwrap()
}

fn find_code(mail: &str) -> Option<MailedCodeText> {
    mail.lines().map(str::trim).find_map(|line| MailedCodeText::new(line).ok())
}

impl TestIssuer {
    /// A shopper with a new device and this address, without an account yet.
    pub fn new_shopper(&self, address: &str) -> TestShopper<'_> {
        TestShopper {
            issuer: self,
            address: address.to_owned(),
            password: PASSWORD.to_owned(),
            device: self.device(),
            answer_key: AnswerKey::make(&SystemRandom::new()).unwrap(),
            authenticator: None,
            recovery: Vec::new(),
            session: None,
            network: None,
        }
    }

    /// A shopper with this address who has signed up.
    pub fn signed_up_shopper(&self, address: &str) -> TestShopper<'_> {
        let mut shopper = self.new_shopper(address);
        shopper.complete_sign_up().unwrap();
        shopper
    }

    /// The number of mails to an address once the outbox is empty.
    pub fn settled_mail_count(&self, to: &str) -> usize {
        // A mail to another address, asked for last, is sent last. Receipts may follow it: hence a second one.
        for _ in 0..2 {
            let marker = format!("marker-{}@example.org", self.mailbox.mails().len());
            self.new_shopper(&marker).begin_sign_up().unwrap();
            self.mails(&marker, 1);
        }
        self.mails(to, 0).len()
    }
}

impl TestShopper<'_> {
    /// The device's public key.
    pub fn key(&self) -> DeviceKey {
        DeviceKey(self.device.public_key().unwrap())
    }

    /// Sends a message that the device signs.
    pub fn call_signed<C: Call + DeviceSigned>(&self, call: &C) -> IssuerResult<C::Answer> {
        self.send_signed(Request::signed(call, &*self.device, self.issuer.freshness())?)
    }

    /// Sends a message that the device signs, and opens the answer.
    pub fn call_sealed<C: SealedCall + DeviceSigned>(&self, call: &C) -> IssuerResult<C::Content> {
        let mut request = Request::signed(call, &*self.device, self.issuer.freshness())?;
        let response = self.post_fresh(&mut request)?;
        request.open(&self.answer_key, &response)
    }

    /// Sends a request from their network.
    pub fn send<C: Call>(&self, request: &Request<C>) -> IssuerResult<C::Answer> {
        request.answer(&self.post(request))
    }

    /// Sends a request that the device signed, and once more with another challenge if the issuer wants it so.
    fn send_signed<C: Call>(&self, mut request: Request<C>) -> IssuerResult<C::Answer> {
        let response = self.post_fresh(&mut request)?;
        request.answer(&response)
    }

    fn post_fresh<C: Call>(&self, request: &mut Request<C>) -> IssuerResult<Response> {
        let response = self.post(request);
        if !response.is_stale() {
            return Ok(response);
        }
        request.sign_again(response.challenge().unwrap(), &*self.device)?;
        Ok(self.post(request))
    }

    fn post(&self, request: &Envelope) -> Response {
        let mut headers = headers(request);
        headers.extend(self.network.map(|network| ("X-Forwarded-For", network.to_string())));
        self.issuer.post(request.path(), &headers, request.body())
    }

    /// Requests a code to log in with; it is mailed.
    pub fn request_log_in_code(&self) -> IssuerResult<Ticket> {
        let handle = self.address.parse().unwrap();
        let call = RequestLogInCode { handle, device: self.key() };
        self.call_signed(&call).map(|requested| requested.ticket)
    }

    /// Sends a message in the session, signed by the device.
    pub fn call_in_session<C: Call>(&self, call: &C) -> IssuerResult<C::Answer> {
        let session = self.session.clone().unwrap();
        let freshness = self.issuer.freshness();
        self.send_signed(Request::signed_in_session(call, session, &*self.device, freshness)?)
    }

    /// Sends a message with the session's token alone, as a thief of the token does.
    pub fn call_by_token<C: Call>(&self, call: &C) -> IssuerResult<C::Answer> {
        let session = self.session.clone().unwrap();
        self.send(&Request::of_session(call, session)?)
    }

    /// The code in the `nth` mail to their address that has one, counted from 1. Other mails do not count: a notice may
    /// overtake a code.
    pub fn mailed_code(&self, nth: usize) -> MailedCodeText {
        for at_least in nth.. {
            let code = self.mailed_codes(at_least).nth(nth - 1);
            if let Some(code) = code {
                return code;
            }
        }
        unreachable!()
    }

    /// The codes mailed to their address, once there are `at_least` so many mails.
    pub fn mailed_codes(&self, at_least: usize) -> impl Iterator<Item = MailedCodeText> {
        let mails = self.issuer.mails(&self.address, at_least);
        mails.into_iter().filter_map(|mail| find_code(&mail.1))
    }

    /// Asks to sign up; a code is mailed.
    pub fn begin_sign_up(&self) -> IssuerResult<Ticket> {
        self.call_signed(&sign_up(self)).map(|begun| begun.ticket)
    }

    /// Signs up, from the first message to the session.
    pub fn complete_sign_up(&mut self) -> IssuerResult<()> {
        let ticket = self.begin_sign_up()?;
        self.submit_first_mailed_code(&ticket)?;
        let signed_up = self.call_sealed(&sign_up_factor(self, &ticket))?;
        self.session = Some(signed_up.session);
        self.recovery = signed_up.recovery_codes;
        Ok(())
    }

    /// Submits the first mail's code and the password; puts the secret of the answer into the authenticator.
    pub fn submit_first_mailed_code(&mut self, ticket: &Ticket) -> IssuerResult<()> {
        self.submit_sign_up_code(ticket, self.mailed_code(1))
    }

    /// Submits this code and the password; puts the secret of the answer into the authenticator.
    pub fn submit_sign_up_code(
        &mut self,
        ticket: &Ticket,
        code: MailedCodeText,
    ) -> IssuerResult<()> {
        let call = VerifySignUpCode {
            ticket: ticket.clone(),
            device: self.key(),
            code,
            password: password(&self.password),
            answer_key: self.answer_key.public(),
        };
        self.authenticator = Some(self.call_sealed(&call)?.otpauth.expose().to_owned());
        Ok(())
    }

    /// The value that the authenticator shows.
    pub fn totp(&self) -> TotpText {
        let uri = self.authenticator.as_ref().unwrap();
        let credential: OtpCredential = tegata::formats::otpauth::parse(uri.as_bytes()).unwrap();
        TotpText::new(credential.code(self.issuer.now()).unwrap().digits()).unwrap()
    }

    /// The value of the next half minute, which was not used yet; moves the clock there.
    pub fn next_totp(&self) -> SecondFactor {
        self.issuer.advance_clock(30);
        SecondFactor::Totp(self.totp())
    }

    /// Logs in with this password and factor; keeps no session.
    pub fn try_log_in(
        &self,
        with: &str,
        second_factor: Option<SecondFactor>,
    ) -> IssuerResult<LogInResult> {
        self.call_sealed(&log_in(self, with, second_factor))
    }

    /// Logs in with this password and an unused value of the authenticator, and keeps the session.
    pub fn complete_log_in(&mut self, with: &str) -> IssuerResult<()> {
        let factor = Some(self.next_totp());
        self.session = Some(self.try_log_in(with, factor)?.session);
        Ok(())
    }

    /// The account as its owner sees it.
    pub fn view(&self) -> IssuerResult<AccountOverview> {
        self.call_in_session(&GetAccount {})
    }

    /// Gives an unused value of the authenticator in the session.
    pub fn verify_factor(&self) -> IssuerResult<()> {
        let SecondFactor::Totp(totp) = self.next_totp() else { unreachable!() };
        self.call_in_session(&VerifyFactor { totp }).map(|_| ())
    }

    /// Asks for a reset of the password; a code is mailed.
    pub fn begin_reset(&self) -> IssuerResult<Ticket> {
        self.call_signed(&reset(self)).map(|begun| begun.ticket)
    }

    /// Submits a reset's mailed code and second factor.
    pub fn submit_reset_proof(
        &self,
        ticket: &Ticket,
        code: MailedCodeText,
        second_factor: SecondFactor,
    ) -> IssuerResult<()> {
        self.call_signed(&reset_proof(self, ticket, code, second_factor)).map(|_| ())
    }

    /// Sets the new password of a reset.
    pub fn finish_reset(&self, ticket: &Ticket, new: &str) -> IssuerResult<()> {
        self.call_signed(&reset_finish(self, ticket, new)).map(|_| ())
    }
}

/// A message as JSON, for tests that change it before they send it.
pub fn json(call: &impl serde::Serialize) -> Value {
    serde_json::to_value(call).unwrap()
}

/// The response with this answer, sealed to the key in the request, as an issuer gives it.
pub fn sealed_response(request: &Envelope, answer: &impl serde::Serialize) -> Response {
    let body = sealed_answer(request.body(), answer);
    Response { status: 200, body, retry_after: None, challenge: None }
}

/// The body of that response, by the body of the request.
pub fn sealed_answer(request: &[u8], answer: &impl serde::Serialize) -> Vec<u8> {
    let message: Value = serde_json::from_slice(request).unwrap();
    let key = serde_json::from_value(message["answer_key"].clone()).unwrap();
    let recipient = AnswerRecipient::new(&key, request).unwrap();
    serde_json::to_vec(&recipient.seal(answer, &SystemRandom::new()).unwrap()).unwrap()
}

/// The message that begins a sign-up.
pub fn sign_up(shopper: &TestShopper<'_>) -> BeginSignUp {
    BeginSignUp {
        address: shopper.address.parse().unwrap(),
        language: Language::En,
        device: shopper.key(),
        device_name: device_name(),
    }
}

/// The message that ends a sign-up.
pub fn sign_up_factor(shopper: &TestShopper<'_>, ticket: &Ticket) -> FinishSignUp {
    FinishSignUp {
        ticket: ticket.clone(),
        device: shopper.key(),
        totp: shopper.totp(),
        answer_key: shopper.answer_key.public(),
    }
}

/// The message of a log-in.
pub fn log_in(shopper: &TestShopper<'_>, with: &str, second_factor: Option<SecondFactor>) -> LogIn {
    LogIn {
        handle: shopper.address.parse().unwrap(),
        password: password(with),
        second_factor,
        mailed_code: None,
        device: shopper.key(),
        device_name: device_name(),
        answer_key: shopper.answer_key.public(),
    }
}

/// The message that begins a reset.
pub fn reset(shopper: &TestShopper<'_>) -> BeginPasswordReset {
    let handle = shopper.address.parse().unwrap();
    let device_name = device_name();
    BeginPasswordReset { handle, device: shopper.key(), device_name, recovery_code: None }
}

/// The message with a reset's code and second factor.
pub fn reset_proof(
    shopper: &TestShopper<'_>,
    ticket: &Ticket,
    code: MailedCodeText,
    second_factor: SecondFactor,
) -> VerifyPasswordReset {
    VerifyPasswordReset { ticket: ticket.clone(), device: shopper.key(), code, second_factor }
}

/// The message with a reset's new password.
pub fn reset_finish(shopper: &TestShopper<'_>, ticket: &Ticket, new: &str) -> FinishPasswordReset {
    FinishPasswordReset { ticket: ticket.clone(), device: shopper.key(), password: password(new) }
}
