//! What holds for every engine. `a` and `b` are the same store, where possible opened twice.

use std::time::Duration;

use punctual::clock::Clock;
use punctual::store::{Append, Book, Store, StoreError};

use super::*;

pub(super) async fn what_is_appended_is_read_back(a: &Store, b: &Store) {
    let lease = lease(a, "monday", "one").await;
    assert_eq!(
        a.days(Book::Ledger).await.unwrap(),
        [],
        "a lease is no day yet"
    );
    let written = golden();
    a.append(&[append(&lease, written[..2].to_vec())])
        .await
        .unwrap();
    a.append(&[append(&lease, written[2..].to_vec())])
        .await
        .unwrap();
    assert_eq!(
        b.entries::<Entry>(&lease.day, 0, usize::MAX).await.unwrap(),
        written
    );
    assert_eq!(
        b.entries::<Entry>(&lease.day, 7, usize::MAX).await.unwrap(),
        written[7..]
    );
    assert_eq!(
        b.entries::<Entry>(&day("tuesday"), 0, usize::MAX)
            .await
            .unwrap(),
        []
    );
    assert_eq!(b.days(Book::Ledger).await.unwrap(), [day("monday")]);
    a.check().await.unwrap();
}

pub(super) async fn a_secret_is_the_one_that_was_kept_first(a: &Store, b: &Store) {
    assert_eq!(a.secret("pages", [1; 32]).await.unwrap(), [1; 32]);
    assert_eq!(b.secret("pages", [2; 32]).await.unwrap(), [1; 32]);
    assert_eq!(b.secret("other", [3; 32]).await.unwrap(), [3; 32]);
}

pub(super) async fn records_and_ledgers_of_the_same_day_are_kept_apart(a: &Store, b: &Store) {
    let ledger = lease(a, "both", "one").await;
    a.append(&[append(&ledger, entries(0..2))]).await.unwrap();
    let (both, two) = (day("both"), owner("two"));
    let record = a.acquire(Book::Record, &both, &two, LONG);
    let record = record.await.unwrap().unwrap();
    let lines = passed(0..5);
    let write = |entries: &[LiveEntry]| Append {
        day: record.day.clone(),
        epoch: record.epoch,
        entries: entries.to_vec(),
        replies: Vec::new(),
    };
    a.append(&[write(&lines[..3])]).await.unwrap();
    a.append(&[write(&lines[3..])]).await.unwrap();
    let twice = a.append(&[write(&lines[3..])]).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    let read = b.entries::<LiveEntry>(&record.day, 0, usize::MAX).await;
    assert_eq!(read.unwrap(), lines);
    assert_eq!(length(b, "both").await, 2);
    assert!(b.days(Book::Record).await.unwrap().contains(&day("both")));
    let kept = b
        .renew(&owner("two"), std::slice::from_ref(&record), LONG)
        .await;
    assert_eq!(kept.unwrap(), std::slice::from_ref(&record));
    a.release(&[record]).await.unwrap();
    let still = b
        .acquire(Book::Ledger, &day("both"), &owner("two"), LONG)
        .await;
    assert_eq!(
        still.unwrap(),
        Err(owner("one")),
        "the ledger has its own owner"
    );
}

pub(super) async fn pages_have_what_is_asked_for(a: &Store, b: &Store) {
    let lease = lease(a, "pages", "one").await;
    a.append(&[append(&lease, entries(0..10))]).await.unwrap();
    let page = |from, limit| b.entries::<Entry>(&lease.day, from, limit);
    assert_eq!(page(0, 4).await.unwrap(), entries(0..4));
    assert_eq!(page(8, 4).await.unwrap(), entries(8..10));
    assert_eq!(page(10, 4).await.unwrap(), []);
    assert_eq!(page(3, 0).await.unwrap(), []);
}

