//! How often an address may be asked about, whether or not it has an account: strangers delay its owner, and never keep
//! them out. Strangers are counted by the address and their network, before anyone knows whether there is an account, so
//! that an answer can say when to come again and tells nothing by it. A proof that is right and cannot be guessed opens
//! a lane of its own: the key of a device that the account knows, a recovery code, a code that was mailed.

use tegata::protocol::{DeviceId, Handle, LogInCode, RecoveryCode, Refusal};
use tegata_policy::limits::{AttemptLimit, LOGINS_KNOWN_DEVICE, RECOVERY_CODES};
use tegata_policy::{Account, Event, Lane, ResetId, SecretId, SecretKind};

use super::request_secrets::RequestSecrets;
use super::transaction::carried_out;
use super::{AccountError, Accounts, Requester};
use crate::crypto::TicketPurpose;
use crate::domain::{AccountId, RefillingLimit};
use crate::metrics::work::ComparedSecret;
use crate::passwords::HashQueue;
use crate::store::{BudgetOutcome, KillSwitch, LoadedAccount, StrangersBudget};

const DAY: u64 = 24 * 60 * 60;

/// Sign-ups begun for one address: each is a mail.
const SIGN_UPS: AttemptLimit = AttemptLimit { tries: 5, seconds: DAY };
/// Passwords tried with one recovery code; past them that code opens no lane for a day.
const LOGINS_RECOVERY_CODE: AttemptLimit = AttemptLimit { tries: 10, seconds: DAY };
/// Reset mails requested with one recovery code.
const RESETS_RECOVERY_CODE: AttemptLimit = AttemptLimit { tries: 5, seconds: DAY };

/// What strangers have for one address: each network by itself, and all of them together.
#[derive(Clone, Copy)]
struct StrangersLimit {
    of_network: RefillingLimit,
    of_address: RefillingLimit,
    /// Whether the next place is drawn among those who wait, once the address has none left.
    is_drawn: bool,
}

/// Passwords tried by strangers.
const LOGINS: StrangersLimit = StrangersLimit {
    of_network: RefillingLimit { burst: 10, interval: 3 * 60 },
    of_address: RefillingLimit { burst: 60, interval: 30 },
    is_drawn: false,
};
/// Mails with a code that strangers request.
const CODES: StrangersLimit = StrangersLimit {
    of_network: RefillingLimit { burst: 3, interval: 60 * 60 },
    of_address: RefillingLimit { burst: 10, interval: 3 * 60 },
    is_drawn: true,
};

/// Values of the second factor that strangers type to freeze an account. Three in a million are right: whoever keeps trying
/// from many networks freezes it with a chance of 6 in 10^4 a week, and the owner unfreezes it.
const FREEZES: StrangersLimit = StrangersLimit {
    of_network: RefillingLimit { burst: 3, interval: 60 * 60 },
    of_address: RefillingLimit { burst: 20, interval: 60 * 60 },
    is_drawn: false,
};

/// How an attempt to log in goes on.
pub(super) struct LogInAdmission {
    /// Where its password waits to be hashed.
    pub(super) queue: HashQueue,
    /// The lane that it was counted in.
    pub(super) lane: Lane,
}

impl Accounts {
    /// Counts a sign-up that is begun for an address.
    pub(super) async fn count_sign_up(&self, handle: &Handle) -> Result<(), AccountError> {
        self.count_attempt("sign-up", handle.address().as_bytes(), SIGN_UPS).await
    }

