//! The global state, as changes of accounts see it.

use std::sync::Arc;

use tegata_issuer::store::{AccountChange, AdminCommand, KillSwitch, StoreError};
use tegata_policy::Generation;

use crate::shopper;
use crate::test_database::{TestDatabase, noon};

crate::on_both!(
    a_kill_switch_applies_to_the_next_change_of_any_process,
    a_new_generation_voids_every_session,
    an_unreadable_global_state_means_stopped,
);

async fn a_kill_switch_applies_to_the_next_change_of_any_process(database: TestDatabase) {
    let store = database.store().await;
    let other = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let account = shopper::begin(&store, &keys).await;
    let stopped = async || {
        let seen = |loaded: &tegata_issuer::store::LoadedAccount| {
            (
                AccountChange::default(),
                KillSwitch::ALL.map(|switch| loaded.global_state.stopped.contains(switch)),
            )
        };
        other.change(account, seen).await.unwrap()
    };
    let order = async |order| {
        store.apply_admin_command(order, shopper::event(noon(), "order")).await.unwrap()
    };
    assert_eq!(stopped().await, [false; 5]);
    for (place, switch) in KillSwitch::ALL.into_iter().enumerate() {
        assert!(order(AdminCommand::Stop(switch)).await.stopped.contains(switch));
        order(AdminCommand::Stop(switch)).await;
        let mut only = [false; 5];
        only[place] = true;
        assert_eq!(stopped().await, only);
        order(AdminCommand::Resume(switch)).await;
    }
    order(AdminCommand::StopAll).await;
    assert_eq!(stopped().await, [true; 5]);
    order(AdminCommand::Resume(KillSwitch::Payments)).await;
    assert_eq!(stopped().await, [true, true, true, true, false]);
    assert_eq!(
        database.store().await.global_state().await.unwrap(),
        store.global_state().await.unwrap()
    );
    order(AdminCommand::ResumeAll).await;
    assert_eq!(stopped().await, [false; 5]);
    let seen = |global_state: &tegata_issuer::store::GlobalState| {
        let state = Some(tegata_policy::Account::Closed);
        (
            AccountChange { state, ..AccountChange::default() },
            global_state.stopped.contains(KillSwitch::SignUp),
        )
    };
    order(AdminCommand::Stop(KillSwitch::SignUp)).await;
    assert!(other.create(tegata_issuer::domain::AccountId([1; 16]), seen).await.unwrap());
    assert_eq!(database.number("SELECT COUNT(*) FROM events WHERE deed = 'order'").await, 19);
}

async fn a_new_generation_voids_every_session(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, session, _) = shopper::sign_up(&store, &keys).await;
    let revoke =
        store.apply_admin_command(AdminCommand::RevokeAll, shopper::event(noon(), "revoke_all"));
    let global_state = revoke.await.unwrap();
    assert_eq!((global_state.generation, global_state.used_up_to), (Generation(1), 0));
    let loaded = store.load(account).await.unwrap().unwrap();
    let tegata_policy::Account::Active(live) = loaded.state else { panic!() };
    assert!(live.session(session, &shopper::world(&loaded.global_state, noon())).is_none());
    let fence = |at| {
        store.apply_admin_command(
            AdminCommand::FenceAfterRestore(at),
            shopper::event(noon(), "fence"),
        )
    };
    let step = noon().seconds() / 30;
    assert_eq!(fence(noon()).await.unwrap().used_up_to, step + 3);
    let back = fence(noon().shifted(-6000)).await.unwrap();
    assert_eq!((back.used_up_to, back.generation), (step + 3, Generation(3)), "never lower");
}

async fn an_unreadable_global_state_means_stopped(database: TestDatabase) {
    let store = database.store().await;
    let keys = Arc::new(database.keys(&store).await);
    let (account, ..) = shopper::sign_up(&store, &keys).await;
    database.sql("UPDATE standing SET stopped = 32").await;
    let global_state = store.global_state().await.unwrap();
    assert!(KillSwitch::ALL.iter().all(|switch| global_state.stopped.contains(*switch)));
    database.sql("DELETE FROM standing").await;
    let nothing = |_: &_| (AccountChange::default(), ());
    let unreadable = Err(StoreError::Unreadable("standing"));
    assert_eq!(store.change(account, nothing).await, unreadable);
    assert!(store.global_state().await.is_err());
    assert!(store.load(account).await.is_err());
    let token = tegata_issuer::domain::TokenHash::of(&shopper::TOKEN);
    assert!(store.session(&token, None).await.is_err());
    let order =
        store.apply_admin_command(AdminCommand::ResumeAll, shopper::event(noon(), "resume"));
    assert!(order.await.is_err());
}