pub(super) async fn gaps_and_numbers_twice_are_refused_with_all_that_came_along(
    a: &Store,
    b: &Store,
) {
    let one = lease(a, "gaps-1", "one").await;
    let two = lease(a, "gaps-2", "one").await;
    a.append(&[append(&two, entries(0..3))]).await.unwrap();
    for wrong in [entries(4..6), entries(2..4), entries(0..1), {
        let mut with_gap = entries(3..6);
        with_gap.remove(1);
        with_gap
    }] {
        let good = Append {
            replies: vec![reply("gaps")],
            ..append(&one, entries(0..2))
        };
        let outcome = a.append(&[good, append(&two, wrong)]).await;
        assert!(
            matches!(outcome, Err(StoreError::Conflict(_))),
            "{outcome:?}"
        );
    }
    assert_eq!(length(b, "gaps-1").await, 0);
    assert_eq!(length(b, "gaps-2").await, 3);
    assert_eq!(b.reply("gaps").await.unwrap(), None);
}

pub(super) async fn appends_of_one_batch_follow_one_another(a: &Store, b: &Store) {
    let lease = lease(a, "batch", "one").await;
    let batch = [
        append(&lease, entries(0..2)),
        append(&lease, Vec::new()),
        append(&lease, entries(2..3)),
    ];
    a.append(&batch).await.unwrap();
    assert_eq!(length(b, "batch").await, 3);
    let twice = Append {
        replies: vec![reply("batch"), reply("batch")],
        ..append(&lease, Vec::new())
    };
    let outcome = a.append(&[twice]).await;
    assert!(
        matches!(outcome, Err(StoreError::Conflict(_))),
        "{outcome:?}"
    );
}