    /// Counts an attempt to log in, in the lane that its proofs open, before its password is looked at.
    ///
    /// The account keeps the count of a known device, too, and is silent when it is used up. Only whoever holds the key of
    /// a known device hears of that device's count, and learns no more by it than that the account knows the device.
    pub(super) async fn admit_log_in(
        &self,
        requester: &Requester,
        handle: &Handle,
        account: AccountId,
        recovery_code: Option<&RecoveryCode>,
        mailed_code: Option<LogInCode>,
    ) -> Result<LogInAdmission, AccountError> {
        let queue = HashQueue::KnownDevice;
        let has_mailed_code = match mailed_code {
            Some(code) => self.is_log_in_code(requester.device, account, code).await?,
            None => false,
        };
        let lane = if has_mailed_code { Lane::MailedCode } else { Lane::Strangers };
        let loaded = self.store.load(account).await?;
        if loaded.as_ref().is_some_and(|loaded| loaded.knows(requester.device)) {
            let who = [handle.address().as_bytes(), &[0], &requester.device.0].concat();
            let limit = lengthened(LOGINS_KNOWN_DEVICE);
            self.count_attempt("log-in on a known device", &who, limit).await?;
            return Ok(LogInAdmission { queue, lane });
        }
        let limit = LOGINS_RECOVERY_CODE;
        if self.opens_lane("log-in", account, loaded.as_ref(), recovery_code, limit).await? {
            return Ok(LogInAdmission { queue, lane: Lane::RecoveryCode });
        }
        if has_mailed_code {
            return Ok(LogInAdmission { queue, lane });
        }
        self.count_or_ask_for_code("log-in", requester, handle, LOGINS).await?;
        Ok(LogInAdmission { queue: HashQueue::Untrusted(requester.network), lane })
    }

    /// Counts a mail with a code, for a reset or a log-in. A known device is counted by the account, which is silent when
    /// its budget is used up.
    pub(super) async fn admit_code(
        &self,
        purpose: &str,
        requester: &Requester,
        handle: &Handle,
        account: AccountId,
        recovery_code: Option<&RecoveryCode>,
    ) -> Result<(), AccountError> {
        let loaded = self.store.load(account).await?;
        if loaded.as_ref().is_some_and(|loaded| loaded.knows(requester.device)) {
            return Ok(());
        }
        let limit = RESETS_RECOVERY_CODE;
        if self.opens_lane(purpose, account, loaded.as_ref(), recovery_code, limit).await? {
            return Ok(());
        }
        self.mails.take_reset(requester.network, self.environment.clock.now())?;
        match self.count_stranger(purpose, requester, handle, CODES).await? {
            BudgetOutcome::Within => Ok(()),
            BudgetOutcome::NetworkUsedUp(wait) | BudgetOutcome::AddressUsedUp(wait) => {
                Err(AccountError::TooManyAttempts { wait })
            }
        }
    }

    /// Counts a second factor that is typed to freeze. A known device is counted by the account, and a right recovery code
    /// by nobody: it is used up. Past the budget of an address its owner goes on with one, or with a mailed code.
    pub(super) async fn admit_freeze(
        &self,
        requester: &Requester,
        handle: &Handle,
        account: AccountId,
        recovery_code: Option<&RecoveryCode>,
    ) -> Result<(), AccountError> {
        let loaded = self.store.load(account).await?;
        if loaded.as_ref().is_some_and(|loaded| loaded.knows(requester.device))
            || self.find_recovery_code(account, loaded.as_ref(), recovery_code).is_some()
        {
            return Ok(());
        }
        self.count_or_ask_for_code("freeze", requester, handle, FREEZES).await
    }

    /// Counts a stranger. Past the budget of an address its owner goes on with a mailed code, whatever strangers do.
    async fn count_or_ask_for_code(
        &self,
        purpose: &str,
        requester: &Requester,
        handle: &Handle,
        limit: StrangersLimit,
    ) -> Result<(), AccountError> {
        match self.count_stranger(purpose, requester, handle, limit).await? {
            BudgetOutcome::Within => Ok(()),
            BudgetOutcome::NetworkUsedUp(wait) => Err(AccountError::TooManyAttempts { wait }),
            BudgetOutcome::AddressUsedUp(_) => Err(Refusal::CodeNeeded.into()),
        }
    }

