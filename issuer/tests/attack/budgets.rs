//! Strangers delay, and never exclude: whatever they spend, its owner gets in, from a network of their own, at once with a
//! proof that cannot be guessed.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tegata::protocol::{
    BeginPasswordReset, FreezeByCode, FreezeByFactor, FreezeByMailedCode, IssuerError,
    IssuerProblem, LogIn, LogInCode, MailedCodeText, NoticeCode, RecoveryCode, Refusal, Request,
    RequestFreezeCode, SecondFactor, Ticket, TotpText, UnfreezeAccount, VerifySignUpCode,
};
use tegata_testkit::shopper::{NEW_PASSWORD, PASSWORD, code_in, log_in, password, refusal, reset};
use tegata_testkit::{TestIssuer, TestShopper};

/// A proxy in front, which says where requests come from.
const PROXIED: &str = "forwarded = \"x-forwarded-for\"\ntrusted_proxies = [\"127.0.0.1/32\"]\n";
const HANAKO: &str = "hanako@example.org";
const NOBODY: &str = "nobody@example.org";
/// How many networks the attacker has.
const NETWORKS: u8 = 64;

macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&tegata_testkit::TestIssuer::with(super::PROXIED));
            })*
        }

        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&tegata_testkit::TestIssuer::postgres_with(super::PROXIED));
            })*
        }
    };
}

on_both! {
    an_attacker_on_64_networks_locks_nobody_out,
    past_the_budget_of_an_address_a_mailed_code_is_needed,
    wrong_factors_of_strangers_do_not_shut_the_owner_out,
    one_network_uses_up_no_more_than_its_share,
    a_flood_from_one_network_delays_nobody_else,
    a_password_is_hashed_after_its_mailed_code_matched,
    a_decoy_has_no_budget_to_use_up,
    a_freeze_code_is_mailed_to_whoever_asks_and_within_budgets,
    a_typed_factor_freezes_within_budgets,
    a_freeze_by_a_recovery_code_outlasts_the_second_factor,
}

/// The nth network of the attacker, each in a block of its own.
fn network(nth: u8) -> IpAddr {
    Ipv4Addr::new(203, 0, nth, 1).into()
}

/// The network that the owner's new phone is in.
const OWNERS: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

/// An attacker who asks for this address from their nth network.
fn attacker<'a>(issuer: &'a TestIssuer, address: &str, nth: u8) -> TestShopper<'a> {
    let mut attacker = issuer.new_shopper(address);
    attacker.network = Some(network(nth));
    attacker
}

/// The owner on a new phone.
fn on_new_phone<'a>(issuer: &'a TestIssuer, owner: &TestShopper<'a>) -> TestShopper<'a> {
    let mut phone = owner.clone();
    phone.device = issuer.device();
    phone.network = Some(OWNERS);
    phone.session = None;
    phone
}

fn wrong_totp() -> SecondFactor {
    SecondFactor::Totp(TotpText::new("000000").unwrap())
}

fn is_told_to_wait<T: std::fmt::Debug>(result: &Result<T, IssuerError>) -> bool {
    matches!(result, Err(IssuerError::Problem(IssuerProblem::Busy(_))))
}

/// Tries this password until the network's share is used up; gives how many were taken.
fn use_up_log_ins(attacker: &TestShopper<'_>, with: &str) -> usize {
    for taken in 0.. {
        match attacker.try_log_in(with, Some(wrong_totp())) {
            Err(IssuerError::Problem(IssuerProblem::Refused(Refusal::InvalidCredentials))) => {}
            result => {
                let code_needed = matches!(
                    result,
                    Err(IssuerError::Problem(IssuerProblem::Refused(Refusal::CodeNeeded)))
                );
                assert!(code_needed || is_told_to_wait(&result), "{result:?}");
                return taken;
            }
        }
    }
    unreachable!()
}

