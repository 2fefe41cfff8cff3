//! The tour: what goes well at a till, and what a thief gets. On a clock that it moves itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tegata::code::{Audience, ClockStatus, PaymentCode};
use tegata::symbol::PaymentSymbols;
use tegata::{Clock, NextCode, UnixTime};

use super::shop::{LIMIT, NOT_VALID, PAID, PRICE, Sale, Shop, Till, USED};
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

    /// Seconds that have passed since the tour began.
    fn moved(&self) -> u64 {
        self.0.load(Ordering::Relaxed).saturating_sub(OPENING)
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
    tour.after_reset()?;

    let ok = tour.steps.iter().all(|step| step.ok);
    let lines = |steps: &[Told]| steps.iter().map(Told::line).collect::<Vec<_>>().join("\n");
    let words = format!(
        "{}\n\nThe break-in of 2019, tried on this issuer over HTTP. The attacker knows the\n\
         shopper's address, birth date, telephone number and password. The issuer does\n\
         not say what was wrong.\n\n{}",
        lines(&tour.steps[..till]),
        lines(&tour.steps[till..])
    );
    // All the time that anybody waits in it: it is quick because nobody waits by another clock.
    let moved = tour.clock.moved();
    output.answer(&words, &serde_json::json!({ "ok": ok, "moved": moved, "steps": tour.steps }))?;
    if ok { Ok(()) } else { Err(Failure::No("a step of the tour failed".into())) }
}

/// The till where she pays.
fn till(shop: &Shop) -> &Till {
    &shop.till
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
        self.tell("A barcode is made offline", sizes, drawn);
        self.scan("It is scanned and its card is charged", &code, PAID)?;
        self.scan("The same barcode again, a second later", &code, USED)?;

        let second = self.code(Audience::AnyTill)?;
        self.scan("A second purchase in the same half minute", &second, PAID)?;

        self.pass(30);
        let next = self.code(Audience::AnyTill)?;
        let sale = self.stage.shop.sale(PRICE);
        let step = "Half a minute later, the next barcode";
        self.sell(step, next.digits().as_bytes(), till, &sale, PAID)?;
        let happened = self.stage.shop.void(&self.stage.shop.till, &sale)?;
        self.tell("The cashier voids it", "refunded", happened);

        let last = self.code(Audience::AnyTill)?;
        let dear = self.stage.shop.sale(6_000);
        let step = "6,000 yen on the first day of a device";
        self.sell(step, last.digits().as_bytes(), till, &dear, LIMIT)
    }

    fn thief(&mut self) -> Result<(), Failure> {
        self.pass(30);
        let bound = self.code(Audience::OneTill(self.stage.shop.till.id.clone()))?;
        let sale = self.stage.shop.sale(PRICE);
        let step = "A barcode for this till only, copied and shown at another";
        let bytes = bound.digits().as_bytes();
        self.sell(step, bytes, |shop| &shop.other_till, &sale, NOT_VALID)?;
        self.scan("The same barcode at its own till", &bound, PAID)?;

        self.pass(30);
        let photo = self.code(Audience::AnyTill)?;
        let mut guess = *photo.digits().as_bytes();
        guess[23] = b'0' + (guess[23] - b'0' + 1) % 10;
        let sale = self.stage.shop.sale(PRICE);
        let step = "A guess: the right barcode with another last digit";
        self.sell(step, &guess, till, &sale, NOT_VALID)?;
        self.pass(60);
        self.scan("A photo of a barcode, used a minute later", &photo, NOT_VALID)
    }

    fn restart(mut self) -> Result<Self, Failure> {
        let before = self.code(Audience::AnyTill)?;
        self.stage = self.stage.restart()?;
        let after = self.code(Audience::AnyTill)?;
        let told = "a barcode never shown before";
        let happened =
            if after.counter() > before.counter() { told } else { "a barcode shown before" };
        self.tell(
            "The wallet is killed and restarted within the half minute",
            told,
            happened.to_owned(),
        );
        Ok(self)
    }

    fn clock_trouble(mut self) -> Result<Self, Failure> {
        // The issuer's clock goes right; the phone's jumps ahead.
        self.stage.phone.jump(600);
        let code = self.code(Audience::AnyTill)?;
        self.scan("The phone's clock is ten minutes ahead", &code, NOT_VALID)?;

        let status = self.stage.provision_again()?;
        let told = |status| match status {
            ClockStatus::Fine => "the clock is fine".to_owned(),
            ClockStatus::Ahead(s) => format!("the clock is {s} s ahead"),
            ClockStatus::Behind(s) => format!("the clock is {s} s behind"),
            ClockStatus::SetBack(s) => format!("a barcode was shown {s} s later than now"),
        };
        let expected = told(ClockStatus::Ahead(600));
        let step = "A new credential comes with the issuer's time, and the wallet reports";
        self.tell(step, &expected, told(status));

        let code = self.code(Audience::AnyTill)?;
        self.scan("The next barcode is made by the issuer's time", &code, PAID)?;
        self.stage.phone.jump(-600);
        Ok(self)
    }

    /// What she paid with before is worth nothing, whoever set the new password; logged in, she has it made anew.
    fn after_reset(&mut self) -> Result<(), Failure> {
        let before = self.code(Audience::AnyTill)?;
        self.scan("A barcode from before the reset", &before, NOT_VALID)?;
        self.stage.provision_again()?;
        let after = self.code(Audience::AnyTill)?;
        self.scan("One from the credential provisioned now", &after, PAID)
    }

    fn pass(&self, seconds: u64) {
        self.clock.pass(seconds);
    }

    fn code(&mut self, audience: Audience) -> Result<PaymentCode, Failure> {
        match self.stage.next_code(audience)? {
            NextCode::Code(code) => Ok(code),
            NextCode::Wait(seconds) => Err(Failure::No(format!(
                "the wallet asks to wait {seconds} s where the tour expects a code"
            ))),
        }
    }

    /// A sale of the usual price at the first till.
    fn scan(
        &mut self,
        step: &'static str,
        code: &PaymentCode,
        expected: &str,
    ) -> Result<(), Failure> {
        let sale = self.stage.shop.sale(PRICE);
        self.sell(step, code.digits().as_bytes(), till, &sale, expected)?;
        self.pass(1);
        Ok(())
    }

    fn sell(
        &mut self,
        step: &'static str,
        code: &[u8],
        at: fn(&Shop) -> &Till,
        sale: &Sale,
        expected: &str,
    ) -> Result<(), Failure> {
        let shop = &self.stage.shop;
        let (_, happened) = shop.scan(code, at(shop), sale)?;
        self.tell(step, expected, happened);
        Ok(())
    }

    fn tell(&mut self, step: &'static str, expected: &str, happened: String) {
        self.steps.push(Told::new(step, expected, happened));
    }
}
