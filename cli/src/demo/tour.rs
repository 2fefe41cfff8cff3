//! The tour: payments at a till and attacks on them, on a clock that it moves itself.

use std::sync::Arc;

use tegata::NextCode;
use tegata::code::{Audience, ClockStatus, PaymentCode};
use tegata::symbol::PaymentSymbols;

use super::clocks::TourClock;
use super::demo_session::DemoSession;
use super::demo_tills::{DemoTills, LIMIT, NOT_VALID, PAID, PRICE, Sale, Till, USED};
use super::step_result::StepResult;
use crate::failure::Failure;
use crate::output::Output;

/// Runs the tour and prints its steps. If one of them fails, the command fails after all are printed.
pub(super) fn run(output: &Output) -> Result<(), Failure> {
    let clock = Arc::new(TourClock::new());
    let mut tour = Tour { session: DemoSession::start(clock.clone())?, clock, steps: Vec::new() };
    tour.record_sign_up();
    tour.pay_at_till()?;
    tour.attack_at_till()?;
    let mut tour = tour.restart()?.fix_wrong_clock()?;
    let till = tour.steps.len();
    tour.steps.extend(tour.session.break_in(&tour.clock)?);
    tour.pay_after_reset()?;

    let ok = tour.steps.iter().all(|step| step.ok);
    let lines =
        |steps: &[StepResult]| steps.iter().map(StepResult::line).collect::<Vec<_>>().join("\n");
    let words = format!(
        "{}\n\nThe break-in of 2019, tried on this issuer over HTTP. The attacker knows the\n\
         shopper's address, birth date, telephone number and password. The issuer does\n\
         not say what was wrong.\n\n{}",
        lines(&tour.steps[..till]),
        lines(&tour.steps[till..])
    );
    // All waiting is on this clock, so the tour takes no real time.
    let moved = tour.clock.moved();
    output.print(&words, &serde_json::json!({ "ok": ok, "moved": moved, "steps": tour.steps }))?;
    if ok { Ok(()) } else { Err(Failure::Failed("a step of the tour failed".into())) }
}

/// The till where the shopper pays.
fn till(tills: &DemoTills) -> &Till {
    &tills.till
}

struct Tour {
    session: DemoSession,
    clock: Arc<TourClock>,
    steps: Vec<StepResult>,
}

impl Tour {
    fn record_sign_up(&mut self) {
        let codes = self.session.recovery_codes;
        let happened = format!("mailed code, password, second factor, {codes} recovery codes");
        let expected = "mailed code, password, second factor, 10 recovery codes";
        self.record("A shopper signs up", expected, happened);
    }

    fn pay_at_till(&mut self) -> Result<(), Failure> {
        let code = self.code(Audience::AnyTill)?;
        let symbols = PaymentSymbols::new(code.digits().as_bytes())
            .map_err(|e| Failure::cannot("draw the code")(&e))?;
        let drawn = format!("{:?} and {:?}", symbols.code128, symbols.qr);
        let sizes = "Code 128 of 167 x 1 modules and QR code of 21 x 21 modules";
        self.record("A barcode is made offline", sizes, drawn);
        self.scan("It is scanned and its card is charged", &code, PAID)?;
        self.scan("The same barcode again, a second later", &code, USED)?;

        let second = self.code(Audience::AnyTill)?;
        self.scan("A second purchase in the same half minute", &second, PAID)?;

        self.advance(30);
        let next = self.code(Audience::AnyTill)?;
        let sale = self.session.tills.sale(PRICE);
        let step = "Half a minute later, the next barcode";
        self.sell(step, next.digits().as_bytes(), till, &sale, PAID)?;
        let happened = self.session.tills.void(&self.session.tills.till, &sale)?;
        self.record("The cashier voids it", "refunded", happened);

        let last = self.code(Audience::AnyTill)?;
        let dear = self.session.tills.sale(6_000);
        let step = "6,000 yen on the first day of a device";
        self.sell(step, last.digits().as_bytes(), till, &dear, LIMIT)
    }