/// Spends whatever there is for an address: the attacker knows its password, and guesses at everything else.
fn spend_everything(issuer: &TestIssuer) {
    let guess = RecoveryCode::parse("0000-0000-0000-0000").unwrap();
    for nth in 0..NETWORKS {
        let attacker = attacker(issuer, HANAKO, nth);
        use_up_log_ins(&attacker, if nth < 4 { PASSWORD } else { "nine loud magpies" });
        for _ in 0..4 {
            let _ = attacker.begin_reset();
            let _ = attacker.request_log_in_code();
            let _ = attacker.call_signed(&freeze_code(&attacker, None));
            let _ = freeze(&attacker, wrong_totp());
            let _ = freeze(&attacker, SecondFactor::RecoveryCode(guess.clone()));
            let recovery_code = Some(guess.clone());
            let _ = attacker.call_signed(&BeginPasswordReset { recovery_code, ..reset(&attacker) });
        }
        let _ = attacker.begin_sign_up();
        let handle = HANAKO.parse().unwrap();
        let code = NoticeCode::parse("0000-0000-0000-0000").unwrap();
        let _ = attacker.send(&Request::written(&FreezeByCode { handle, code }).unwrap());
    }
}

/// The request for a code that freezes the account.
fn freeze_code(of: &TestShopper<'_>, recovery_code: Option<RecoveryCode>) -> RequestFreezeCode {
    RequestFreezeCode { handle: of.address.parse().unwrap(), device: of.key(), recovery_code }
}

/// Freezes with a second factor.
fn freeze(of: &TestShopper<'_>, second_factor: SecondFactor) -> Result<(), IssuerError> {
    let handle = of.address.parse().unwrap();
    of.call_signed(&FreezeByFactor { handle, device: of.key(), second_factor }).map(drop)
}

/// The last code mailed to the owner under a subject.
fn last_code(issuer: &TestIssuer, subject: &str, at_least: usize) -> MailedCodeText {
    for known in 0.. {
        let mails = issuer.mails(HANAKO, known);
        let of_subject: Vec<_> = mails.iter().filter(|mail| mail.0.contains(subject)).collect();
        if of_subject.len() >= at_least {
            return code_in(&of_subject[at_least - 1].1);
        }
    }
    unreachable!()
}

fn count_of(issuer: &TestIssuer, subject: &str) -> usize {
    issuer.settled_mail_count(HANAKO);
    issuer.mails(HANAKO, 0).iter().filter(|mail| mail.0.contains(subject)).count()
}

fn an_attacker_on_64_networks_locks_nobody_out(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);

    spend_everything(issuer);
    let began = issuer.now();
    let mailed = count_of(issuer, "password reset code");
    let freezes = count_of(issuer, "code to freeze");

    let mut phone = on_new_phone(issuer, &hanako);
    // Without a proof, the owner is asked for a mailed code, and never told to wait.
    let result = phone.try_log_in(PASSWORD, Some(SecondFactor::Totp(phone.totp())));
    assert_eq!(refusal(result), Refusal::CodeNeeded);

    let code = SecondFactor::RecoveryCode(hanako.recovery[0].clone());
    let logged_in = phone.try_log_in(PASSWORD, Some(code)).unwrap();
    assert!(logged_in.must_enrol);
    phone.session = Some(logged_in.session);
    phone.view().unwrap();

    let phone = on_new_phone(issuer, &hanako);
    let recovery_code = Some(hanako.recovery[1].clone());
    let call = BeginPasswordReset { recovery_code, ..reset(&phone) };
    let ticket = phone.call_signed(&call).unwrap().ticket;
    let code = last_code(issuer, "password reset code", mailed + 1);
    let factor = SecondFactor::RecoveryCode(hanako.recovery[1].clone());
    phone.submit_reset_proof(&ticket, code, factor).unwrap();
    phone.finish_reset(&ticket, NEW_PASSWORD).unwrap();

    let phone = on_new_phone(issuer, &hanako);
    let call = freeze_code(&phone, Some(hanako.recovery[2].clone()));
    let ticket = phone.call_signed(&call).unwrap().ticket;
    let code = last_code(issuer, "code to freeze", freezes + 1);
    phone.call_signed(&FreezeByMailedCode { ticket, device: phone.key(), code }).unwrap();
    assert!(count_of(issuer, "frozen") > 0);

    // The second factor is asked for a proof as well, and a recovery code is one.
    let phone = on_new_phone(issuer, &hanako);
    let value = SecondFactor::Totp(phone.totp());
    assert_eq!(refusal(freeze(&phone, value)), Refusal::CodeNeeded);
    freeze(&phone, SecondFactor::RecoveryCode(hanako.recovery[3].clone())).unwrap();
    let took = issuer.now().seconds() - began.seconds();
    assert!(took <= 120, "{took} seconds of the issuer's clock");
}

