//! Tries the break-in of 2019 step by step on a running issuer over HTTP, then the shopper's own reset.
//!
//! The attacker knows the shopper's address, birth date, telephone number and password. Each step says what else they have.

use std::path::Path;

use serde_json::{Value, json};
use tegata::protocol::Refusal;
use tegata::protocol::{
    BeginPasswordReset, Call, Freshness, GetAccount, GetChallenge, MailedCodeText,
    SIGNATURE_HEADER, SecondFactor, SignaturePurpose, Ticket, TotpText,
};

use super::clocks::TourClock;
use super::demo_issuer::{ADDRESS, DemoIssuer};
use super::demo_person::{DemoPerson, IssuerReply, PASSWORD, code_in, password};
use super::step_result::StepResult;
use crate::failure::Failure;
use crate::issuer_client::RequestError;

const NEW_PASSWORD: &str = "nine loud magpies";
const REFUSED: &str = "refused";

pub(super) struct BreakIn<'a> {
    issuer: &'a DemoIssuer,
    clock: &'a TourClock,
    shopper: &'a mut DemoPerson,
    attacker: DemoPerson,
    /// Codes mailed for resets so far.
    mailed: usize,
    results: Vec<StepResult>,
}

impl<'a> BreakIn<'a> {
    /// Runs every step of the break-in.
    pub(super) fn run(
        issuer: &'a DemoIssuer,
        clock: &'a TourClock,
        shopper: &'a mut DemoPerson,
        folder: &Path,
    ) -> Result<Vec<StepResult>, Failure> {
        let attacker = DemoPerson::new(issuer, folder, "another phone", issuer.clock.clone())?;
        let mut break_in =
            Self { issuer, clock, shopper, attacker, mailed: 0, results: Vec::new() };
        break_in.try_own_address()?;
        break_in.try_guessing_codes()?;
        break_in.try_one_factor()?;
        break_in.try_relayed_code()?;
        break_in.try_password_alone()?;
        break_in.reset_by_shopper()?;
        Ok(break_in.results)
    }

    /// In 2019 the form accepted any address for the mail from anyone who knew the birth date.
    fn try_own_address(&mut self) -> Result<(), Failure> {
        let step = "Birth date, and the attacker's address for the mail";
        let key = self
            .attacker
            .wallet
            .account()
            .device_key()
            .map_err(|e| Failure::cannot("use the keystore")(&e))?;
        let attacker_fields = [
            ("send_to", "attacker@example.com"),
            ("email", "attacker@example.com"),
            ("birth_date", "2019-01-01"),
            ("telephone", "03-1234-5678"),
        ];
        let mut statuses = Vec::new();
        for (field, value) in attacker_fields {
            let mut form = json!({
                "handle": ADDRESS, "device": String::from(key), "device_name": "a phone",
            });
            form[field] = value.into();
            statuses.push(self.post_as_attacker(BeginPasswordReset::PATH, "reset", &form)?);
        }
        let refused = statuses.iter().all(|status| *status == 400);
        let happened = if refused { "refused: no such field" } else { "taken" };
        self.record(step, "refused: no such field", happened.into());

        self.begin_reset()?;
        let mail = self.mail()?;
        let has_text_of_the_attacker = mail.contains("another phone");
        let to = self.issuer.mailed_to();
        let happened = match (&to[..], has_text_of_the_attacker) {
            ([to], false) if to == ADDRESS => "the mail goes to the shopper",
            _ => "the mail went elsewhere or has the attacker's text in it",
        };
        let step = "A reset is requested from a device of theirs";
        self.record(step, "the mail goes to the shopper", happened.into());
        Ok(())
    }

    fn try_guessing_codes(&mut self) -> Result<(), Failure> {
        let ticket = self.begin_reset()?;
        let right = code_in(&self.mail()?)?;
        let guesses = (0..).map(|n| format!("{n:08}")).filter(|guess| guess != right.expose());
        let mut taken = 0;
        for guess in guesses.take(10) {
            let guess = MailedCodeText::new(&guess).map_err(|e| Failure::cannot("guess")(&e))?;
            let factor = self.next_factor()?;
            taken += u32::from(self.verify_as_attacker(&ticket, guess, factor)?.is_ok());
        }
        let factor = self.next_factor()?;
        let after = self.verify_as_attacker(&ticket, right, factor)?;
        let happened = match (taken, refusal(&after)) {
            (0, Some(Refusal::InvalidCredentials)) => "blocked after five tries",
            _ => "a guess was accepted, or the right code after five tries",
        };
        let expected = "blocked after five tries";
        self.record("Guessed code, stolen second factor", expected, happened.into());
        Ok(())
    }

    fn try_one_factor(&mut self) -> Result<(), Failure> {
        let ticket = self.begin_reset()?;
        let code = code_in(&self.mail()?)?;
        let guess = TotpText::new("000000").map_err(|e| Failure::cannot("guess")(&e))?;
        let answer = self.verify_as_attacker(&ticket, code, SecondFactor::Totp(guess))?;
        self.record_refusal("Stolen mailbox, no second factor", &answer);
        let nothing = MailedCodeText::new("00000000").map_err(|e| Failure::cannot("guess")(&e))?;
        let factor = self.next_factor()?;
        let answer = self.verify_as_attacker(&ticket, nothing, factor)?;
        self.record_refusal("Stolen second factor, no mailbox", &answer);
        let account = self.attacker.wallet.account();
        let password = password(NEW_PASSWORD)?;
        let finish = account.finish_password_reset(&self.attacker.profile, ticket, password);
        let answer = self.attacker.request(self.issuer, finish)?;
        self.record_refusal("New password without proof", &answer);
        Ok(())
    }

