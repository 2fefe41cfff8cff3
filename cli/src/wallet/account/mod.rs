//! The wallet's account at an issuer: `sign-up`, `log-in`, `second-factor`, `reset`, `devices`, `address`, `cards`,
//! `history`, `my-data`, `freeze`, `close`, `keep`.

mod address;
mod cards;
mod deletion;
mod devices;
mod factor;
mod freeze;
mod history;
mod log_in;
mod my_data;
pub(super) mod provision;
mod reset;
mod second_factor;
mod sign_up;

use clap::Args;
use tegata::protocol::Handle;
use tegata::protocol::{DeviceName, MailedCodeText, PasswordText, RecoveryCode, SessionCall};
use tegata::{AccountProfile, Error, IssuerAddress, PendingRequest, SplitSession, Wallet};
use zeroize::Zeroizing;

pub(crate) use self::address::Address;
pub(crate) use self::cards::Cards;
pub(crate) use self::deletion::{Close, Keep};
pub(crate) use self::devices::Devices;
pub(crate) use self::factor::Given;
pub(crate) use self::freeze::Freeze;
pub(crate) use self::history::History;
pub(crate) use self::log_in::LogIn;
pub(crate) use self::my_data::MyData;
pub(crate) use self::reset::Reset;
pub(crate) use self::second_factor::SecondFactor;
pub(crate) use self::sign_up::SignUp;
use super::files::{AGAIN, WalletFiles};
use crate::failure::Failure;
use crate::issuer_client::{IssuerClient, RequestError};
use crate::secret::{SecretSource, prompt_hidden, prompt_visible};

/// How often a person is asked for the same thing. The issuer counts tries, too.
const TRIES: u32 = 5;

/// Whose account, and where.
#[derive(Debug, Args)]
pub(crate) struct Who {
    /// The account's e-mail address. Default: the account that this wallet knows.
    address: Option<Handle>,
    /// The issuer's URL: https, or http to this machine. Default: this wallet's issuer.
    #[arg(long, value_name = "URL")]
    issuer: Option<IssuerAddress>,
    /// This device's name in the issuer's mails. Default: the name it has, or "a terminal".
    #[arg(long, value_name = "NAME", value_parser = device_name)]
    device_name: Option<DeviceName>,
}

fn device_name(text: &str) -> Result<DeviceName, String> {
    DeviceName::try_from(text.to_owned()).map_err(|error| error.to_string())
}

impl Who {
    /// That of the account which the wallet knows.
    fn known() -> Self {
        Self { address: None, issuer: None, device_name: None }
    }

    /// The wallet, opened, and whose account it is to be about.
    fn open(&self, files: &WalletFiles) -> Result<(Wallet, AccountProfile), Failure> {
        let mut wallet = files.open()?;
        let at = self.at(&mut wallet)?;
        Ok((wallet, at))
    }

    /// All of it, from what was said and what the wallet knows.
    fn at(&self, wallet: &mut Wallet) -> Result<AccountProfile, Failure> {
        let known = wallet.account().get().map_err(unreadable)?;
        let logged_in = known.as_ref().is_some_and(|known| known.logged_in);
        let known = known.map(|known| known.profile);
        let (handle, issuer, name) = known.clone().map_or((None, None, None), |known| {
            (Some(known.handle), Some(known.issuer), Some(known.device_name))
        });
        let missing =
            |what: &str| Failure::Usage(format!("this wallet has no account: give {what}"));
        let handle = self.address.clone().or(handle).ok_or_else(|| missing("the address"))?;
        let issuer = self.issuer.clone().or(issuer).ok_or_else(|| missing("--issuer URL"))?;
        let device_name = self.device_name.clone().or(name);
        let device_name = device_name.map_or_else(default_name, Ok)?;
        let at = AccountProfile { handle, issuer, device_name };
        match known {
            Some(known) if logged_in && !same_account(&known, &at) => {
                Err(Failure::Failed(format!(
                    "this wallet is logged in as {} at {}: run tegata wallet devices --log-out \
                 first, or use another --vault",
                    known.handle.address(),
                    known.issuer
                )))
            }
            _ => Ok(at),
        }
    }
}

fn default_name() -> Result<DeviceName, Failure> {
    device_name("a terminal").map_err(Failure::Failed)
}

fn same_account(a: &AccountProfile, b: &AccountProfile) -> bool {
    (&a.handle, &a.issuer) == (&b.handle, &b.issuer)
}