fn past_the_budget_of_an_address_a_mailed_code_is_needed(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    // From here on the clock stands still, or the address would have something left each half minute.
    issuer.advance_clock(30);
    for address in [HANAKO, NOBODY] {
        let taken: usize = (0..7)
            .map(|nth| use_up_log_ins(&attacker(issuer, address, nth), "nine loud magpies"))
            .sum();
        assert_eq!(taken, 60, "{address}");
    }
    let mut phone = on_new_phone(issuer, &hanako);
    let mut nobody = issuer.new_shopper(NOBODY);
    nobody.network = Some(OWNERS);
    for person in [&phone, &nobody] {
        let result = person.try_log_in(PASSWORD, Some(wrong_totp()));
        assert_eq!(refusal(result), Refusal::CodeNeeded);
    }
    let tickets = [&phone, &nobody].map(|person| person.request_log_in_code().unwrap());
    assert_eq!(tickets[0].expose().len(), tickets[1].expose().len());
    let code = last_code(issuer, "login code", 1);
    let log_in_with = |person: &TestShopper<'_>, ticket: &Ticket, code: &MailedCodeText, with| {
        let factor = Some(SecondFactor::Totp(person.totp()));
        let mailed_code = Some(LogInCode { ticket: ticket.clone(), code: code.clone() });
        person.call_sealed(&LogIn { mailed_code, ..log_in(person, with, factor) })
    };
    let wrong = MailedCodeText::new("00000000").unwrap();
    let result = log_in_with(&phone, &tickets[0], &wrong, PASSWORD);
    assert_eq!(refusal(result), Refusal::CodeNeeded, "as if none had come");
    let mut other = on_new_phone(issuer, &hanako);
    other.network = Some(network(60));
    let result = log_in_with(&other, &tickets[0], &code, PASSWORD);
    assert_eq!(refusal(result), Refusal::CodeNeeded, "the code of another device");
    let result = log_in_with(&phone, &tickets[0], &code, "nine loud magpies");
    assert_eq!(refusal(result), Refusal::InvalidCredentials);
    let logged_in = log_in_with(&phone, &tickets[0], &code, PASSWORD).unwrap();
    phone.session = Some(logged_in.session);
    phone.view().unwrap();
    // After a while the address has something left for anybody.
    issuer.advance_clock(30);
    let result = nobody.try_log_in(PASSWORD, Some(wrong_totp()));
    assert_eq!(refusal(result), Refusal::InvalidCredentials);
}

fn wrong_factors_of_strangers_do_not_shut_the_owner_out(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let taken = |nth| use_up_log_ins(&attacker(issuer, HANAKO, nth), PASSWORD);
    assert_eq!(taken(0) + taken(1) + taken(2), 30);
    let phone = on_new_phone(issuer, &hanako);
    let result = phone.try_log_in(PASSWORD, Some(phone.next_totp()));
    assert_eq!(refusal(result), Refusal::InvalidCredentials, "twenty values are used up");
    let ticket = phone.request_log_in_code().unwrap();
    let code = last_code(issuer, "login code", 1);
    let mailed_code = Some(LogInCode { ticket, code });
    let factor = Some(phone.next_totp());
    phone.call_sealed(&LogIn { mailed_code, ..log_in(&phone, PASSWORD, factor) }).unwrap();
    // And on the device that the account knows nothing has changed.
    hanako.complete_log_in(PASSWORD).unwrap();
    let mut other = on_new_phone(issuer, &hanako);
    let code = SecondFactor::RecoveryCode(hanako.recovery[0].clone());
    other.session = Some(other.try_log_in(PASSWORD, Some(code)).unwrap().session);
    other.view().unwrap();
}

