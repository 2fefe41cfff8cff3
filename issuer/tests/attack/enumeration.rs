//! Whether an account is there cannot be told from an answer, nor from the work behind it: the same statements are run,
//! the same comparisons made, the same number of bytes sent. Times are measured by `cargo xtask bench enumeration`.

use std::collections::BTreeMap;

use tegata::protocol::{
    Call, DeviceSigned, EndDeviceSessions, FreezeByCode, FreezeByFactor, FreezeFromDevice,
    GetDeviceStatus, MailedCodeText, NoticeCode, RecoveryCode, Request, RequestFreezeCode,
    RevertChanges, SecondFactor, TotpText,
};

use tegata_testkit::{
    TestIssuer, TestShopper,
    issuer::headers,
    on_both,
    shopper::{NEW_PASSWORD, PASSWORD, log_in, reset, reset_finish, reset_proof, sign_up},
};

on_both! {
    an_address_with_an_account_costs_what_one_without_does,
    freezing_by_what_is_typed_costs_the_same,
    what_was_wrong_costs_the_same,
}

const HANAKO: &str = "hanako@example.org";
const NOBODY: &str = "nobody@example.org";

/// What a request costs and what comes back: its status, how many bytes, and what was counted on the way.
type Cost = (u16, usize, BTreeMap<String, u64>);

fn cost<C: Call>(issuer: &TestIssuer, request: &Request<C>) -> Cost {
    let counts = || {
        let mut counts = issuer.counts("tegata_work_total");
        counts.retain(|name, _| name.contains("by=\"requests\""));
        for (name, count) in issuer.counts("tegata_comparisons_total") {
            // With what is kept or with nothing: that is the one thing that may differ.
            let of = name.split(",with=").next().unwrap_or_default().to_owned();
            *counts.entry(of).or_default() += count;
        }
        counts
    };
    let before = counts();
    let response = issuer.post(request.path(), &headers(request), request.body());
    let mut after = counts();
    for (name, count) in before {
        *after.entry(name).or_default() -= count;
    }
    after.retain(|_, count| *count > 0);
    (response.status, response.body.len(), after)
}

fn signed<C: Call + DeviceSigned>(person: &TestShopper<'_>, call: &C) -> Cost {
    cost(person.issuer, &Request::signed(call, &*person.device, person.issuer.freshness()).unwrap())
}

fn anyone<C: Call>(issuer: &TestIssuer, call: &C) -> Cost {
    cost(issuer, &Request::written(call).unwrap())
}

fn wrong_totp() -> SecondFactor {
    SecondFactor::Totp(TotpText::new("000000").unwrap())
}

fn an_address_with_an_account_costs_what_one_without_does(issuer: &TestIssuer) {
    issuer.signed_up_shopper(HANAKO);
    let known = issuer.new_shopper(HANAKO);
    let unknown = issuer.new_shopper(NOBODY);
    let people = [&known, &unknown].map(|person| (person, person.begin_reset().unwrap()));
    // Past what one network is mailed, too.
    for nth in 0..7 {
        let costs = [&known, &unknown].map(|person| signed(person, &reset(person)));
        assert_eq!(costs[0], costs[1]);
        assert_eq!(costs[0].0, if nth < 2 { 200 } else { 429 });
    }
    // A new password for a reset that nobody proved: not hashed, and not held to the account's own address.
    for new in [NEW_PASSWORD, "password1", "hanako@example"] {
        let costs = people
            .each_ref()
            .map(|(person, ticket)| signed(person, &reset_finish(person, ticket, new)));
        assert_eq!(costs[0], costs[1], "{new}");
        assert_eq!(costs[0].0, 403, "{new}");
        assert!(costs[0].2.keys().all(|what| !what.contains("\"password\"")), "{costs:?}");
    }
    for factor in [None, Some(wrong_totp())] {
        for _ in 0..32 {
            let costs = [&known, &unknown]
                .map(|person| signed(person, &log_in(person, NEW_PASSWORD, factor.clone())));
            assert_eq!(costs[0], costs[1]);
        }
    }
    let costs = [&known, &unknown].map(|person| signed(person, &sign_up(person)));
    assert_eq!(costs[0], costs[1]);
    for _ in 0..3 {
        let handle = |person: &TestShopper<'_>| person.address.parse().unwrap();
        let costs = [&known, &unknown].map(|person| {
            signed(person, &FreezeFromDevice { handle: handle(person), device: person.key() })
        });
        assert_eq!(costs[0], costs[1]);
        let costs = [&known, &unknown].map(|person| {
            signed(person, &EndDeviceSessions { handle: handle(person), device: person.key() })
        });
        assert_eq!(costs[0], costs[1]);
        let costs = [&known, &unknown].map(|person| {
            signed(person, &GetDeviceStatus { handle: handle(person), device: person.key() })
        });
        assert_eq!(costs[0], costs[1]);
    }
    let code = NoticeCode::parse("0000-0000-0000-0000").unwrap();
    for _ in 0..12 {
        let [one, other] = [HANAKO, NOBODY].map(|address| {
            let handle = address.parse().unwrap();
            let code = code.clone();
            anyone(issuer, &FreezeByCode { handle, code })
        });
        assert_eq!(one, other);
        let [one, other] = [HANAKO, NOBODY].map(|address| {
            let handle = address.parse().unwrap();
            let code = code.clone();
            anyone(issuer, &RevertChanges { handle, code, second_factor: wrong_totp() })
        });
        assert_eq!(one, other);
    }
}

