//! `tegata wallet devices`: lists devices and sessions, forgets and ends them.

use clap::Args;
use serde_json::json;
use tegata::protocol::{
    AccountOverview, ConfirmCredential, DeviceNumber, DeviceStatus, EndSessions, ForgetDevice,
    GetAccount, SessionNumber,
};
use tegata::protocol::{DeviceId, SessionId};
use tegata::{Clock, SystemClock, UnixTime, Wallet};

use super::account_args::AccountArgs;
use super::requests::{ExecuteError, account_failure, execute, execute_in_session};
use crate::failure::Failure;
use crate::issuer_client::IssuerClient;
use crate::output::Output;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
#[group(multiple = false)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "options of the command line, of which one is given"
)]
pub(crate) struct Devices {
    /// Forget a device: its sessions end, and it needs the second factor to log in again.
    #[arg(long, value_name = "ID", value_parser = device_id, allow_hyphen_values = true)]
    forget: Option<DeviceId>,
    /// End a session.
    #[arg(long, value_name = "SESSION")]
    end: Option<u32>,
    /// End all other sessions.
    #[arg(long)]
    end_others: bool,
    /// Have another phone pay at once in place of this one, which it would after a day.
    #[arg(long)]
    confirm_payments: bool,
    /// Log out on this device. Needs no PIN.
    #[arg(long)]
    log_out: bool,
    /// Show what this device is told of its account without the PIN: whether it is logged in, whether the account is
    /// frozen, and a new device.
    #[arg(long)]
    this: bool,
}

fn device_id(text: &str) -> Result<DeviceId, String> {
    DeviceId::try_from(text.to_owned()).map_err(|error| error.to_string())
}

impl Devices {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        if self.log_out || self.this {
            return self.run_locked(files, output);
        }
        let mut wallet = files.open_unlocked()?;
        if let Some(device) = self.forget {
            execute_in_session(&mut wallet, &ForgetDevice { device: DeviceNumber(device) })?;
            output
                .print(&format!("{device}: forgotten"), &json!({ "forgotten": device.to_string() }))
        } else if let Some(number) = self.end {
            let session = Some(SessionNumber(SessionId(number)));
            execute_in_session(&mut wallet, &EndSessions { session })?;
            output.print(&format!("session {number}: ended"), &json!({ "ended": number }))
        } else if self.confirm_payments {
            execute_in_session(&mut wallet, &ConfirmCredential {})?;
            output.print("confirmed: the other phone pays now", &json!({ "confirmed": true }))
        } else if self.end_others {
            execute_in_session(&mut wallet, &EndSessions { session: None })?;
            output.print("all other sessions: ended", &json!({ "ended": "others" }))
        } else {
            let view = execute_in_session(&mut wallet, &GetAccount {})?;
            output.print(&describe(&view, SystemClock.now()), &view)
        }
    }
}

impl Devices {
    /// Does what needs no session: the device signs for it.
    fn run_locked(&self, files: &WalletFiles, output: &Output) -> Result<(), Failure> {
        let (mut wallet, profile) = AccountArgs::of_wallet().open_locked(files)?;
        let client = IssuerClient::new(&profile.issuer)?;
        if self.log_out {
            return log_out(&mut wallet, &client, output);
        }
        let status = execute(wallet.account().device_status(), &client, &mut wallet)?;
        output.print(&describe_status(&status, SystemClock.now()), &status)
    }
}

fn describe_status(status: &DeviceStatus, now: UnixTime) -> String {
    let mut lines = vec![if status.logged_in { "logged in" } else { "not logged in" }.to_owned()];
    if status.frozen {
        lines.push("frozen: no payments; unfreeze with tegata wallet freeze --lift".into());
    }
    if status.stopped {
        lines.push("the issuer has stopped payments for now".into());
    }
    if let Some(from) = status.new_credential {
        let from = ago(from, now);
        lines.push(format!(
            "another phone pays {from} in place of this one: confirm it with tegata wallet devices \
             --confirm-payments, or stop it with tegata wallet freeze"
        ));
    }
    if let Some(since) = status.new_device {
        let since = ago(since, now);
        lines.push(format!("new device {since}: if it is not yours, tegata wallet freeze"));
    }
    lines.join("\n")
}

/// Discards the session in the wallet whether or not the issuer can be reached.
fn log_out(wallet: &mut Wallet, client: &IssuerClient, output: &Output) -> Result<(), Failure> {
    let ended = execute(wallet.account().end_device_sessions(), client, wallet);
    wallet.account().discard_session().map_err(account_failure)?;
    match ended {
        Err(ExecuteError::Issuer(error)) if error.refusal().is_none() => {
            Err(Failure::Failed(format!(
                "logged out here, but the issuer was not notified: {error}; its session expires by itself"
            )))
        }
        Err(ExecuteError::Local(failure)) => Err(failure),
        _ => output.print("logged out", &json!({ "logged_in": false })),
    }
}

fn describe(view: &AccountOverview, now: UnixTime) -> String {
    let mut lines = vec![view.address.address().to_owned()];
    let this = |is| if is { ", this one" } else { "" };
    for device in &view.devices {
        let id = device.device.0;
        let name = String::from(device.name.clone());
        lines.push(format!(
            "device {id}  {name}, known since {}{}",
            ago(device.since, now),
            this(device.this)
        ));
        for session in view.sessions.iter().filter(|session| session.device == device.device) {
            let number = session.session.0.0;
            let since = ago(session.since, now);
            let seen = ago(session.seen, now);
            let this = this(session.this);
            lines.push(format!("  session {number}, made {since}, last seen {seen}{this}"));
        }
    }
    lines.push(format!("{} recovery codes left", view.recovery_codes_left));
    if view.must_enrol {
        lines.push("a new second factor is required: tegata wallet second-factor".into());
    }
    if view.frozen {
        lines.push("frozen: no payments; unfreeze with tegata wallet freeze --lift".into());
    }
    if let Some(closing) = view.closing {
        lines.push(format!("to be deleted {}", ago(closing, now)));
    }
    lines.join("\n")
}

/// The time from now, in the largest unit that fits.
fn ago(at: UnixTime, now: UnixTime) -> String {
    let seconds = now.seconds().abs_diff(at.seconds());
    let (count, unit) = match seconds {
        0..60 => return "just now".into(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let many = if count == 1 { "" } else { "s" };
    let length = format!("{count} {unit}{many}");
    if at < now { format!("{length} ago") } else { format!("in {length}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_use_the_largest_unit_that_fits() {
        let now = UnixTime::new(1_800_000_000).unwrap();
        let text = |seconds| ago(now.shifted(seconds), now);
        assert_eq!(text(0), "just now");
        assert_eq!(text(-59), "just now");
        assert_eq!(text(-60), "1 minute ago");
        assert_eq!(text(-7_200), "2 hours ago");
        assert_eq!(text(-86_400 * 3), "3 days ago");
        assert_eq!(text(86_400 * 7), "in 7 days");
    }
}
