//! The lifeboat: files that outlive the store, the process and a mistake.

use std::fs;

use kommo_keeper::{ClaimedCode, LifeboatPort as _, StoreError as _, StoreErrorKind};
use kommo_oauth::grant::{AttemptId, Generation, PairNumber, UnsavedPair};
use kommo_oauth::token::{AccessToken, RefreshToken, TOKEN_MAX_BYTES, TokenPair};
use kommo_store::{EncryptionKeys, Lifeboat};

use crate::samples::{MARKER, account, at, encryption_key, key, pair, redirected};
#[cfg(target_os = "linux")]
use crate::small_disk::SmallDisk;

fn keys(number: u8) -> Option<EncryptionKeys> {
    Some(EncryptionKeys::new(encryption_key(number)))
}

fn unsaved(user: u64, base: u64) -> UnsavedPair {
    let mut attempt = [0; 16];
    attempt[..8].copy_from_slice(&base.to_be_bytes());
    UnsavedPair::new(
        key(user),
        AttemptId::new(attempt),
        Generation::new(base),
        PairNumber::FIRST,
        pair(base),
    )
}

#[tokio::test]
async fn a_pair_is_read_by_the_next_process_and_goes_when_it_is_saved() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("lifeboat");
    for keys in [None, keys(1)] {
        let boat = Lifeboat::in_directory(&directory, keys.clone()).unwrap();
        assert_eq!(boat.read(&key(1)).await.unwrap(), None);
        boat.write(&unsaved(1, 5)).await.unwrap();
        boat.write(&unsaved(1, 5)).await.unwrap();
        boat.write(&unsaved(1, 3)).await.unwrap();
        boat.write(&unsaved(2, 9)).await.unwrap();

        let next = Lifeboat::in_directory(&directory, keys).unwrap();
        let mut expected = vec![key(1), key(2)];
        expected.sort();
        assert_eq!(next.keys().await.unwrap(), expected);
        for base in [3, 5] {
            let oldest = next.read(&key(1)).await.unwrap().unwrap();
            assert_eq!(oldest, unsaved(1, base));
            next.delete(&oldest).await.unwrap();
            next.delete(&oldest).await.unwrap();
        }
        assert_eq!(next.read(&key(1)).await.unwrap(), None);
        next.delete(&unsaved(2, 9)).await.unwrap();
        assert!(next.keys().await.unwrap().is_empty());
    }
}

fn claimed(text: &str) -> ClaimedCode {
    let pending = redirected(text, 7)
        .with_carried(Some("tenant 7".to_owned()))
        .with_expected_account(Some(account()));
    ClaimedCode::new(12, u128::MAX - 5, 2, pending).with_earlier_tries(4)
}

#[tokio::test]
async fn the_pair_of_a_code_is_read_with_its_claim_by_the_next_process() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("lifeboat");
    for keys in [None, keys(1)] {
        let boat = Lifeboat::in_directory(&directory, keys.clone()).unwrap();
        assert!(boat.answers().await.unwrap().is_empty());
        boat.reserve_for_code(&claimed("one")).await.unwrap();
        boat.write_answer(&claimed("one"), &pair(1)).await.unwrap();
        boat.write_answer(&claimed("two"), &pair(2)).await.unwrap();
        boat.write(&unsaved(1, 5)).await.unwrap();

        let seen = Lifeboat::look_into(&directory, keys.clone()).await.unwrap();
        assert_eq!((seen.grants.len(), seen.exchanges), (1, 2));

        let next = Lifeboat::in_directory(&directory, keys).unwrap();
        assert_eq!(next.keys().await.unwrap(), [key(1)], "a code is no grant");
        let mut answers = next.answers().await.unwrap();
        answers.sort_by_key(|code| code.pending.code.expose().to_owned());
        for (answer, (text, number)) in answers.iter().zip([("one", 1), ("two", 2)]) {
            let mut expected = claimed(text);
            expected.answer = Some(pair(number));
            assert_eq!(told(answer), told(&expected));
        }
        assert_eq!(answers.len(), 2);
        for answer in answers {
            next.delete_answer(&answer).await.unwrap();
            next.delete_answer(&answer).await.unwrap();
        }
        assert!(next.answers().await.unwrap().is_empty());
        next.delete(&unsaved(1, 5)).await.unwrap();
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    }
}