fn freezing_by_what_is_typed_costs_the_same(issuer: &TestIssuer) {
    issuer.signed_up_shopper(HANAKO);
    let known = issuer.new_shopper(HANAKO);
    let unknown = issuer.new_shopper(NOBODY);
    for nth in 0..7 {
        let costs = [&known, &unknown].map(|person| {
            let handle = person.address.parse().unwrap();
            signed(person, &RequestFreezeCode { handle, device: person.key(), recovery_code: None })
        });
        assert_eq!(costs[0], costs[1]);
        assert_eq!(costs[0].0, if nth < 3 { 200 } else { 429 });
    }
    let guess = RecoveryCode::parse("0000-0000-0000-0000").unwrap();
    for nth in 0..6 {
        let wrong =
            if nth % 2 == 0 { wrong_totp() } else { SecondFactor::RecoveryCode(guess.clone()) };
        let costs = [&known, &unknown].map(|person| {
            let handle = person.address.parse().unwrap();
            let second_factor = wrong.clone();
            signed(person, &FreezeByFactor { handle, device: person.key(), second_factor })
        });
        assert_eq!(costs[0], costs[1]);
        assert_eq!(costs[0].0, if nth < 3 { 403 } else { 429 });
        assert!(costs[0].2.keys().all(|what| !what.contains("\"password\"")), "{costs:?}");
    }
}

fn what_was_wrong_costs_the_same(issuer: &TestIssuer) {
    let hanako = issuer.signed_up_shopper(HANAKO);
    let attacker = issuer.new_shopper(HANAKO);
    // The password right and the factor wrong, or the password wrong.
    for _ in 0..5 {
        let costs = [PASSWORD, NEW_PASSWORD]
            .map(|password| signed(&attacker, &log_in(&attacker, password, Some(wrong_totp()))));
        assert_eq!(costs[0], costs[1]);
        assert_eq!(costs[0].0, 403);
    }
    // On a device that the account knows, without a factor it is a wrong password alone that is refused; with one, both.
    let costs = [PASSWORD, NEW_PASSWORD]
        .map(|password| signed(&hanako, &log_in(&hanako, password, Some(wrong_totp()))));
    assert_eq!(costs[0], costs[1]);
    // The mailed code right or wrong, with a factor that is wrong.
    let right = hanako.begin_reset().unwrap();
    let code = hanako.mailed_code(2);
    let wrong = MailedCodeText::new("00000000").unwrap();
    for _ in 0..2 {
        let costs = [&code, &wrong]
            .map(|code| signed(&hanako, &reset_proof(&hanako, &right, code.clone(), wrong_totp())));
        assert_eq!(costs[0], costs[1]);
    }
    // A ticket that was never given, of another purpose, and of a reset that is over.
    hanako.submit_reset_proof(&right, code.clone(), hanako.next_totp()).unwrap();
    hanako.finish_reset(&right, NEW_PASSWORD).unwrap();
    let result = hanako.submit_reset_proof(&right, code, hanako.next_totp());
    assert!(result.is_err());
}