fn unreadable(error: Error) -> Failure {
    match error {
        Error::NotLoggedIn => Failure::Failed(format!("{error}: tegata wallet log-in")),
        error => Failure::cannot("use the wallet's account")(&error),
    }
}

/// A request that could be made, carried, and its answer taken by the wallet.
fn carried<A: SplitSession>(
    asked: Result<PendingRequest<A>, Error>,
    client: &IssuerClient,
    wallet: &mut Wallet,
) -> Result<A::Rest, Trouble> {
    let asked = asked.map_err(unreadable)?;
    let response = client.send(asked.envelope())?;
    wallet.account().complete(&asked, &response).map_err(Trouble::of)
}

/// A request in the wallet's session, carried to the issuer that gave it.
fn in_session<C: SessionCall<Answer: SplitSession>>(
    wallet: &mut Wallet,
    call: &C,
) -> Result<<C::Answer as SplitSession>::Rest, Trouble> {
    let asked = wallet.account().session_request(call).map_err(unreadable)?;
    let response = IssuerClient::new(asked.issuer())?.send(asked.envelope())?;
    wallet.account().complete(&asked, &response).map_err(Trouble::of)
}

/// What kept a request from its answer.
enum Trouble {
    /// The issuer, or the way to it.
    There(RequestError),
    /// This side.
    Here(Failure),
}

impl Trouble {
    /// What the wallet made of a response.
    fn of(error: Error) -> Self {
        RequestError::from_wallet(error)
            .map_or_else(|error| Self::Here(unreadable(error)), Self::There)
    }
}

impl From<RequestError> for Trouble {
    fn from(no: RequestError) -> Self {
        Self::There(no)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Here(failure)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::There(no) => no.into(),
            Trouble::Here(failure) => failure,
        }
    }
}

/// Asks and tries. Whoever typed it at a prompt may try again when it was not right; a file says the same each time.
fn asking<T>(
    sources: &[Option<&SecretSource>],
    mut attempt: impl FnMut() -> Result<T, Trouble>,
) -> Result<T, Failure> {
    let typed = sources.iter().any(Option::is_none);
    for left in (1..=TRIES).rev() {
        match attempt() {
            Err(Trouble::There(no)) if typed && left > 1 && no.is_mistyped() => {
                eprintln!("{no}. Try again:");
            }
            other => return Ok(other?),
        }
    }
    Err(Failure::Failed("too many attempts".into()))
}

/// The password that there is.
fn password(source: Option<&SecretSource>) -> Result<PasswordText, Failure> {
    let text = prompt_hidden(source, "password", "Password: ")?;
    PasswordText::new(&text).map_err(|error| Failure::Usage(error.to_string()))
}

/// A password to be, typed twice.
fn new_password(source: Option<&SecretSource>, option: &str) -> Result<PasswordText, Failure> {
    for _ in 0..TRIES {
        let text = prompt_hidden(source, option, "New password: ")?;
        if source.is_some() || *prompt_hidden(None, option, AGAIN)? == *text {
            return PasswordText::new(&text).map_err(|error| Failure::Usage(error.to_string()));
        }
        eprintln!("the passwords do not match. Try again:");
    }
    Err(Failure::Failed("the passwords do not match; nothing was changed".into()))
}

/// The eight digits of a mail, with the spaces that people put in left out.
fn mailed_code(source: Option<&SecretSource>) -> Result<MailedCodeText, Failure> {
    let text = prompt_visible(source, "code", "Code from the mail: ")?;
    let digits = Zeroizing::new(text.chars().filter(|c| *c != ' ').collect::<String>());
    MailedCodeText::new(&digits).map_err(|error| Failure::Usage(error.to_string()))
}

/// Recovery codes in words, two to a line.
fn recovery_words(codes: &[RecoveryCode]) -> String {
    let texts: Vec<String> = codes.iter().map(|code| code.text().expose().to_owned()).collect();
    let lines: Vec<String> =
        texts.chunks(2).map(|pair| format!("    {}", pair.join("    "))).collect();
    format!(
        "Recovery codes, shown only once. Write them down and keep them away from this device; \
         each replaces the second factor once:\n\n{}",
        lines.join("\n")
    )
}

fn recovery_texts(codes: &[RecoveryCode]) -> Vec<String> {
    codes.iter().map(|code| code.text().expose().to_owned()).collect()
}
