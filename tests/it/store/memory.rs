//! The store in memory, and how it fails on request.

use punctual::store::{Fault, Memory, Store, StoreError};

use super::*;

macro_rules! in_memory {
    ($($case:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            let store = Store::from(Memory::default());
            super::cases::$case(&store, &store.clone()).await;
        }
    )*};
}

in_memory!(
    what_is_appended_is_read_back,
    a_secret_is_the_one_that_was_kept_first,
    records_and_ledgers_of_the_same_day_are_kept_apart,
    pages_have_what_is_asked_for,
    gaps_and_numbers_twice_are_refused_with_all_that_came_along,
    appends_of_one_batch_follow_one_another,
    a_former_owner_writes_nothing,
    of_many_owners_exactly_one_gets_a_lease,
    a_lease_is_kept_by_renewal_and_moves_when_it_runs_out,
    a_request_has_one_answer,
    of_contending_appends_each_number_is_written_once,
    a_long_ledger_is_written_and_read_in_seconds,
);

#[tokio::test]
async fn faults_come_one_after_the_other_and_do_what_they_say() {
    let memory = Memory::default();
    let store = Store::from(memory.clone());
    let lease = lease(&store, "faulty", "one").await;
    memory.fail(&[Fault::LoseAfter, Fault::LoseBefore, Fault::Refuse]);
    let write = |next| {
        let batch = [append(&lease, entries(next..next + 1))];
        let store = store.clone();
        async move { store.append(&batch).await }
    };
    assert!(matches!(write(0).await, Err(StoreError::NotWritten(_))));
    assert!(matches!(write(0).await, Err(StoreError::Unavailable(_))));
    assert_eq!(length(&store, "faulty").await, 0);
    assert!(matches!(write(0).await, Err(StoreError::Unavailable(_))));
    assert_eq!(length(&store, "faulty").await, 1, "written, but unheard of");
    write(1).await.unwrap();
}