fn one_network_uses_up_no_more_than_its_share(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    assert_eq!(use_up_log_ins(&attacker(issuer, HANAKO, 0), "nine loud magpies"), 10);
    let result = attacker(issuer, HANAKO, 0).try_log_in("nine loud magpies", None);
    assert!(is_told_to_wait(&result), "{result:?}");
    // All addresses of a customer of IPv6 are one network.
    let mut customer = attacker(issuer, HANAKO, 0);
    let of_customer = |number: u16| {
        std::net::Ipv6Addr::new(0x2001, 0xdb8, 1, 0x200 + number % 256, number, 0, 0, 1)
    };
    for number in 0..10 {
        customer.network = Some(of_customer(number).into());
        let result = customer.try_log_in("nine loud magpies", None);
        assert_eq!(refusal(result), Refusal::InvalidCredentials);
    }
    customer.network = Some(of_customer(77).into());
    assert!(is_told_to_wait(&customer.try_log_in("nine loud magpies", None)));
    // The owner, elsewhere, hears of none of it.
    let phone = on_new_phone(issuer, &hanako);
    phone.try_log_in(PASSWORD, Some(phone.next_totp())).unwrap();
    // Mails with codes: three for a network, ten for an address.
    let mut mailed = 0;
    for nth in 0..5 {
        let attacker = attacker(issuer, HANAKO, nth);
        for time in 0..4 {
            let result = attacker.begin_reset();
            assert!(result.is_ok() || is_told_to_wait(&result), "{result:?}");
            assert!(time < 3 || result.is_err(), "three for each network");
            mailed += usize::from(result.is_ok());
        }
    }
    assert_eq!((mailed, count_of(issuer, "password reset code")), (10, 10));
}

fn a_flood_from_one_network_delays_nobody_else(issuer: &TestIssuer) {
    let stop = AtomicBool::new(false);
    let sent_away = AtomicBool::new(false);
    thread::scope(|scope| {
        for nth in 0..48 {
            let stop = &stop;
            let sent_away = &sent_away;
            scope.spawn(move || {
                let mut attacker = attacker(issuer, HANAKO, 0);
                for time in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    // One address for each try: no budget of an address is ever used up.
                    attacker.address = format!("nobody-{nth}-{time}@example.org");
                    let result = attacker.try_log_in("nine loud magpies", None);
                    if is_told_to_wait(&result) {
                        sent_away.store(true, Ordering::SeqCst);
                    }
                }
            });
        }
        let honest = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            while !sent_away.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            for nth in 1..=10 {
                let mut stranger = issuer.new_shopper(&format!("honest-{nth}@example.org"));
                stranger.network = Some(Ipv4Addr::new(198, 51, nth, 7).into());
                let result = stranger.try_log_in(PASSWORD, None);
                assert_eq!(refusal(result), Refusal::InvalidCredentials, "heard, not sent away");
            }
        }));
        stop.store(true, Ordering::SeqCst);
        honest.unwrap();
    });
}

fn a_password_is_hashed_after_its_mailed_code_matched(issuer: &TestIssuer) {
    let hanako = attacker(issuer, HANAKO, 0);
    let ticket = hanako.begin_sign_up().unwrap();
    let code = hanako.mailed_code(1);
    let submit = |code: &MailedCodeText, with: &str| {
        let ticket = ticket.clone();
        let code = code.clone();
        let device = hanako.key();
        let password = password(with);
        let answer_key = hanako.answer_key.public();
        let call = VerifySignUpCode { ticket, device, code, password, answer_key };
        hanako.call_sealed(&call).map(drop)
    };
    let hashed = || {
        issuer
            .counts("tegata_work_total")
            .into_iter()
            .filter(|(name, _)| name.contains("\"password\""))
            .map(|(_, count)| count)
            .sum::<u64>()
    };
    let before = hashed();
    let wrong =
        MailedCodeText::new(if code.expose() == "00000000" { "11111111" } else { "00000000" });
    let wrong = wrong.unwrap();
    for with in ["password1", "short", NEW_PASSWORD, NEW_PASSWORD] {
        assert_eq!(refusal(submit(&wrong, with)), Refusal::InvalidCredentials, "{with}");
    }
    assert_eq!(hashed(), before, "nothing is judged or hashed for who does not know the code");
    // Who knows it may choose again, as often as it takes, though one comparison is left.
    for weak in ["password1", "short", "hanako12", "12345678", "aaaaaaaaaaaa", "qwertyuiop"] {
        let result = submit(&code, weak);
        assert_eq!(result, Err(IssuerError::Problem(IssuerProblem::WeakPassword)), "{weak}");
    }
    submit(&code, PASSWORD).unwrap();
    assert_eq!(hashed(), before + 1);
}

