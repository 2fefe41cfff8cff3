//! The break-in of 2019, tried step by step on a running issuer, over HTTP; then the shopper's own reset.
//!
//! The thief knows her address, birth date, telephone number and password. What else he has is told at each step.

use std::path::Path;

use serde_json::{Value, json};
use tegata::protocol::Refusal;
use tegata::protocol::{
    BeginPasswordReset, Call, GetAccount, MailedCodeText, SIGNATURE_HEADER, SecondFactor, Ticket,
    TotpText, signature_text, signed_bytes,
};

use super::told::Told;
use super::tour::TourClock;
use super::town::{ADDRESS, Asked, PASSWORD, Person, Town, code_in, password};
use crate::failure::Failure;

const NEW_PASSWORD: &str = "nine loud magpies";
const REFUSED: &str = "refused";

pub(super) struct BreakIn<'a> {
    town: &'a Town,
    clock: &'a TourClock,
    hanako: &'a mut Person,
    thief: Person,
    /// Codes mailed for resets so far.
    mailed: usize,
    told: Vec<Told>,
}

impl<'a> BreakIn<'a> {
    /// All of it, told.
    pub(super) fn run(
        town: &'a Town,
        clock: &'a TourClock,
        hanako: &'a mut Person,
        folder: &Path,
    ) -> Result<Vec<Told>, Failure> {
        let thief = town.person(folder, "another phone", town.clock.clone())?;
        let mut it = Self { town, clock, hanako, thief, mailed: 0, told: Vec::new() };
        it.mail_to_himself()?;
        it.code_guessed()?;
        it.one_of_the_two()?;
        it.relayed()?;
        it.password_alone()?;
        it.her_own_reset()?;
        Ok(it.told)
    }

    /// 2019: the form took any address for the mail, for whoever knew her birth date.
    fn mail_to_himself(&mut self) -> Result<(), Failure> {
        let step = "Birth date, and the attacker's address for the mail";
        let key = self.thief.wallet.account().device_key();
        let key = key.map_err(|e| Failure::to("use the keystore")(&e))?;
        let his = [
            ("send_to", "thief@example.com"),
            ("email", "thief@example.com"),
            ("birth_date", "2019-01-01"),
            ("telephone", "03-1234-5678"),
        ];
        let mut statuses = Vec::new();
        for (field, value) in his {
            let mut form = json!({
                "handle": ADDRESS, "device": String::from(key), "device_name": "a phone",
            });
            form[field] = value.into();
            statuses.push(self.thief_posts(BeginPasswordReset::PATH, "reset", &form)?);
        }
        let refused = statuses.iter().all(|status| *status == 400);
        let happened = if refused { "refused: no such field" } else { "taken" };
        self.tell(step, "refused: no such field", happened.into());

        self.begins()?;
        let mail = self.mail()?;
        let named = mail.contains("another phone");
        let to = self.town.mailed_to();
        let happened = match (&to[..], named) {
            ([to], true) if to == ADDRESS => "the mail goes to the shopper",
            _ => "the mail went elsewhere or does not name the device",
        };
        let expected = "the mail goes to the shopper";
        self.tell("A reset is requested; the mail names the device", expected, happened.into());
        Ok(())
    }

    fn code_guessed(&mut self) -> Result<(), Failure> {
        let ticket = self.begins()?;
        let right = code_in(&self.mail()?)?;
        let guesses = (0..).map(|n| format!("{n:08}")).filter(|guess| guess != right.expose());
        let mut taken = 0;
        for guess in guesses.take(10) {
            let guess = MailedCodeText::new(&guess).map_err(|e| Failure::to("guess")(&e))?;
            let factor = self.her_next_factor()?;
            taken += u32::from(self.thief_proves(&ticket, guess, factor)?.is_ok());
        }
        let factor = self.her_next_factor()?;
        let after = self.thief_proves(&ticket, right, factor)?;
        let happened = match (taken, refusal(&after)) {
            (0, Some(Refusal::InvalidCredentials)) => "blocked after five tries",
            _ => "a guess was accepted, or the right code after five tries",
        };
        let expected = "blocked after five tries";
        self.tell("Guessed code, stolen second factor", expected, happened.into());
        Ok(())
    }

    fn one_of_the_two(&mut self) -> Result<(), Failure> {
        let ticket = self.begins()?;
        let code = code_in(&self.mail()?)?;
        let guess = TotpText::new("000000").map_err(|e| Failure::to("guess")(&e))?;
        let answer = self.thief_proves(&ticket, code, SecondFactor::Totp(guess))?;
        self.refused("Stolen mailbox, no second factor", &answer);
        let nothing = MailedCodeText::new("00000000").map_err(|e| Failure::to("guess")(&e))?;
        let factor = self.her_next_factor()?;
        let answer = self.thief_proves(&ticket, nothing, factor)?;
        self.refused("Stolen second factor, no mailbox", &answer);
        let (account, password) = (self.thief.wallet.account(), password(NEW_PASSWORD)?);
        let finish = account.finish_password_reset(&self.thief.at, ticket, password);
        let answer = self.thief.ask(self.town, finish)?;
        self.refused("New password without proof", &answer);
        Ok(())
    }

