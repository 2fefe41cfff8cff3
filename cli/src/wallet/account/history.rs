//! `tegata wallet history`: payments, from the issuer or, if it cannot be reached, as stored in the wallet.

use clap::Args;
use serde_json::{Value, json};
use tegata::protocol::{AccountPayment, ListPayments, PaymentPage, PaymentState, format_amount};
use tegata::{PaymentHistory, UnixTime, Wallet};
use time::{OffsetDateTime, UtcOffset};

use super::requests::{account_failure, execute_in_session};
use crate::failure::{Failure, tell};
use crate::output::Output;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct History {
    /// Show one payment as a receipt: 1 is the newest.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    receipt: Option<u32>,
    /// Show all payments. Default: the newest hundred, which are also stored in the wallet.
    #[arg(long)]
    all: bool,
}

impl History {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        let mut wallet = files.open_unlocked()?;
        let (known, is_fresh) = match self.fetch(&mut wallet) {
            Ok(known) => (known, true),
            Err(failure) => {
                let stored = wallet.account().cached_payments().map_err(account_failure)?;
                let Some(stored) = stored else { return Err(failure) };
                tell(&format!("Showing stored payments: {failure}"));
                (stored, false)
            }
        };
        match self.receipt {
            Some(number) => receipt(&known, number, is_fresh, output),
            None => output.print(&describe(&known), &document(&known, is_fresh)),
        }
    }

    fn fetch(&self, wallet: &mut Wallet) -> Result<PaymentHistory, Failure> {
        let newest = execute_in_session(wallet, &ListPayments { before: None })?;
        let mut known = wallet.account().cache_payments(newest).map_err(account_failure)?;
        if self.all {
            fetch_earlier(wallet, &mut known.page)?;
        }
        Ok(known)
    }
}

/// Fetches all earlier payments.
pub(super) fn fetch_earlier(wallet: &mut Wallet, known: &mut PaymentPage) -> Result<(), Failure> {
    while known.earlier {
        let before = known.payments.last().map(|last| last.payment);
        let page: PaymentPage = execute_in_session(wallet, &ListPayments { before })?;
        known.earlier = page.earlier && !page.payments.is_empty();
        known.payments.extend(page.payments);
    }
    Ok(())
}

fn document(known: &PaymentHistory, is_fresh: bool) -> Value {
    let mut document = about(known, is_fresh);
    document["payments"] = json!(known.page.payments);
    document["earlier"] = known.page.earlier.into();
    document
}

/// The account and the time of the list, as JSON.
fn about(known: &PaymentHistory, is_fresh: bool) -> Value {
    json!({
        "account": known.profile.handle.address(), "issuer": known.profile.issuer.as_str(), "seen": known.fetched_at, "fresh": is_fresh,
        "decimals": known.page.decimals,
    })
}

fn describe(known: &PaymentHistory) -> String {
    let account = known.profile.handle.address();
    let seen = local_time(known.fetched_at);
    let page = &known.page;
    if page.payments.is_empty() {
        return format!("{account} has no payments yet, as of {seen}");
    }
    let mut lines = vec![format!("Payments of {account}, as of {seen}:")];
    for (number, payment) in (1_u32..).zip(&page.payments) {
        let AccountPayment { shop, time, state, .. } = payment;
        let amount = format_amount(payment.amount, payment.currency.as_str(), page.decimals);
        let time = local_time(*time);
        let state = describe_state(*state).0;
        lines.push(format!("{number:>4}  {time}  {amount:>12}  {state:<14}  {shop}"));
    }
    if page.earlier {
        lines.push("Show earlier ones with tegata wallet history --all".to_owned());
    }
    lines.join("\n")
}

fn receipt(
    known: &PaymentHistory,
    number: u32,
    is_fresh: bool,
    output: &Output,
) -> Result<(), Failure> {
    let page = &known.page;
    let place = usize::try_from(number - 1).unwrap_or(usize::MAX);
    let Some(payment) = page.payments.get(place) else {
        let there = page.payments.len();
        let all = if page.earlier { ": see --all" } else { "" };
        return Err(Failure::Failed(format!("there is no payment {number}, only {there}{all}")));
    };
    let amount = format_amount(payment.amount, payment.currency.as_str(), page.decimals);
    let (short, long) = describe_state(payment.state);
    let mut lines = vec![
        format!("Receipt of {} at {}", known.profile.handle.address(), known.profile.issuer),
        format!("Amount:     {amount}"),
        format!("Shop:       {}", payment.shop),
        format!("Time:       {}", local_time(payment.time)),
        format!("Reference:  {}", payment.reference.as_str()),
        format!("State:      {short}: {long}"),
    ];
    if payment.since != payment.time {
        lines.push(format!("Since:      {}", local_time(payment.since)));
    }
    lines.push(format!("Number:     {}", String::from(payment.payment)));
    if !is_fresh {
        lines.push(format!("As of:      {}", local_time(known.fetched_at)));
    }
    let mut document = about(known, is_fresh);
    document["payment"] = json!(payment);
    output.print(&lines.join("\n"), &document)
}

/// A payment's state in a word, and what it means.
fn describe_state(state: PaymentState) -> (&'static str, &'static str) {
    match state {
        PaymentState::Waiting => {
            ("pending", "it is not known yet whether your card was charged; check again soon")
        }
        PaymentState::Paid => ("paid", "your card was charged"),
        PaymentState::OverLimit => {
            ("declined", "it was over your limit for one payment or a day; nothing was charged")
        }
        PaymentState::Held => {
            ("declined", "your account was frozen or on hold; nothing was charged")
        }
        PaymentState::NotValid => {
            ("declined", "the code came from a revoked payment credential; nothing was charged")
        }
        PaymentState::CardDeclined => {
            ("declined", "there was no card or it was declined; nothing was charged")
        }
        PaymentState::BeingTakenBack => ("voiding", "it is being voided"),
        PaymentState::Cancelled => ("cancelled", "it was voided before your card was charged"),
        PaymentState::Refunded => ("refunded", "the money was refunded to your card"),
    }
}

/// A time in the local time zone, or in UTC if that is unknown.
pub(super) fn local_time(time: UnixTime) -> String {
    let seconds = i64::try_from(time.seconds()).unwrap_or(i64::MAX);
    let Ok(utc) = OffsetDateTime::from_unix_timestamp(seconds) else { return String::new() };
    let offset = UtcOffset::local_offset_at(utc).unwrap_or(UtcOffset::UTC);
    let at = utc.checked_to_offset(offset).unwrap_or(utc);
    let zone = if at.offset().is_utc() { " UTC" } else { "" };
    let month = u8::from(at.month());
    format!("{}-{month:02}-{:02} {:02}:{:02}{zone}", at.year(), at.day(), at.hour(), at.minute())
}