fn a_freeze_code_is_mailed_to_whoever_asks_and_within_budgets(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let phone = on_new_phone(issuer, &hanako);
    let mut nobody = issuer.new_shopper(NOBODY);
    nobody.network = Some(OWNERS);
    let tickets = [&phone, &nobody]
        .map(|person| person.call_signed(&freeze_code(person, None)).unwrap().ticket);
    assert_eq!(tickets[0].expose().len(), tickets[1].expose().len());
    let code = last_code(issuer, "code to freeze", 1);
    let freeze = |person: &TestShopper<'_>, ticket: &Ticket, code: &MailedCodeText| {
        let device = person.key();
        person.call_signed(&FreezeByMailedCode {
            ticket: ticket.clone(),
            device,
            code: code.clone(),
        })
    };
    let wrong = if code.expose() == "00000000" { "11111111" } else { "00000000" };
    let wrong = MailedCodeText::new(wrong).unwrap();
    // The code of another device, a wrong one, and one for an address that nobody has.
    let other = on_new_phone(issuer, &hanako);
    for result in [
        freeze(&other, &tickets[0], &code),
        freeze(&phone, &tickets[0], &wrong),
        freeze(&nobody, &tickets[1], &code),
    ] {
        assert_eq!(refusal(result), Refusal::InvalidCredentials);
    }
    assert!(!hanako.view().unwrap().frozen);
    freeze(&phone, &tickets[0], &code).unwrap();
    assert!(hanako.view().unwrap().frozen);
    assert_eq!(refusal(freeze(&phone, &tickets[0], &code)), Refusal::InvalidCredentials);
    // Three for each network and ten for an address, of which one is gone.
    let mut mailed = 1;
    for nth in 0..5 {
        let attacker = attacker(issuer, HANAKO, nth);
        for time in 0..4 {
            let result = attacker.call_signed(&freeze_code(&attacker, None));
            assert!(result.is_ok() || is_told_to_wait(&result), "{result:?}");
            assert!(time < 3 || result.is_err(), "three for each network");
            mailed += usize::from(result.is_ok());
        }
    }
    assert_eq!((mailed, count_of(issuer, "code to freeze")), (10, 10));
    // Past it, a right recovery code is still mailed one, and is not used up by it.
    for _ in 0..2 {
        let call = freeze_code(&phone, Some(hanako.recovery[0].clone()));
        phone.call_signed(&call).unwrap();
    }
    let guess = RecoveryCode::parse("0000-0000-0000-0000").unwrap();
    let result = phone.call_signed(&freeze_code(&phone, Some(guess)));
    assert!(is_told_to_wait(&result), "{result:?}");
    assert_eq!(hanako.view().unwrap().recovery_codes_left, 10);
}

fn a_typed_factor_freezes_within_budgets(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let phone = on_new_phone(issuer, &hanako);
    let mut nobody = issuer.new_shopper(NOBODY);
    nobody.network = Some(OWNERS);
    for person in [&phone, &nobody] {
        assert_eq!(refusal(freeze(person, wrong_totp())), Refusal::InvalidCredentials);
    }
    assert!(!hanako.view().unwrap().frozen);
    let value = phone.next_totp();
    freeze(&phone, value.clone()).unwrap();
    assert!(hanako.view().unwrap().frozen && count_of(issuer, "frozen") == 1);
    assert_eq!(refusal(freeze(&phone, value)), Refusal::InvalidCredentials, "used up");
    hanako.complete_log_in(PASSWORD).unwrap();
    hanako.call_in_session(&UnfreezeAccount { recovery_code: None }).unwrap();

    // Three for each network, and twenty for an address, whether or not anybody has it.
    let taken = |address: &str, nth: u8| {
        let attacker = attacker(issuer, address, nth);
        let results = [(); 4].map(|()| freeze(&attacker, wrong_totp()));
        let last = &results[3];
        let needs_code = Refusal::CodeNeeded;
        let needs_code = Err(IssuerError::Problem(IssuerProblem::Refused(needs_code)));
        assert!(is_told_to_wait(last) || *last == needs_code, "{last:?}");
        let wrong = IssuerProblem::Refused(Refusal::InvalidCredentials);
        results.iter().filter(|result| **result == Err(IssuerError::Problem(wrong))).count()
    };
    for (address, before) in [(HANAKO, 3), (NOBODY, 1)] {
        let more: usize = (0..8).map(|nth| taken(address, nth)).sum();
        assert_eq!(before + more, 20, "{address}");
    }
    let mut other = issuer.new_shopper(NOBODY);
    other.network = Some(network(60));
    let mut phone = on_new_phone(issuer, &hanako);
    phone.network = Some(network(61));
    let guess = RecoveryCode::parse("0000-0000-0000-0000").unwrap();
    for wrong in [wrong_totp(), SecondFactor::RecoveryCode(guess)] {
        for person in [&phone, &other] {
            assert_eq!(refusal(freeze(person, wrong.clone())), Refusal::CodeNeeded);
        }
    }
    // A right recovery code needs no place, and no wrong value counts against the owner's authenticator.
    freeze(&phone, SecondFactor::RecoveryCode(hanako.recovery[0].clone())).unwrap();
    assert!(hanako.view().unwrap().frozen);
    phone.try_log_in(PASSWORD, Some(phone.next_totp())).unwrap();
}

