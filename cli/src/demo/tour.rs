//! The tour: what goes well at a till, and what a thief gets. On a clock that it moves itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tegata::code::{Audience, ClockStatus, PaymentCode, Refusal, Verdict};
use tegata::symbol::PaymentSymbols;
use tegata::{Clock, NextCode, UnixTime};

use super::stage::Stage;
use super::told::Told;
use crate::failure::Failure;
use crate::output::Output;

/// 2019-07-01T12:00:00Z: the day the app opened that this one learns from.
const OPENING: u64 = 1_561_982_400;

/// A clock that goes when it is told to.
#[derive(Debug)]
pub(super) struct TourClock(AtomicU64);

impl TourClock {
    pub(super) fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for TourClock {
    fn now(&self) -> UnixTime {
        UnixTime::new(self.0.load(Ordering::Relaxed)).unwrap_or(UnixTime::MAX)
    }
}

/// Runs the tour and tells it. A step that does not go as told makes the whole of it fail, after all are told.
pub(super) fn run(output: &Output) -> Result<(), Failure> {
    let clock = Arc::new(TourClock(AtomicU64::new(OPENING)));
    let mut tour = Tour { stage: Stage::set(clock.clone())?, clock, steps: Vec::new() };
    tour.signed_up();
    tour.at_the_till()?;
    tour.thief()?;
    let mut tour = tour.restart()?.clock_trouble()?;
    let till = tour.steps.len();
    tour.steps.extend(tour.stage.break_in(&tour.clock)?);

    let ok = tour.steps.iter().all(|step| step.ok);
    let lines = |steps: &[Told]| steps.iter().map(Told::line).collect::<Vec<_>>().join("\n");
    let words = format!(
        "{}\n\nThe break-in of 2019, tried on this issuer over HTTP. The thief knows her\n\
         address, birth date, telephone number and password. What was wrong is not told.\n\n{}",
        lines(&tour.steps[..till]),
        lines(&tour.steps[till..])
    );
    output.answer(&words, &serde_json::json!({ "ok": ok, "steps": tour.steps }))?;
    if ok { Ok(()) } else { Err(Failure::No("the tour did not go as told".into())) }
}

struct Tour {
    stage: Stage,
    clock: Arc<TourClock>,
    steps: Vec<Told>,
}

impl Tour {
    fn signed_up(&mut self) {
        let codes = self.stage.recovery_codes;
        let happened = format!("mailed code, password, second factor, {codes} recovery codes");
        let expected = "mailed code, password, second factor, 10 recovery codes";
        self.tell("A shopper signs up", expected, happened);
    }

    fn at_the_till(&mut self) -> Result<(), Failure> {
        let code = self.code(Audience::AnyTill)?;
        let symbols = PaymentSymbols::new(code.digits().as_bytes())
            .map_err(|e| Failure::to("draw the code")(&e))?;
        let drawn = format!("{:?} and {:?}", symbols.code128, symbols.qr);
        let sizes = "Code 128 of 167 x 1 modules and QR code of 21 x 21 modules";
        self.tell("A barcode is made without a network", sizes, drawn);
        self.scan("It is scanned and paid", &code, false, None)?;
        self.scan("The same barcode again, a second later", &code, false, Some(Refusal::Used))?;

        let second = self.code(Audience::AnyTill)?;
        self.scan("A second purchase in the same half minute", &second, false, None)?;

        self.pass(30);
        let next = self.code(Audience::AnyTill)?;
        self.scan("Half a minute later, the next barcode", &next, false, None)?;
        Ok(())
    }

    fn thief(&mut self) -> Result<(), Failure> {
        self.pass(30);
        let bound = self.code(Audience::OneTill(self.stage.shop.till.clone()))?;
        let step = "A barcode for this till alone, copied and shown at another";
        self.scan(step, &bound, true, Some(Refusal::NotValid))?;
        self.scan("The same at its own till", &bound, false, None)?;

        self.pass(30);
        let photo = self.code(Audience::AnyTill)?;
        let mut guess = *photo.digits().as_bytes();
        guess[23] = b'0' + (guess[23] - b'0' + 1) % 10;
        let verdict = self.stage.shop.scan(&guess, &self.stage.shop.till, self.clock.now())?;
        self.judge(
            "A guess: the right barcode but for its last digit",
            verdict,
            Some(Refusal::NotValid),
        );
        self.pass(60);
        self.scan(
            "A photo of a barcode, used a minute later",
            &photo,
            false,
            Some(Refusal::NotValid),
        )
    }

