//! No address, code, secret or token can be read in what is on the disk.

use std::sync::Arc;

use tegata_issuer::crypto::TicketPurpose;
use tegata_issuer::domain::StoreUrl;

use crate::shopper;
use crate::test_database::TestDatabase;

crate::on_both!(nothing_planted_is_found_in_the_bytes);

async fn nothing_planted_is_found_in_the_bytes(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, ..) = shopper::sign_up(&store, &keys).await;
    // An event as a control: that it is found shows that the search works.
    store
        .append_event(shopper::event(crate::test_database::noon(), "CONTROL-CANARY"))
        .await
        .unwrap();
    let limit = tegata_policy::limits::AttemptLimit { tries: 5, seconds: 60 };
    let key = keys.throttle("reset", shopper::ADDRESS.as_bytes());
    assert_eq!(store.take_attempt(key, limit, crate::test_database::noon()).await.unwrap(), None);
    keys.ticket(TicketPurpose::Reset, account, 1, &database.random).unwrap();
    store.backup(&database.file("backup")).await.unwrap();
    let mut bytes = vec![std::fs::read(database.file("backup")).unwrap()];
    if let StoreUrl::Sqlite(file) = &database.place {
        bytes.push(std::fs::read(file).unwrap());
        bytes.push(std::fs::read(file.with_extension("sqlite-wal")).unwrap());
    }
    let bytes = bytes.concat();
    let holds = |what: &[u8]| {
        let hex = hex::encode(what);
        bytes.windows(what.len()).any(|window| window == what)
            || bytes.windows(hex.len()).any(|window| window.eq_ignore_ascii_case(hex.as_bytes()))
    };
    assert!(holds(b"CONTROL-CANARY"));
    assert!(holds(&account.0), "bytes are looked for as bytes and as hex");
    for planted in [
        shopper::ADDRESS.as_bytes(),
        b"canary@shop",
        shopper::SECRET,
        &shopper::TOKEN,
        b"12345678",
        &[7; 32],
    ] {
        assert!(!holds(planted), "{:?}", String::from_utf8_lossy(planted));
    }
}
