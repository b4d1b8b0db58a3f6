//! The throw-away PostgreSQL server: it listens on a port and a socket, comes up again after a
//! stop, and leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::net::UnixStream;

use kommo_test_support::{PostgresCluster, Stop, postgres_is_left_out, with_database};

#[test]
fn a_cluster_listens_restarts_and_is_removed() {
    if postgres_is_left_out() {
        return;
    }
    let mut cluster = PostgresCluster::start_with("-c fsync=off -c max_wal_senders=3").unwrap();
    let socket = cluster.socket();
    for stop in [Stop::InOrder, Stop::AsByCrash] {
        UnixStream::connect(&socket).unwrap();
        cluster.restart(stop).unwrap();
        assert_eq!(cluster.socket(), socket);
    }
    UnixStream::connect(&socket).unwrap();
    drop(cluster);
    assert!(!socket.parent().unwrap().exists());
}

#[test]
fn a_setting_that_the_server_does_not_know_is_reported_with_its_words() {
    if postgres_is_left_out() {
        return;
    }
    let error = PostgresCluster::start_with("-c no_such_setting=1").unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn another_database_of_a_server_keeps_its_parameters() {
    for (server, expected) in [
        (
            "postgres://me@host:5432/postgres",
            "postgres://me@host:5432/other",
        ),
        (
            "postgres://me@host/a?sslmode=disable",
            "postgres://me@host/other?sslmode=disable",
        ),
        ("postgres:///a?host=/run", "postgres:///other?host=/run"),
    ] {
        assert_eq!(with_database(server, "other"), expected);
    }
}