    fn attack_at_till(&mut self) -> Result<(), Failure> {
        self.advance(30);
        let bound = self.code(Audience::OneTill(self.session.tills.till.id.clone()))?;
        let sale = self.session.tills.sale(PRICE);
        let step = "A barcode for this till only, copied and shown at another";
        let bytes = bound.digits().as_bytes();
        self.sell(step, bytes, |tills| &tills.other_till, &sale, NOT_VALID)?;
        self.scan("The same barcode at its own till", &bound, PAID)?;

        self.advance(30);
        let photo = self.code(Audience::AnyTill)?;
        let mut guess = *photo.digits().as_bytes();
        guess[23] = b'0' + (guess[23] - b'0' + 1) % 10;
        let sale = self.session.tills.sale(PRICE);
        let step = "A guess: the right barcode with another last digit";
        self.sell(step, &guess, till, &sale, NOT_VALID)?;
        self.advance(60);
        self.scan("A photo of a barcode, used a minute later", &photo, NOT_VALID)
    }

    fn restart(mut self) -> Result<Self, Failure> {
        let before = self.code(Audience::AnyTill)?;
        self.session = self.session.restart()?;
        let after = self.code(Audience::AnyTill)?;
        let results = "a barcode never shown before";
        let happened =
            if after.counter() > before.counter() { results } else { "a barcode shown before" };
        self.record(
            "The wallet is killed and restarted within the half minute",
            results,
            happened.to_owned(),
        );
        Ok(self)
    }

    fn fix_wrong_clock(mut self) -> Result<Self, Failure> {
        // The issuer's clock is right; the phone's jumps ahead.
        self.session.phone.jump(600);
        let code = self.code(Audience::AnyTill)?;
        self.scan("The phone's clock is ten minutes ahead", &code, NOT_VALID)?;

        let status = self.session.provision_again()?;
        let results = |status| match status {
            ClockStatus::Fine => "the clock is fine".to_owned(),
            ClockStatus::Ahead(s) => format!("the clock is {s} s ahead"),
            ClockStatus::Behind(s) => format!("the clock is {s} s behind"),
            ClockStatus::SetBack(s) => format!("a barcode was shown {s} s later than now"),
        };
        let expected = results(ClockStatus::Ahead(600));
        let step = "A new credential comes with the issuer's time, and the wallet reports";
        self.record(step, &expected, results(status));

        let code = self.code(Audience::AnyTill)?;
        self.scan("The next barcode is made by the issuer's time", &code, PAID)?;
        self.session.phone.jump(-600);
        Ok(self)
    }

    /// A reset voids the payment credential; after a log-in the shopper provisions another.
    fn pay_after_reset(&mut self) -> Result<(), Failure> {
        let before = self.code(Audience::AnyTill)?;
        self.scan("A barcode from before the reset", &before, NOT_VALID)?;
        self.session.provision_again()?;
        let after = self.code(Audience::AnyTill)?;
        self.scan("One from the credential provisioned now", &after, PAID)
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(seconds);
    }

    fn code(&mut self, audience: Audience) -> Result<PaymentCode, Failure> {
        match self.session.next_code(audience)? {
            NextCode::Code(code) => Ok(code),
            NextCode::Wait(seconds) => Err(Failure::Failed(format!(
                "the wallet asks to wait {seconds} s where the tour expects a code"
            ))),
        }
    }

    /// Scans a code for a sale of the usual price at the first till.
    fn scan(
        &mut self,
        step: &'static str,
        code: &PaymentCode,
        expected: &str,
    ) -> Result<(), Failure> {
        let sale = self.session.tills.sale(PRICE);
        self.sell(step, code.digits().as_bytes(), till, &sale, expected)?;
        self.advance(1);
        Ok(())
    }

    fn sell(
        &mut self,
        step: &'static str,
        code: &[u8],
        at: fn(&DemoTills) -> &Till,
        sale: &Sale,
        expected: &str,
    ) -> Result<(), Failure> {
        let tills = &self.session.tills;
        let (_, happened) = tills.scan(code, at(tills), sale)?;
        self.record(step, expected, happened);
        Ok(())
    }

    fn record(&mut self, step: &'static str, expected: &str, happened: String) {
        self.steps.push(StepResult::new(step, expected, happened));
    }
}