    fn restart(mut self) -> Result<Self, Failure> {
        let before = self.code(Audience::AnyTill)?;
        self.stage = self.stage.restart()?;
        let after = self.code(Audience::AnyTill)?;
        let told = "a barcode never shown before";
        let happened =
            if after.counter() > before.counter() { told } else { "a barcode shown before" };
        self.tell(
            "The wallet is killed and started within the half minute",
            told,
            happened.to_owned(),
        );
        Ok(self)
    }

    fn clock_trouble(mut self) -> Result<Self, Failure> {
        // The issuer's clock goes right; the phone's jumps ahead.
        self.pass(600);
        let issuer = |tour: &Self| tour.clock.now().shifted(-600);
        let code = self.code(Audience::AnyTill)?;
        let till = self.stage.shop.till.clone();
        let verdict = self.stage.shop.scan(code.digits().as_bytes(), &till, issuer(&self))?;
        self.judge("The phone's clock is ten minutes ahead", verdict, Some(Refusal::NotValid));

        let now = issuer(&self);
        let device = self.clock.now();
        let (wallet, id) = self.stage.wallet();
        let failed = |e: tegata::Error| Failure::to("learn the time")(&e);
        wallet.payments().learn_time(id, now).map_err(failed)?;
        let status = wallet.payments().get(id).map_err(failed)?.clock_status(device);
        let told = |status| match status {
            ClockStatus::Fine => "the clock is fine".to_owned(),
            ClockStatus::Ahead(s) => format!("the clock is {s} s ahead"),
            ClockStatus::Behind(s) => format!("the clock is {s} s behind"),
            ClockStatus::SetBack(s) => format!("a barcode was shown {s} s later than now"),
        };
        let expected = told(ClockStatus::Ahead(600));
        self.tell(
            "The issuer's next answer carries its time, and the wallet says",
            &expected,
            told(status),
        );

        let code = self.code(Audience::AnyTill)?;
        let verdict = self.stage.shop.scan(code.digits().as_bytes(), &till, issuer(&self))?;
        self.judge("The next barcode is made by the issuer's time", verdict, None);
        Ok(self)
    }

    fn pass(&self, seconds: u64) {
        self.clock.pass(seconds);
    }

    fn code(&mut self, audience: Audience) -> Result<PaymentCode, Failure> {
        match self.stage.next_code(audience)? {
            NextCode::Code(code) => Ok(code),
            NextCode::Wait(seconds) => Err(Failure::No(format!(
                "the wallet wants to wait {seconds} s where the tour has a code"
            ))),
        }
    }

    fn scan(
        &mut self,
        step: &'static str,
        code: &PaymentCode,
        elsewhere: bool,
        refusal: Option<Refusal>,
    ) -> Result<(), Failure> {
        let shop = &self.stage.shop;
        let till = if elsewhere { &shop.other_till } else { &shop.till };
        let verdict = shop.scan(code.digits().as_bytes(), till, self.clock.now())?;
        self.judge(step, verdict, refusal);
        self.pass(1);
        Ok(())
    }

    fn judge(&mut self, step: &'static str, verdict: Verdict, refusal: Option<Refusal>) {
        let words = |refusal: Option<Refusal>| match refusal {
            None => "paid".to_owned(),
            Some(refusal) => format!("refused: {refusal}"),
        };
        let happened = match verdict {
            Verdict::Accepted { .. } => None,
            Verdict::Refused(refusal) => Some(refusal),
        };
        self.tell(step, &words(refusal), words(happened));
    }

    fn tell(&mut self, step: &'static str, expected: &str, happened: String) {
        self.steps.push(Told::new(step, expected, happened));
    }
}
