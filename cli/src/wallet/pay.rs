//! `tegata wallet pay`: the barcode for the till.

use serde_json::json;
use tegata::code::{Audience, ClockStatus, PaymentCode, TillId};
use tegata::symbol::PaymentSymbols;
use tegata::vault::Unlocked;
use tegata::{Clock, NextCode, Payment, SystemClock, Wallet};

use super::items::{self, Item};
use crate::failure::Failure;
use crate::output::Output;
use crate::screen::{self, Live};

pub(super) fn run(
    mut wallet: Wallet,
    leave: Unlocked,
    name: Option<&str>,
    till: Option<TillId>,
    output: &Output,
) -> Result<(), Failure> {
    let payment = choose(&mut wallet, name)?;
    let title = format!("Tegata · {}", payment.label);
    let mut counter = Pay { wallet, leave, payment, till, title };
    if output.is_live() {
        screen::run(&mut counter, output.is_coloured())?;
    } else {
        once(&mut counter, output)?;
    }
    counter.wallet.close().map_err(|e| Failure::to("close the wallet")(&e))
}

fn choose(wallet: &mut Wallet, name: Option<&str>) -> Result<Payment, Failure> {
    if let Some(name) = name {
        return match items::find(wallet, name)? {
            Item::Payment(payment) => Ok(payment),
            Item::Otp(_) => Err(Failure::No(
                "that is a one-time password: tegata wallet show has its code".into(),
            )),
            Item::Pass(..) => {
                Err(Failure::No("that is a pass: tegata wallet show draws it".into()))
            }
        };
    }
    let mut all = wallet.payments().list().map_err(|e| Failure::to("read the wallet")(&e))?;
    match (all.pop(), all.is_empty()) {
        (Some(payment), true) => Ok(payment),
        (Some(_), false) => Err(Failure::Usage(
            "several payment credentials are here: say which, tegata wallet list shows their ids"
                .into(),
        )),
        (None, _) => Err(Failure::No(
            "no payment credential is here: tegata wallet add payment stores one".into(),
        )),
    }
}

/// One code, for a pipe or a script.
fn once(pay: &mut Pay, output: &Output) -> Result<(), Failure> {
    match pay.next(pay.offer())? {
        NextCode::Code(code) => {
            let symbols = PaymentSymbols::new(code.digits().as_bytes())
                .map_err(|e| Failure::to("draw the code")(&e))?;
            let document = json!({
                "code": code.digits().as_str(), "counter": code.counter().number(),
                "valid_from": code.valid_from(), "valid_until": code.valid_until(), "next_at": code.next_at(),
            });
            output.answer(&printed(&code, &symbols, output), &document)
        }
        NextCode::Wait(seconds) => Err(Failure::No(format!(
            "all five codes of this half minute have been shown: the next comes in {seconds} s"
        ))),
    }
}

fn printed(code: &PaymentCode, symbols: &PaymentSymbols, output: &Output) -> String {
    let draw = |symbol| output.drawing(symbol);
    format!("{}\n\n{}\n\n{}", draw(&symbols.code128), draw(&symbols.qr), code.groups())
}

struct Pay {
    wallet: Wallet,
    leave: Unlocked,
    payment: Payment,
    till: Option<TillId>,
    title: String,
}

impl Live for Pay {
    fn title(&self) -> &str {
        &self.title
    }

    fn now(&self) -> u64 {
        self.payment.time(SystemClock.now()).seconds()
    }

    fn clock(&self) -> ClockStatus {
        self.payment.clock_status(SystemClock.now())
    }

    fn next(&mut self, audience: Audience) -> Result<NextCode, Failure> {
        let mut payments = self.wallet.payments();
        let failed = |e: tegata::Error| Failure::to("make a code")(&e);
        let next = payments.next_code(&self.leave, &self.payment.id, audience).map_err(failed)?;
        self.payment = payments.get(&self.payment.id).map_err(failed)?;
        Ok(next)
    }

    fn offer(&self) -> Audience {
        self.till.clone().map_or(Audience::AnyTill, Audience::OneTill)
    }

    fn till(&self) -> Option<TillId> {
        self.till.clone()
    }
}
