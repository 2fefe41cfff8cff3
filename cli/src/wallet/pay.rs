//! `tegata wallet pay`: shows the payment barcode for the till.

use serde_json::json;
use tegata::code::{Audience, ClockStatus, TillCard, TillCardError, TillId};
use tegata::symbol::PaymentSymbols;
use tegata::text::escape;
use tegata::vault::PaymentUnlock;
use tegata::{Clock, Error, NextCode, PaymentCredentialInfo, SystemClock, Wallet};

use super::items::{self, Item};
use crate::failure::Failure;
use crate::output::Output;
use crate::screen::{self, CodeSource};
use crate::secret::SecretSource;

pub(super) fn run(
    mut wallet: Wallet,
    unlock: PaymentUnlock,
    name: Option<&str>,
    till: Option<&SecretSource>,
    output: &Output,
) -> Result<(), Failure> {
    let payment = choose(&mut wallet, name)?;
    let till = till.map(|till| Till::read(till, &mut wallet, &payment)).transpose()?;
    let mut title = format!("Tegata · {}", escape(&payment.label));
    if let Some(Till::Card(card)) = &till {
        title = format!("{title} · {}", card.shop());
    }
    let mut source = WalletScreen { wallet, unlock, payment, till, title };
    if output.is_live() {
        screen::run(&mut source, output.is_coloured())?;
    } else {
        print_once(&mut source, output)?;
    }
    source.wallet.close().map_err(|e| Failure::cannot("close the wallet")(&e))
}

fn choose(wallet: &mut Wallet, name: Option<&str>) -> Result<PaymentCredentialInfo, Failure> {
    if let Some(name) = name {
        return match items::find(wallet, name)? {
            Item::Payment(payment) => Ok(payment),
            Item::Otp(_) => Err(Failure::Failed(
                "this is a one-time password: tegata wallet show shows its code".into(),
            )),
            Item::Pass(..) => {
                Err(Failure::Failed("this is a pass: tegata wallet show draws it".into()))
            }
        };
    }
    let mut all = wallet.payments().list().map_err(|e| Failure::cannot("read the wallet")(&e))?;
    match (all.pop(), all.is_empty()) {
        (Some(payment), true) => Ok(payment),
        (Some(_), false) => Err(Failure::Usage(
            "there are several payment credentials: give one; tegata wallet list shows their ids"
                .into(),
        )),
        (None, _) => Err(Failure::Failed(
            "there is no payment credential: add one with tegata wallet add payment".into(),
        )),
    }
}

/// The only till that a code is valid at.
enum Till {
    /// A till id, which cannot be verified.
    Id(TillId),
    /// A till card signed by its issuer.
    Card(TillCard),
}

impl Till {
    fn read(
        source: &SecretSource,
        wallet: &mut Wallet,
        payment: &PaymentCredentialInfo,
    ) -> Result<Self, Failure> {
        let text = source.read("the till's card")?;
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        match wallet.payments().read_till_card(&payment.id, &text) {
            Ok(card) => Ok(Self::Card(card)),
            Err(Error::TillCard(TillCardError::Malformed)) => Err(Failure::Usage(
                "not a till id, and not a till card, which begins with tegata-till: and must be complete"
                    .into(),
            )),
            Err(error @ Error::TillCard(_)) => {
                Err(Failure::Failed(format!("{error}; no code was made")))
            }
            Err(Error::NotFound) => Err(Failure::Failed(
                "cannot verify till cards: this credential has no issuer key".into(),
            )),
            Err(error) => Err(Failure::cannot("read the till's card")(&error)),
        }
    }

    fn id(&self) -> TillId {
        match self {
            Self::Id(id) => id.clone(),
            Self::Card(card) => card.till().clone(),
        }
    }

    /// The till, for display.
    fn words(&self) -> String {
        match self {
            Self::Id(id) => format!("For the till {id} only"),
            Self::Card(card) => format!("For {} only, its till {}", card.shop(), card.till()),
        }
    }

    fn document(&self) -> serde_json::Value {
        match self {
            Self::Id(id) => json!({ "till": id.as_str() }),
            Self::Card(card) => json!({
                "till": card.till().as_str(), "shop": card.shop().as_str(), "issuer": card.issuer().as_str(),
            }),
        }
    }
}

/// Prints one code, for a pipe or a script.
fn print_once(pay: &mut WalletScreen, output: &Output) -> Result<(), Failure> {
    match pay.next(pay.offer())? {
        NextCode::Code(code) => {
            let symbols = PaymentSymbols::new(code.digits().as_bytes())
                .map_err(|e| Failure::cannot("draw the code")(&e))?;
            let mut document = json!({
                "code": code.digits().as_str(), "counter": code.counter().number(),
                "valid_from": code.valid_from(), "valid_until": code.valid_until(), "next_at": code.next_at(),
            });
            let drawing = draw_code(&symbols, output);
            let mut words = format!("\n{}", code.groups());
            if let Some(till) = &pay.till {
                document["for"] = till.document();
                words = format!("{words}\n\n{}", till.words());
            }
            output.print_drawing(["", &drawing, &words], &document)
        }
        NextCode::Wait(seconds) => Err(Failure::Failed(format!(
            "all five codes of this half minute were shown: next one in {seconds} s"
        ))),
    }
}

fn draw_code(symbols: &PaymentSymbols, output: &Output) -> String {
    format!("{}\n\n{}", output.draw(&symbols.code128), output.draw(&symbols.qr))
}

struct WalletScreen {
    wallet: Wallet,
    unlock: PaymentUnlock,
    payment: PaymentCredentialInfo,
    till: Option<Till>,
    title: String,
}

impl CodeSource for WalletScreen {
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
        let failed = |e: tegata::Error| Failure::cannot("make a code")(&e);
        let next = payments.next_code(&self.unlock, &self.payment.id, audience).map_err(failed)?;
        self.payment = payments.get(&self.payment.id).map_err(failed)?;
        Ok(next)
    }

    fn offer(&self) -> Audience {
        self.till().map_or(Audience::AnyTill, Audience::OneTill)
    }

    fn till(&self) -> Option<TillId> {
        self.till.as_ref().map(Till::id)
    }
}