    /// Whether a recovery code is one of the account's and has a try left in its own lane. It is compared, not used up:
    /// 80 bits cannot be guessed.
    async fn opens_lane(
        &self,
        purpose: &str,
        account: AccountId,
        loaded: Option<&LoadedAccount>,
        code: Option<&RecoveryCode>,
        limit: AttemptLimit,
    ) -> Result<bool, AccountError> {
        let found = self.find_recovery_code(account, loaded, code);
        let Some(found) = found else { return Ok(false) };
        let who = [&account.0[..], &found.0.to_be_bytes()].concat();
        let purpose = format!("{purpose} with a recovery code");
        match self.count_attempt(&purpose, &who, limit).await {
            Ok(()) => Ok(true),
            Err(AccountError::TooManyAttempts { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The account's recovery code that this is, if it is one: with as much work for each account and decoy.
    fn find_recovery_code(
        &self,
        account: AccountId,
        loaded: Option<&LoadedAccount>,
        code: Option<&RecoveryCode>,
    ) -> Option<SecretId> {
        let loaded = loaded?;
        let code = code?;
        let codes: &[SecretId] = match &loaded.state {
            Account::Active(active) => active.recovery_codes(),
            _ => &[],
        };
        let kind = (SecretKind::Recovery, ComparedSecret::Recovery);
        let most = RECOVERY_CODES as usize;
        self.matching_code(account, kind, codes, most, &loaded.secrets, code.expose())
    }

    /// Whether a mailed code is the one of its request; each comparison is counted by the account.
    async fn is_log_in_code(
        &self,
        device: DeviceId,
        account: AccountId,
        LogInCode { ticket, code }: LogInCode,
    ) -> Result<bool, AccountError> {
        // The ticket of another address is compared with nothing, in the account of this one.
        let read = self.read_ticket(TicketPurpose::LogInCode, &ticket).ok();
        let number = read.filter(|(id, _)| *id == account).map_or(u32::MAX, |(_, number)| number);
        let request = RequestSecrets { code: Some(code), ..RequestSecrets::default() };
        let event = Event::VerifyLogInCode { code: ResetId(number), device };
        let switch = Some(KillSwitch::LogIn);
        match self.apply(account, switch, event, &request, carried_out).await {
            Ok(()) => Ok(true),
            Err(AccountError::Refused(Refusal::InvalidCredentials)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Counts a stranger by address and network. At most two rows are written, gone when they limit nothing any more.
    async fn count_stranger(
        &self,
        purpose: &str,
        requester: &Requester,
        handle: &Handle,
        limit: StrangersLimit,
    ) -> Result<BudgetOutcome, AccountError> {
        let address = handle.address().as_bytes();
        let block = requester.network.block();
        let by_block = [address, &[0], block.bytes()].concat();
        let budget = StrangersBudget {
            block: self.keys.throttle(&format!("{purpose} from a network"), &by_block),
            part: requester.network.part(),
            of_network: limit.of_network,
            of_block: limit.of_network.times(block.allowance()),
            address: self.keys.throttle(purpose, address),
            of_address: limit.of_address,
            draw: if limit.is_drawn { Some(self.draw()?) } else { None },
        };
        Ok(self.store.take_from_budget(budget, self.environment.clock.now()).await?)
    }

    fn draw(&self) -> Result<u64, AccountError> {
        let mut bytes = [0; 8];
        let filled = self.environment.random.fill(&mut bytes);
        filled.map_err(|error| AccountError::internal("drawing a network", &error))?;
        Ok(u64::from_le_bytes(bytes))
    }

    async fn count_attempt(
        &self,
        what: &str,
        who: &[u8],
        limit: AttemptLimit,
    ) -> Result<(), AccountError> {
        let key = self.keys.throttle(what, who);
        let wait = self.store.take_attempt(key, limit, self.environment.clock.now()).await;
        match wait? {
            Some(wait) => Err(AccountError::TooManyAttempts { wait }),
            None => Ok(()),
        }
    }
}

/// Lengthens a limit a little: the account counts the same attempt some moments later, and who retries when told must
/// not find it used up there.
const fn lengthened(limit: AttemptLimit) -> AttemptLimit {
    AttemptLimit { seconds: limit.seconds + 60, ..limit }
}
