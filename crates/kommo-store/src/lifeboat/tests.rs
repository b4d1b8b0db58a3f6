//! A process that ends after each step of its work with a lifeboat: the steps that it reported are
//! on the disk, and the next process can work.

use std::io::{self, Write as _};
use std::process::{Command, Stdio};

use kommo_keeper::{CodeOrigin, LifeboatPort as _};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{AttemptId, Generation, GrantKey, PairNumber, UnsavedPair};
use kommo_oauth::token::{AccessToken, AuthorizationCode, RefreshToken, TokenPair};

use super::*;

const DIRECTORY: &str = "KOMMO_STORE_TEST_LIFEBOAT";
const CRASH_AT: &str = "KOMMO_STORE_TEST_CRASH_AT";
const CHILD: &str = "lifeboat::tests::a_process_that_works_with_a_lifeboat";

fn key(user: u64) -> GrantKey {
    let client = "11111111-2222-3333-4444-555555555555";
    GrantKey::parse(&format!("real/{client}/12345678/{user}")).unwrap()
}

fn unsaved(user: u64) -> UnsavedPair {
    let pair = TokenPair::new(
        AccessToken::new(format!("access-{user}")).unwrap(),
        RefreshToken::new(format!("refresh-{user}")).unwrap(),
        UnixSeconds::new(1),
        UnixSeconds::new(2),
    );
    let attempt = AttemptId::new([7; 16]);
    let first = Generation::FIRST;
    UnsavedPair::new(key(user), attempt, first, PairNumber::FIRST, pair)
}

/// A code whose answer is not there.
fn claimed(number: i64) -> ClaimedCode {
    let grant = key(1);
    let pending = PendingCode::new(
        grant.realm,
        grant.client_id,
        "example.kommo.com".parse().unwrap(),
        AuthorizationCode::new(format!("code-{number}")).unwrap(),
        CodeOrigin::Redirect,
        UnixSeconds::new(1),
    );
    ClaimedCode::new(number, 7, 0, pending)
}

fn say(what: &str) {
    writeln!(io::stdout(), "\n> {what}").unwrap();
}

/// Says what it has done. Does nothing unless it was started by the test below.
#[tokio::test]
async fn a_process_that_works_with_a_lifeboat() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let boat = Lifeboat::in_directory(directory, None).unwrap();
    for user in [1, 2] {
        boat.reserve(&key(user)).await.unwrap();
        say(&format!("reserved {user}"));
    }
    boat.write(&unsaved(1)).await.unwrap();
    say("written 1");
    // What was reserved for one grant is used by another.
    boat.release_slot(&key(2)).await.unwrap();
    boat.reserve(&key(3)).await.unwrap();
    boat.write(&unsaved(3)).await.unwrap();
    say("written 3");
    // Without a reservation.
    boat.write(&unsaved(4)).await.unwrap();
    say("written 4");
    boat.delete(&unsaved(1)).await.unwrap();
    say("deleted 1");
    boat.reserve(&key(5)).await.unwrap();
    boat.release_slot(&key(5)).await.unwrap();
    boat.reserve_for_code(&claimed(6)).await.unwrap();
    boat.write_answer(&claimed(6), &unsaved(6).pair)
        .await
        .unwrap();
    say("written 6");
    drop(boat);
    say("end");
}

/// What a process said that ended at this step.
fn said_before(step: u32, directory: &Path) -> Vec<String> {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--nocapture", "--test-threads", "1"])
        .env(DIRECTORY, directory)
        .env(CRASH_AT, step.to_string())
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(child.stdout).unwrap();
    let said = said.lines().filter_map(|line| line.strip_prefix("> "));
    said.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_process_that_ends_between_two_steps_loses_no_pair_that_it_promised() {
    let mut steps = 0;
    loop {
        steps += 1;
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("boat");
        let said = said_before(steps, &place);
        let has = |what: &str| said.iter().any(|line| line == what);
        let boat = Lifeboat::in_directory(&place, None).unwrap();
        for user in [1, 3, 4] {
            let read = boat.read(&key(user)).await.unwrap();
            let may_be_gone = user == 1 && has("written 4");
            if has(&format!("written {user}")) && !may_be_gone {
                assert_eq!(read, Some(unsaved(user)), "step {steps}, {said:?}");
            }
            // A pair whose writing was cut off is there as a whole or not at all.
            assert!(
                read.is_none_or(|read| read == unsaved(user)),
                "step {steps}"
            );
        }
        let answers = boat.answers().await.unwrap();
        assert!(!has("written 6") || answers.len() == 1, "step {steps}");
        for answer in answers {
            assert_eq!((answer.id, answer.answer), (6, Some(unsaved(6).pair)));
        }
        if has("deleted 1") {
            assert_eq!(boat.read(&key(1)).await.unwrap(), None, "step {steps}");
        }
        // The next process lists, reserves and writes.
        boat.keys().await.unwrap();
        assert!(boat.problems().await.unwrap().is_empty(), "step {steps}");
        boat.reserve(&key(9)).await.unwrap();
        boat.write(&unsaved(9)).await.unwrap();
        assert_eq!(boat.read(&key(9)).await.unwrap(), Some(unsaved(9)));
        if has("end") {
            break;
        }
    }
    assert!(steps > 20, "{steps} steps");
}