    fn try_relayed_code(&mut self) -> Result<(), Failure> {
        let request =
            self.shopper.wallet.account().begin_password_reset(&self.shopper.profile, None);
        let ticket = self.shopper.request(self.issuer, request)??;
        self.mailed += 1;
        let code = code_in(&self.mail()?)?;
        let factor = self.next_factor()?;
        let answer = self.verify_as_attacker(&ticket, code, factor)?;
        self.record_refusal("Code and factor read out to the attacker", &answer);
        Ok(())
    }

    fn try_password_alone(&mut self) -> Result<(), Failure> {
        let answer = self.attacker.log_in(self.issuer, PASSWORD, None)?;
        self.record_refusal("Stolen password on another device", &answer);
        Ok(())
    }

    fn reset_by_shopper(&mut self) -> Result<(), Failure> {
        // One network gets three such mails at once, and then one an hour.
        self.clock.advance(60 * 60);
        let session_before = self.shopper.wallet.account().session_request(&GetAccount {});
        let pending = self.begin_reset()?;
        let pending_code = code_in(&self.mail()?)?;
        let request =
            self.shopper.wallet.account().begin_password_reset(&self.shopper.profile, None);
        let ticket = self.shopper.request(self.issuer, request)??;
        self.mailed += 1;
        let code = code_in(&self.mail()?)?;
        let factor = self.next_factor()?;
        let account = self.shopper.wallet.account();
        let proof =
            account.verify_password_reset(&self.shopper.profile, ticket.clone(), code, factor);
        let proved = self.shopper.request(self.issuer, proof)?;
        let account = self.shopper.wallet.account();
        let new_password = password(NEW_PASSWORD)?;
        let finish = account.finish_password_reset(&self.shopper.profile, ticket, new_password);
        let finished = self.shopper.request(self.issuer, finish)?;
        let happened = done(proved.is_ok() && finished.is_ok());
        let step = "The shopper's own reset: own mailbox, second factor and device";
        self.record(step, "done", happened);

        let answer = self.shopper.request(self.issuer, session_before)?;
        let happened = match refusal(&answer) {
            Some(Refusal::NotLoggedIn) => "ended",
            _ => "still good",
        };
        self.record("A session from before the reset", "ended", happened.into());
        let factor = self.next_factor()?;
        let answer = self.verify_as_attacker(&pending, pending_code, factor)?;
        self.record_refusal("The attacker's pending reset, code and factor", &answer);
        let factor = self.next_factor()?;
        let answer = self.shopper.log_in(self.issuer, PASSWORD, Some(factor))?;
        self.record_refusal("The old password, with the second factor", &answer);
        let factor = self.next_factor()?;
        let answer = self.shopper.log_in(self.issuer, NEW_PASSWORD, Some(factor))?;
        self.record("The shopper logs in with the new password", "done", done(answer.is_ok()));
        Ok(())
    }

    /// The attacker requests a reset; the reply is always the same.
    fn begin_reset(&mut self) -> Result<Ticket, Failure> {
        let request =
            self.attacker.wallet.account().begin_password_reset(&self.attacker.profile, None);
        let ticket = self.attacker.request(self.issuer, request)??;
        self.mailed += 1;
        Ok(ticket)
    }

    /// The mail of the last requested reset.
    fn mail(&self) -> Result<String, Failure> {
        self.issuer.mail(self.mailed - 1, "password reset code")
    }

    fn verify_as_attacker(
        &mut self,
        ticket: &Ticket,
        code: MailedCodeText,
        factor: SecondFactor,
    ) -> IssuerReply<()> {
        let account = self.attacker.wallet.account();
        let proof =
            account.verify_password_reset(&self.attacker.profile, ticket.clone(), code, factor);
        self.attacker.request(self.issuer, proof)
    }

    /// Sends a form that none of our programs would, signed by the attacker's device; returns the status.
    fn post_as_attacker(&self, path: &str, purpose: &str, form: &Value) -> Result<u16, Failure> {
        let body = form.to_string();
        let issued = self.issuer.client.post(GetChallenge::PATH, &[], b"{}")?;
        let random = &*self.attacker.device.random;
        let freshness = Freshness::make(issued.challenge(), random);
        let freshness = freshness.map_err(|e| Failure::cannot("sign")(&e))?;
        let keystore = &*self.attacker.device.keystore;
        let purpose = SignaturePurpose::Named(purpose);
        let signature = purpose.sign(&freshness, body.as_bytes(), keystore);
        let signature = signature.map_err(|e| Failure::cannot("sign")(&e))?;
        let post =
            self.issuer.client.post(path, &[(SIGNATURE_HEADER, &signature)], body.as_bytes());
        Ok(post?.status)
    }

    /// The next unused value of the shopper's authenticator.
    fn next_factor(&self) -> Result<SecondFactor, Failure> {
        self.clock.advance(30);
        self.shopper.totp(self.issuer).map(SecondFactor::Totp)
    }

    fn record_refusal<T>(&mut self, step: &'static str, answer: &Result<T, RequestError>) {
        let happened = match (answer, refusal(answer)) {
            (Ok(_), _) => "taken".to_owned(),
            (_, Some(Refusal::InvalidCredentials)) => REFUSED.to_owned(),
            (Err(error), _) => error.to_string(),
        };
        self.record(step, REFUSED, happened);
    }

    fn record(&mut self, step: &'static str, expected: &str, happened: String) {
        self.results.push(StepResult::new(step, expected, happened));
    }
}

fn refusal<T>(answer: &Result<T, RequestError>) -> Option<Refusal> {
    answer.as_ref().err().and_then(RequestError::refusal)
}

fn done(is_done: bool) -> String {
    if is_done { "done" } else { "not done" }.to_owned()
}