pub(super) async fn a_former_owner_writes_nothing(a: &Store, b: &Store) {
    let instant = Duration::ZERO;
    let old = a
        .acquire(Book::Ledger, &day("fenced"), &owner("one"), instant)
        .await
        .unwrap();
    let old = old.unwrap();
    a.append(&[append(&old, entries(0..1))]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let new = lease(b, "fenced", "two").await;
    assert!(new.epoch > old.epoch);
    let outcome = a.append(&[append(&old, entries(1..2))]).await;
    assert_eq!(outcome, Err(StoreError::Fenced(day("fenced"))));
    assert_eq!(
        a.renew(&owner("one"), std::slice::from_ref(&old), LONG)
            .await
            .unwrap(),
        []
    );
    a.release(&[old]).await.unwrap();
    b.append(&[append(&new, entries(1..2))]).await.unwrap();
    assert_eq!(length(a, "fenced").await, 2);
    let never_leased = Lease {
        book: Book::Ledger,
        day: day("unknown"),
        epoch: 1,
    };
    let outcome = a.append(&[append(&never_leased, entries(0..1))]).await;
    assert_eq!(outcome, Err(StoreError::Fenced(day("unknown"))));
}

pub(super) async fn of_many_owners_exactly_one_gets_a_lease(a: &Store, b: &Store) {
    for round in 0..20 {
        let name = format!("race-{round}");
        let tries = (0..8).map(|number| {
            let store = if number % 2 == 0 { a } else { b }.clone();
            let (day, owner) = (day(&name), owner(&format!("owner-{number}")));
            tokio::spawn(async move {
                store
                    .acquire(Book::Ledger, &day, &owner, LONG)
                    .await
                    .unwrap()
            })
        });
        let mut winners = Vec::new();
        let mut named = Vec::new();
        for (number, attempt) in tries.collect::<Vec<_>>().into_iter().enumerate() {
            match attempt.await.unwrap() {
                Ok(_) => winners.push(owner(&format!("owner-{number}"))),
                Err(holder) => named.push(holder),
            }
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert!(named.iter().all(|holder| *holder == winners[0]));
    }
}

pub(super) async fn a_lease_is_kept_by_renewal_and_moves_when_it_runs_out(a: &Store, b: &Store) {
    let (one, two) = (owner("one"), owner("two"));
    let day = day("moves");
    let short = Duration::from_millis(400);
    let first = a
        .acquire(Book::Ledger, &day, &one, short)
        .await
        .unwrap()
        .unwrap();
    let again = a
        .acquire(Book::Ledger, &day, &one, short)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first, again, "one's own lease has the same epoch");
    assert_eq!(
        b.acquire(Book::Ledger, &day, &two, short).await.unwrap(),
        Err(one.clone())
    );
    let kept = a.renew(&one, std::slice::from_ref(&first), LONG).await;
    assert_eq!(kept.unwrap(), std::slice::from_ref(&first));
    tokio::time::sleep(short + Duration::from_millis(100)).await;
    assert_eq!(
        b.acquire(Book::Ledger, &day, &two, short).await.unwrap(),
        Err(one.clone())
    );
    let kept = a.renew(&one, std::slice::from_ref(&first), short).await;
    assert_eq!(kept.unwrap(), std::slice::from_ref(&first));
    tokio::time::sleep(short + Duration::from_millis(100)).await;
    let second = b
        .acquire(Book::Ledger, &day, &two, LONG)
        .await
        .unwrap()
        .unwrap();
    assert!(second.epoch > first.epoch, "it ran out and moved");
    b.release(std::slice::from_ref(&second)).await.unwrap();
    let third = a
        .acquire(Book::Ledger, &day, &one, LONG)
        .await
        .unwrap()
        .unwrap();
    assert!(third.epoch > second.epoch, "it was given back and moved");
}

pub(super) async fn a_request_has_one_answer(a: &Store, b: &Store) {
    let lease = lease(a, "replies", "one").await;
    let answered = |numbers, id: &str| Append {
        replies: vec![reply(id)],
        ..append(&lease, entries(numbers))
    };
    a.append(&[answered(0..1, "r1")]).await.unwrap();
    assert_eq!(b.reply("r1").await.unwrap(), Some(reply("r1")));
    assert_eq!(b.reply("r2").await.unwrap(), None);
    let outcome = b.append(&[answered(1..2, "r1")]).await;
    assert!(
        matches!(outcome, Err(StoreError::Conflict(_))),
        "{outcome:?}"
    );
    assert_eq!(length(a, "replies").await, 1);
    b.append(&[answered(1..2, "r2")]).await.unwrap();
}

/// Several tasks append the same numbers, and go on from what is there.
pub(super) async fn of_contending_appends_each_number_is_written_once(a: &Store, b: &Store) {
    let lease = lease(a, "contended", "one").await;
    let writers = (0..4).map(|number| {
        let store = if number % 2 == 0 { a } else { b }.clone();
        let lease = lease.clone();
        tokio::spawn(async move {
            let mut written = Vec::new();
            while written.len() < 25 {
                let next = length(&store, "contended").await;
                match store
                    .append(&[append(&lease, entries(next..next + 1))])
                    .await
                {
                    Ok(()) => written.push(next),
                    Err(StoreError::Conflict(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            written
        })
    });
    let mut written = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        written.extend(writer.await.unwrap());
    }
    written.sort_unstable();
    assert!(written.iter().copied().eq(0..100), "{written:?}");
    assert_eq!(
        b.entries::<Entry>(&lease.day, 0, usize::MAX).await.unwrap(),
        entries(0..100)
    );
}

pub(super) async fn a_long_ledger_is_written_and_read_in_seconds(a: &Store, b: &Store) {
    let lease = lease(a, "long", "one").await;
    let clock = Clock::start();
    for batch in 0..50 {
        let batch = append(&lease, entries(batch * 2_000..(batch + 1) * 2_000));
        a.append(&[batch]).await.unwrap();
    }
    let written = clock.elapsed();
    let read = b.entries::<Entry>(&lease.day, 0, usize::MAX).await.unwrap();
    assert!(read == entries(0..100_000));
    let took = clock.elapsed();
    println!(
        "100,000 entries: written in {written:.1?}, read in {:.1?}",
        took - written
    );
    assert!(took < Duration::from_secs(120), "{took:?}");
}