fn a_freeze_by_a_recovery_code_outlasts_the_second_factor(issuer: &TestIssuer) {
    let mut hanako = issuer.signed_up_shopper(HANAKO);
    let used = hanako.recovery[0].clone();
    freeze(&on_new_phone(issuer, &hanako), SecondFactor::RecoveryCode(used.clone())).unwrap();
    assert_eq!(count_of(issuer, "recovery code"), 1);
    // Whoever has the phone, its PIN and its authenticator.
    hanako.complete_log_in(PASSWORD).unwrap();
    let lift = |code: Option<RecoveryCode>| {
        hanako.call_in_session(&UnfreezeAccount { recovery_code: code })
    };
    assert_eq!(refusal(lift(None)), Refusal::RecoveryCodeRequired);
    let guess = RecoveryCode::parse("0000-0000-0000-0000").unwrap();
    for wrong in [used, guess] {
        assert_eq!(refusal(lift(Some(wrong))), Refusal::InvalidCredentials);
    }
    assert!(hanako.view().unwrap().frozen);
    lift(Some(hanako.recovery[1].clone())).unwrap();
    let view = hanako.view().unwrap();
    assert_eq!((view.frozen, view.recovery_codes_left), (false, 8));
}

fn a_decoy_has_no_budget_to_use_up(issuer: &TestIssuer) {
    issuer.signed_up_shopper(HANAKO);
    // All decoys are asked far more often than one address could be.
    let mut stranger = attacker(issuer, NOBODY, 0);
    for nth in 0..1200_u16 {
        stranger.address = format!("nobody-{nth}@example.org");
        if nth % 4 == 0 {
            stranger.device = issuer.device();
        }
        stranger.begin_reset().unwrap();
    }
    let work = |address: &str| {
        let person = attacker(issuer, address, 1);
        let before = issuer.counts("tegata_work_total");
        person.begin_reset().unwrap();
        let mut after = issuer.counts("tegata_work_total");
        after.retain(|name, _| name.contains("by=\"requests\""));
        for (name, count) in &mut after {
            *count -= before.get(name).copied().unwrap_or_default();
        }
        after
    };
    for _ in 0..3 {
        assert_eq!(work(HANAKO), work(NOBODY));
    }
}

mod passwords {
    use tegata_testkit::TestIssuer;

    #[test]
    fn known_passwords_are_refused_on_sqlite() {
        super::refuse_known_passwords(TestIssuer::with);
    }

    #[test]
    fn known_passwords_are_refused_on_postgres() {
        super::refuse_known_passwords(TestIssuer::postgres_with);
    }
}

fn refuse_known_passwords(start: impl Fn(&str) -> TestIssuer) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("breached");
    std::fs::write(&file, "violet-tractor-9\n").unwrap();
    let issuer = start(&format!(
        "mail_from = \"Shop <no-reply@sakuramart.example>\"\nbreached_passwords = \"{}\"\n",
        file.display()
    ));
    let hanako = issuer.new_shopper(HANAKO);
    let ticket = hanako.begin_sign_up().unwrap();
    let code = hanako.mailed_code(1);
    let submit = |with: &str| {
        let ticket = ticket.clone();
        let code = code.clone();
        let device = hanako.key();
        let password = password(with);
        let answer_key = hanako.answer_key.public();
        let call = VerifySignUpCode { ticket, device, code, password, answer_key };
        hanako.call_sealed(&call).map(drop)
    };
    let weak = [
        "tegata2026",
        "Tegata123!",
        "sakuramart1",
        "hanakophone7",
        "hanako-tegata",
        "violet-tractor-9",
        "Violet-Tractor-9",
    ];
    for with in weak {
        let result = submit(with);
        assert_eq!(result, Err(IssuerError::Problem(IssuerProblem::WeakPassword)), "{with}");
    }
    submit(PASSWORD).unwrap();
}