    fn relayed(&mut self) -> Result<(), Failure> {
        let asked = self.hanako.wallet.account().begin_password_reset(&self.hanako.at);
        let ticket = self.hanako.ask(self.town, asked)??;
        self.mailed += 1;
        let code = code_in(&self.mail()?)?;
        let factor = self.her_next_factor()?;
        let answer = self.thief_proves(&ticket, code, factor)?;
        self.refused("Code and factor read out to the attacker", &answer);
        Ok(())
    }

    fn password_alone(&mut self) -> Result<(), Failure> {
        let answer = self.thief.log_in(self.town, PASSWORD, None)?;
        self.refused("Stolen password on another device", &answer);
        Ok(())
    }

    fn her_own_reset(&mut self) -> Result<(), Failure> {
        let session_before = self.hanako.wallet.account().session_request(&GetAccount {});
        let pending = self.begins()?;
        let pending_code = code_in(&self.mail()?)?;
        let asked = self.hanako.wallet.account().begin_password_reset(&self.hanako.at);
        let ticket = self.hanako.ask(self.town, asked)??;
        self.mailed += 1;
        let code = code_in(&self.mail()?)?;
        let factor = self.her_next_factor()?;
        let account = self.hanako.wallet.account();
        let proof = account.verify_password_reset(&self.hanako.at, ticket.clone(), code, factor);
        let proved = self.hanako.ask(self.town, proof)?;
        let (account, new_password) = (self.hanako.wallet.account(), password(NEW_PASSWORD)?);
        let finish = account.finish_password_reset(&self.hanako.at, ticket, new_password);
        let finished = self.hanako.ask(self.town, finish)?;
        let happened = done(proved.is_ok() && finished.is_ok());
        let step = "The shopper's own reset: own mailbox, second factor and device";
        self.tell(step, "done", happened);

        let answer = self.hanako.ask(self.town, session_before)?;
        let happened = match refusal(&answer) {
            Some(Refusal::NotLoggedIn) => "ended",
            _ => "still good",
        };
        self.tell("A session from before the reset", "ended", happened.into());
        let factor = self.her_next_factor()?;
        let answer = self.thief_proves(&pending, pending_code, factor)?;
        self.refused("The attacker's pending reset, code and factor", &answer);
        let factor = self.her_next_factor()?;
        let answer = self.hanako.log_in(self.town, PASSWORD, Some(factor))?;
        self.refused("The old password, with the second factor", &answer);
        let factor = self.her_next_factor()?;
        let answer = self.hanako.log_in(self.town, NEW_PASSWORD, Some(factor))?;
        self.tell("The shopper logs in with the new password", "done", done(answer.is_ok()));
        Ok(())
    }

    /// The thief asks for a reset: always the same answer.
    fn begins(&mut self) -> Result<Ticket, Failure> {
        let asked = self.thief.wallet.account().begin_password_reset(&self.thief.at);
        let ticket = self.thief.ask(self.town, asked)??;
        self.mailed += 1;
        Ok(ticket)
    }

    /// The mail of the last reset that was begun.
    fn mail(&self) -> Result<String, Failure> {
        self.town.mail(self.mailed - 1, "password reset code")
    }

    fn thief_proves(
        &mut self,
        ticket: &Ticket,
        code: MailedCodeText,
        factor: SecondFactor,
    ) -> Asked<()> {
        let account = self.thief.wallet.account();
        let proof = account.verify_password_reset(&self.thief.at, ticket.clone(), code, factor);
        self.thief.ask(self.town, proof)
    }

    /// What no program of ours would write, signed by his device all the same. Gives the status.
    fn thief_posts(&self, path: &str, purpose: &str, form: &Value) -> Result<u16, Failure> {
        let body = form.to_string();
        let der = self.thief.device.keystore.sign(&signed_bytes(purpose, body.as_bytes()));
        let signature = signature_text(&der.map_err(|e| Failure::to("sign")(&e))?);
        let post = self.town.carrier.post(path, &[(SIGNATURE_HEADER, &signature)], body.as_bytes());
        Ok(post?.status)
    }

    /// A value of her authenticator that nobody has used.
    fn her_next_factor(&self) -> Result<SecondFactor, Failure> {
        self.clock.pass(30);
        self.hanako.totp(self.town).map(SecondFactor::Totp)
    }

    fn refused<T>(&mut self, step: &'static str, answer: &Result<T, crate::carry::NoAnswer>) {
        let happened = match (answer, refusal(answer)) {
            (Ok(_), _) => "taken".to_owned(),
            (_, Some(Refusal::InvalidCredentials)) => REFUSED.to_owned(),
            (Err(no), _) => no.to_string(),
        };
        self.tell(step, REFUSED, happened);
    }

    fn tell(&mut self, step: &'static str, expected: &str, happened: String) {
        self.told.push(Told::new(step, expected, happened));
    }
}

fn refusal<T>(answer: &Result<T, crate::carry::NoAnswer>) -> Option<Refusal> {
    answer.as_ref().err().and_then(crate::carry::NoAnswer::refusal)
}

fn done(was: bool) -> String {
    if was { "done" } else { "not done" }.to_owned()
}