/// All that the store needs.
fn told(code: &ClaimedCode) -> impl PartialEq + core::fmt::Debug {
    let pending = &code.pending;
    (
        (code.id, code.token, code.earlier_claims, code.earlier_tries),
        (
            pending.realm,
            pending.client_id,
            pending.host,
            pending.origin,
        ),
        (pending.code.expose().to_owned(), pending.received_at),
        (pending.carried.clone(), pending.expected_account),
        code.answer.clone(),
    )
}

#[tokio::test]
async fn the_pair_of_a_code_is_sealed_anew_and_one_that_cannot_be_read_hides_no_other() {
    let place = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    boat.write_answer(&claimed("one"), &pair(1)).await.unwrap();
    for file in fs::read_dir(place.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(
            !bytes
                .windows(MARKER.len())
                .any(|part| part == MARKER.as_bytes())
        );
    }
    let ring = EncryptionKeys::new(encryption_key(2));
    let ring = ring.and_reading(encryption_key(1)).unwrap();
    let rotating = Lifeboat::in_directory(place.path(), Some(ring)).unwrap();
    assert_eq!(rotating.rotate_encryption().await.unwrap().resealed, 1);
    let boat = Lifeboat::in_directory(place.path(), keys(2)).unwrap();
    boat.write_answer(&claimed("two"), &pair(2)).await.unwrap();
    assert_eq!(boat.answers().await.unwrap().len(), 2);

    let other = Lifeboat::in_directory(place.path(), keys(3)).unwrap();
    let error = other.answers().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey);
    assert!(
        other.keys().await.unwrap().is_empty(),
        "no grant is concerned"
    );
    assert_eq!(other.problems().await.unwrap().len(), 2);
    other
        .write_answer(&claimed("three"), &pair(3))
        .await
        .unwrap();
    assert_eq!(other.answers().await.unwrap().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_lifeboat_that_is_looked_into_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("lifeboat");
    let boat = Lifeboat::in_directory(&directory, None).unwrap();
    // A torn file that is old enough to be removed.
    boat.write(&unsaved(2, 9)).await.unwrap();
    let torn = unnamed(&directory);
    fs::write(&torn, b"").unwrap();
    age(&torn, 100);
    boat.write(&unsaved(1, 5)).await.unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();

    let seen = Lifeboat::look_into(&directory, None).await.unwrap();
    assert_eq!(seen.grants, [key(1)]);
    let mode = fs::metadata(&directory).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    assert!(torn.exists());
    Lifeboat::look_into(place.path().join("missing"), None)
        .await
        .unwrap_err();
    assert!(!place.path().join("missing").exists());
    // The next user of it cleans up.
    boat.keys().await.unwrap();
    assert!(!torn.exists());
}

#[cfg(unix)]
#[tokio::test]
async fn its_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("lifeboat");
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    let boat = Lifeboat::in_directory(&directory, None).unwrap();
    boat.write(&unsaved(1, 1)).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let files: Vec<_> = fs::read_dir(&directory).unwrap().collect();
    assert_eq!(files.len(), 1, "nothing is left of the writing");
    assert_eq!(mode(&files[0].as_ref().unwrap().path()), 0o600);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_an_error_and_stays_and_hides_no_other() {
    let place = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    boat.write(&unsaved(1, 1)).await.unwrap();
    let file = fs::read_dir(place.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let other_key = Lifeboat::in_directory(place.path(), keys(2)).unwrap();
    let error = other_key.read(&key(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey);

    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let error = boat.read(&key(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Damaged);
    let stem = name.strip_suffix(".pair").unwrap();
    assert!(error.to_string().contains(stem), "{error}");
    assert!(!format!("{error:?}").contains(MARKER));
    assert_eq!(
        boat.keys().await.unwrap_err().kind(),
        StoreErrorKind::Damaged
    );

    boat.write(&unsaved(1, 2)).await.unwrap();
    assert_eq!(boat.read(&key(1)).await.unwrap(), Some(unsaved(1, 2)));
    assert_eq!(boat.keys().await.unwrap(), [key(1)]);
    assert_eq!(boat.problems().await.unwrap().len(), 1);
    assert!(file.exists());
}

/// The file of one pair, as a crash before its last step leaves it: without its name.
fn unnamed(directory: &std::path::Path) -> std::path::PathBuf {
    let mut files = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path());
    let pair = files
        .find(|path| path.extension().unwrap() == "pair")
        .unwrap();
    let part = pair.with_extension("part");
    fs::rename(pair, &part).unwrap();
    part
}

fn age(path: &std::path::Path, hours: u64) {
    let file = fs::File::options().write(true).open(path).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    file.set_modified(modified - crate::samples::HOUR * u32::try_from(hours).unwrap())
        .unwrap();
}

#[tokio::test]
async fn a_whole_file_that_a_crash_left_without_its_name_is_read() {
    for keys in [None, keys(1)] {
        let place = tempfile::tempdir().unwrap();
        let boat = Lifeboat::in_directory(place.path(), keys).unwrap();
        boat.write(&unsaved(1, 5)).await.unwrap();
        let part = unnamed(place.path());
        age(&part, 100);
        assert_eq!(boat.keys().await.unwrap(), [key(1)]);
        assert_eq!(boat.read(&key(1)).await.unwrap(), Some(unsaved(1, 5)));
        assert!(boat.problems().await.unwrap().is_empty());
        boat.delete(&unsaved(1, 5)).await.unwrap();
        assert!(!part.exists());
        assert_eq!(boat.read(&key(1)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_torn_file_without_its_name_hides_nothing_and_goes_after_a_day() {
    for keys in [None, keys(1)] {
        let place = tempfile::tempdir().unwrap();
        let boat = Lifeboat::in_directory(place.path(), keys).unwrap();
        boat.write(&unsaved(1, 5)).await.unwrap();
        let part = unnamed(place.path());
        let whole = fs::read(&part).unwrap();
        for length in [0, 1, 20, whole.len() - 1] {
            fs::write(&part, &whole[..length]).unwrap();
            age(&part, 23);
            // Another process may be writing it.
            assert!(boat.keys().await.unwrap().is_empty());
            assert_eq!(boat.read(&key(1)).await.unwrap(), None);
            assert!(boat.problems().await.unwrap().is_empty());
            assert!(part.exists());
            age(&part, 2);
            assert!(boat.keys().await.unwrap().is_empty());
            assert!(!part.exists(), "{length}");
        }
    }
}

#[tokio::test]
async fn a_file_without_its_name_that_needs_another_key_stays() {
    let place = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    boat.write(&unsaved(1, 5)).await.unwrap();
    let part = unnamed(place.path());
    age(&part, 100);
    let other_key = Lifeboat::in_directory(place.path(), keys(2)).unwrap();
    let error = other_key.keys().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey);
    assert_eq!(other_key.problems().await.unwrap().len(), 1);
    assert!(part.exists());
}

#[tokio::test]
async fn a_damaged_file_is_read_from_its_next_writing() {
    let place = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    boat.write(&unsaved(1, 5)).await.unwrap();
    let part = unnamed(place.path());
    fs::write(part.with_extension("pair"), b"\x01damaged").unwrap();
    assert_eq!(boat.read(&key(1)).await.unwrap(), Some(unsaved(1, 5)));
    fs::write(&part, b"\x01torn").unwrap();
    let error = boat.read(&key(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Damaged);
}

#[tokio::test]
async fn a_file_under_another_name_is_not_taken() {
    let place = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(place.path(), None).unwrap();
    boat.write(&unsaved(1, 1)).await.unwrap();
    let first = fs::read_dir(place.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    boat.write(&unsaved(2, 1)).await.unwrap();
    let names: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    let second = names.iter().find(|path| **path != first).unwrap();
    fs::copy(&first, second).unwrap();
    let error = boat.read(&key(2)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Damaged);
}

#[tokio::test]
async fn tokens_lie_encrypted_if_there_are_keys() {
    let place = tempfile::tempdir().unwrap();
    for (keys, is_plain) in [(None, true), (keys(1), false)] {
        let boat = Lifeboat::in_directory(place.path(), keys).unwrap();
        boat.write(&unsaved(1, 1)).await.unwrap();
        let file = fs::read_dir(place.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let bytes = fs::read(&file).unwrap();
        let has_marker = bytes
            .windows(MARKER.len())
            .any(|window| window == MARKER.as_bytes());
        assert_eq!(has_marker, is_plain);
    }
}

#[tokio::test]
async fn a_rotation_reaches_the_files_and_names_the_one_that_needs_another_key() {
    let place = tempfile::tempdir().unwrap();
    let old = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    old.write(&unsaved(1, 5)).await.unwrap();
    old.write(&unsaved(2, 6)).await.unwrap();
    // One that a crash left whole under its first name, and one that it tore.
    let path_of = |boat_file: &str| place.path().join(boat_file);
    let mut names: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let part = names[0].replace(".pair", ".part");
    fs::rename(path_of(&names[0]), path_of(&part)).unwrap();
    fs::write(path_of(&names[1].replace(".pair", ".part")), b"\x01torn").unwrap();

    let ring = EncryptionKeys::new(encryption_key(2));
    let ring = ring.and_reading(encryption_key(1)).unwrap();
    let rotating = Lifeboat::in_directory(place.path(), Some(ring)).unwrap();
    let rotated = rotating.rotate_encryption().await.unwrap();
    assert_eq!((rotated.resealed, rotated.current), (2, 0));
    let again = rotating.rotate_encryption().await.unwrap();
    assert_eq!((again.resealed, again.current), (0, 2));

    // No file needs the old key.
    let new = Lifeboat::in_directory(place.path(), keys(2)).unwrap();
    assert_eq!(new.read(&key(1)).await.unwrap().unwrap(), unsaved(1, 5));
    assert_eq!(new.read(&key(2)).await.unwrap().unwrap(), unsaved(2, 6));
    assert!(new.problems().await.unwrap().is_empty());
    let left = fs::read_dir(place.path()).unwrap().count();
    assert_eq!(left, 3, "nothing is left of the rotation");

    // Somebody went on writing with a key that is not in the ring any more: the others are done all
    // the same.
    old.write(&unsaved(3, 7)).await.unwrap();
    let third = EncryptionKeys::new(encryption_key(3));
    let third = third.and_reading(encryption_key(2)).unwrap();
    let third = Lifeboat::in_directory(place.path(), Some(third)).unwrap();
    let error = third.rotate_encryption().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey);
    assert_eq!(third.problems().await.unwrap().len(), 1);
    let newest = Lifeboat::in_directory(place.path(), keys(3)).unwrap();
    assert_eq!(newest.read(&key(1)).await.unwrap().unwrap(), unsaved(1, 5));
    assert_eq!(newest.read(&key(2)).await.unwrap().unwrap(), unsaved(2, 6));
}

/// The endings of all files, in order.
fn endings(place: &std::path::Path) -> Vec<String> {
    let mut endings: Vec<_> = fs::read_dir(place)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            path.extension().unwrap().to_string_lossy().into_owned()
        })
        .collect();
    endings.sort();
    endings
}

#[tokio::test]
async fn room_that_was_reserved_is_used_for_the_next_grant_and_goes_with_its_process() {
    let place = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    for user in 1..=20 {
        boat.reserve(&key(user)).await.unwrap();
        boat.reserve(&key(user)).await.unwrap();
        assert_eq!(endings(place.path()), ["slot"]);
        boat.release_slot(&key(user)).await.unwrap();
        boat.release_slot(&key(user)).await.unwrap();
    }
    boat.reserve(&key(1)).await.unwrap();
    boat.reserve(&key(2)).await.unwrap();
    assert_eq!(endings(place.path()), ["slot", "slot"]);
    assert!(boat.keys().await.unwrap().is_empty());
    assert!(boat.problems().await.unwrap().is_empty());
    // Another process leaves them to their owner.
    let other = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    assert!(other.keys().await.unwrap().is_empty());
    other.reserve(&key(3)).await.unwrap();
    assert_eq!(endings(place.path()), ["slot", "slot", "slot"]);
    drop(boat);
    assert_eq!(endings(place.path()), ["slot"]);
    drop(other);
    assert!(endings(place.path()).is_empty());
}

#[tokio::test]
async fn a_pair_goes_into_the_room_that_was_reserved_for_it() {
    let place = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    boat.reserve(&key(1)).await.unwrap();
    boat.write(&unsaved(1, 5)).await.unwrap();
    assert_eq!(endings(place.path()), ["pair"]);
    // The run ends: no slot is released.
    boat.release_slot(&key(1)).await.unwrap();
    let next = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    assert_eq!(next.keys().await.unwrap(), [key(1)]);
    assert_eq!(next.read(&key(1)).await.unwrap(), Some(unsaved(1, 5)));
    let rotated = next.rotate_encryption().await.unwrap();
    assert_eq!((rotated.resealed, rotated.current), (0, 1));
    next.delete(&unsaved(1, 5)).await.unwrap();
    assert!(endings(place.path()).is_empty());
}

#[tokio::test]
async fn the_largest_pair_fits() {
    let place = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    boat.reserve(&key(1)).await.unwrap();
    // Each byte is escaped in JSON.
    let token = "\\".repeat(TOKEN_MAX_BYTES);
    let mut largest = unsaved(1, 5);
    largest.pair = TokenPair::new(
        AccessToken::new(token.as_str()).unwrap(),
        RefreshToken::new(token.as_str()).unwrap(),
        at(1),
        at(2),
    );
    let slot = fs::read_dir(place.path()).unwrap().next().unwrap();
    let room = slot.unwrap().metadata().unwrap().len();
    boat.write(&largest).await.unwrap();
    let file = fs::read_dir(place.path()).unwrap().next().unwrap();
    let used = file.unwrap().metadata().unwrap().len();
    assert_eq!(used, room, "written over what was reserved");
    assert_eq!(boat.read(&key(1)).await.unwrap(), Some(largest));
}

/// A pair that could not get its name, as on a disk whose directory cannot grow: it is read,
/// rotated and removed where it is.
#[tokio::test]
async fn a_pair_that_stayed_in_its_slot_is_a_pair_like_any_other() {
    let place = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    let stay = async || {
        boat.reserve(&key(1)).await.unwrap();
        boat.write(&unsaved(1, 5)).await.unwrap();
        let file = fs::read_dir(place.path()).unwrap().next().unwrap();
        fs::rename(file.unwrap().path(), place.path().join("0.slot")).unwrap();
    };
    stay().await;
    assert_eq!(boat.keys().await.unwrap(), [key(1)]);
    assert_eq!(boat.read(&key(1)).await.unwrap(), Some(unsaved(1, 5)));
    assert_eq!(boat.read(&key(2)).await.unwrap(), None);
    let looked = Lifeboat::look_into(place.path(), keys(1)).await.unwrap();
    assert_eq!(looked.grants, [key(1)]);
    let error = Lifeboat::look_into(place.path(), keys(2))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey);
    // Room for the next one is another slot.
    boat.reserve(&key(1)).await.unwrap();
    assert_eq!(endings(place.path()), ["slot", "slot"]);
    boat.release_slot(&key(1)).await.unwrap();
    boat.delete(&unsaved(1, 5)).await.unwrap();
    assert_eq!(boat.read(&key(1)).await.unwrap(), None);
    drop(boat);
    assert!(endings(place.path()).is_empty());
}

#[tokio::test]
async fn a_rotation_takes_a_pair_out_of_its_slot() {
    let place = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(place.path(), keys(1)).unwrap();
    boat.reserve(&key(1)).await.unwrap();
    boat.write(&unsaved(1, 5)).await.unwrap();
    let file = fs::read_dir(place.path()).unwrap().next().unwrap();
    fs::rename(file.unwrap().path(), place.path().join("0.slot")).unwrap();
    let ring = EncryptionKeys::new(encryption_key(2));
    let ring = ring.and_reading(encryption_key(1)).unwrap();
    let rotating = Lifeboat::in_directory(place.path(), Some(ring)).unwrap();
    let rotated = rotating.rotate_encryption().await.unwrap();
    assert_eq!(rotated.resealed, 1);
    assert_eq!(endings(place.path()), ["pair"]);
    let new = Lifeboat::in_directory(place.path(), keys(2)).unwrap();
    assert_eq!(new.read(&key(1)).await.unwrap(), Some(unsaved(1, 5)));
}

#[tokio::test]
async fn what_an_ended_process_reserved_is_used_again_or_goes() {
    let place = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(place.path(), None).unwrap();
    boat.reserve(&key(1)).await.unwrap();
    let slot = fs::read_dir(place.path()).unwrap().next().unwrap();
    let left = place.path().join("left.slot");
    fs::copy(slot.unwrap().path(), &left).unwrap();
    // One that is whole is used.
    boat.reserve(&key(2)).await.unwrap();
    assert_eq!(endings(place.path()), ["slot", "slot"]);
    // One that was cut off is not, and goes.
    let cut = place.path().join("cut.slot");
    fs::write(&cut, b"kommo-life").unwrap();
    boat.reserve(&key(3)).await.unwrap();
    assert!(cut.exists());
    assert!(boat.keys().await.unwrap().is_empty());
    assert!(!cut.exists() && left.exists());
    // A damaged one stays, and is a problem when nobody can be writing it any more.
    let torn = place.path().join("torn.slot");
    fs::write(
        &torn,
        b"kommo-lifeboat-1 this is no pair, but it may have been one: nobody knows",
    )
    .unwrap();
    assert!(boat.problems().await.unwrap().is_empty());
    age(&torn, 100);
    assert_eq!(boat.problems().await.unwrap().len(), 1);
    assert!(boat.keys().await.unwrap().is_empty());
    assert!(torn.exists());
}

/// Four pairs of four: with room for the attempt and none for its answer.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_pair_is_written_on_a_full_disk_if_room_was_reserved() {
    let Some(disk) = SmallDisk::mount("1m") else {
        return;
    };
    let boat = Lifeboat::in_directory(disk.path().join("boat"), keys(1)).unwrap();
    for user in 1..=4 {
        boat.reserve(&key(user)).await.unwrap();
    }
    disk.fill();
    for user in 1..=4 {
        boat.write(&unsaved(user, user)).await.unwrap();
    }
    let next = Lifeboat::in_directory(disk.path().join("boat"), keys(1)).unwrap();
    for user in 1..=4 {
        let read = next.read(&key(user)).await.unwrap();
        assert_eq!(read, Some(unsaved(user, user)));
    }
    // Without room no refresh is sent.
    let error = boat.reserve(&key(5)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(endings(&disk.path().join("boat")), ["pair"; 4]);
    let error = boat.write(&unsaved(5, 5)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    disk.make_room();
    boat.reserve(&key(5)).await.unwrap();
}

#[tokio::test]
async fn a_directory_that_takes_no_file_is_a_problem() {
    let place = tempfile::tempdir().unwrap();
    let found = Lifeboat::problems_in(place.path(), None).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
    fs::write(place.path().join("a.pair"), b"\x01torn").unwrap();
    let found = Lifeboat::problems_in(place.path(), None).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(endings(place.path()), ["pair"]);
}
