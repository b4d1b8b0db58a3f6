//! What is done with a grant that is there: status, refresh, keep-alive, token, credential, export,
//! import, logout.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use crate::program::{Ended, ended};
use crate::shop::{ACCOUNT, CLIENT, HOST, Shop, USER, private};

#[test]
fn status_tells_everything_but_the_tokens() {
    let shop = Shop::open();
    shop.log_in();
    let text = shop.run(["auth", "status"]);
    text.done();
    shop.assert_quiet(&text);
    for line in text.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(text.stdout.contains("active, generation 1"), "{text:?}");
    assert!(
        text.stdout.contains("in the sandbox at 127.0.0.1:"),
        "{text:?}"
    );
    let told = shop.run(["auth", "status", "--format", "json"]);
    shop.assert_quiet(&told);
    let told = told.json();
    let grant = &told["grants"][0];
    assert_eq!(grant["account_host"], HOST);
    assert_eq!(grant["client_id"], CLIENT);
    assert_eq!(grant["needs_person"], false);
    assert_eq!(grant["usable"], true);
    assert_eq!(grant["holds"], json!([]));
    assert!(grant["expires_at"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(told["grants"].as_array().unwrap().len(), 1);
}

#[test]
fn without_a_grant_every_verb_says_so_and_how_to_get_one() {
    let shop = Shop::open();
    for verb in [
        "status",
        "refresh",
        "keep-alive",
        "token",
        "credential",
        "logout",
    ] {
        let failed = shop.run(["auth", verb]);
        let said = failed.failed(1);
        assert!(
            said.contains("no grant") && said.contains("kommo auth login"),
            "{said}"
        );
    }
    for verb in ["status", "refresh", "keep-alive", "logout"] {
        shop.run(["auth", verb, "--all"]).failed(1);
    }
}

#[test]
fn a_grant_of_a_sandbox_that_was_restarted_says_so() {
    let shop = Shop::open();
    shop.log_in();
    let shop = shop.restart_sandbox();
    let failed = shop.run(["auth", "refresh"]);
    let said = failed.failed(1);
    assert!(said.contains("the sandbox was restarted"), "{said}");
    let status = shop.run(["auth", "status"]);
    assert!(
        status.stdout.contains("the sandbox was restarted"),
        "{status:?}"
    );
    let login = ["auth", "login", "--code", "def5020a", "--account", HOST];
    let failed = shop.run(login);
    assert!(failed.failed(1).contains("was restarted"), "{failed:?}");
}

#[test]
fn refresh_brings_the_next_generation_and_keep_alive_leaves_a_young_pair_alone() {
    let shop = Shop::open();
    shop.log_in();
    let refreshed = shop.json(&["auth", "refresh"]);
    assert_eq!(refreshed["generation"], 2);
    assert_eq!(refreshed["account_id"], ACCOUNT);
    assert_eq!(shop.counter("refreshes"), 1);
    let alive = shop.json(&["auth", "keep-alive"]);
    assert_eq!(alive["generation"], 2);
    shop.run(["auth", "keep-alive", "--all"]).done();
    assert_eq!(shop.counter("refreshes"), 1);
    let all = shop.run(["auth", "refresh", "--all"]);
    assert!(
        all.done()
            .starts_with("refreshed: sandbox-one.kommo.com, generation 3, valid for 23 hours")
            || all
                .stdout
                .starts_with("refreshed: sandbox-one.kommo.com, generation 3, valid for 1 day"),
        "{all:?}"
    );
    assert_eq!(shop.counter("double_refreshes"), 0);
}

#[test]
fn a_token_goes_into_a_pipe_and_works() {
    let shop = Shop::open();
    shop.log_in();
    let token = shop.run(["auth", "token"]);
    let token = token.done().trim().to_owned();
    assert_eq!(token.split('.').count(), 3);
    assert_eq!(shop.json(&["auth", "token"])["access_token"], token);
    // The token is asked for; nothing else leaks with it.
    let verbose = shop.run(["auth", "token", "--verbose"]);
    assert!(
        !verbose.stderr.contains("eyJ") && !verbose.stderr.contains("def502"),
        "{verbose:?}"
    );
    assert_eq!(shop.counter("refreshes"), 0);
}

#[test]
fn a_token_is_not_printed_to_a_terminal_without_show() {
    let shop = Shop::open();
    shop.log_in();
    let on_terminal = |words: &str| -> Ended {
        let mut command = Command::new("script");
        command
            .args([
                "-qec",
                &format!("'{}' {words}", env!("CARGO_BIN_EXE_kommo")),
                "/dev/null",
            ])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TERM", "dumb")
            .env("HOME", shop.room.path())
            .env("KOMMO_SANDBOX_URL", shop.sandbox.base_url())
            .current_dir(shop.room.path());
        ended(command, b"")
    };
    let refused = on_terminal("auth token");
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(
        refused.stdout.contains("--show") && !refused.stdout.contains("eyJ"),
        "{refused:?}"
    );
    let shown = on_terminal("auth token --show");
    assert_eq!(shown.status, 0, "{shown:?}");
    assert!(shown.stdout.contains("eyJ"), "{shown:?}");
    let refused = on_terminal("auth export --output -");
    assert_eq!(refused.status, 2, "{refused:?}");
}

#[test]
fn a_credential_has_its_fields_whatever_the_format() {
    let shop = Shop::open();
    shop.log_in();
    for format in ["text", "json"] {
        let credential = shop.run(["auth", "credential", "--format", format]);
        credential.done();
        let credential = credential.json();
        let fields = credential.as_object().unwrap();
        assert_eq!(
            fields.keys().collect::<Vec<_>>(),
            [
                "access_token",
                "expires_at",
                "generation",
                "account_host",
                "account_id",
                "realm",
                "base_url",
                "host"
            ]
        );
        assert_eq!(
            (&fields["generation"], &fields["account_host"]),
            (&json!(1), &json!(HOST))
        );
    }
    assert_eq!(shop.counter("refreshes"), 0);
}

#[test]
fn a_rejected_generation_is_refreshed_only_if_it_is_the_current_one_and_really_rejected() {
    let shop = Shop::open();
    shop.log_in();
    let credential = |words: &[&str]| {
        let base = ["auth", "credential", "--quiet"];
        let ended = shop.run(base.iter().chain(words));
        ended.done();
        ended.json()
    };
    // The token works: the 401 was about the call.
    assert_eq!(credential(&["--rejected-generation", "1"])["generation"], 1);
    assert_eq!(shop.counter("refreshes"), 0);
    shop.run(["auth", "refresh"]).done();
    // An old one starts nothing.
    assert_eq!(credential(&["--rejected-generation", "1"])["generation"], 2);
    assert_eq!(shop.counter("refreshes"), 1);
    // The sandbox's own clock goes on a day: the token has ended there, and our clock does not
    // know.
    shop.sandbox
        .order("clock", &json!({ "advance_seconds": 86_500 }));
    let renewed = credential(&["--rejected-generation", "2"]);
    assert_eq!(renewed["generation"], 3);
    assert_eq!(shop.counter("refreshes"), 2);
    // Both questions at once: not this one, and good for another hour.
    let both = ["--rejected-generation", "2", "--min-validity", "3600"];
    assert_eq!(credential(&both)["generation"], 3);
    assert_eq!(shop.counter("refreshes"), 2);
    // One that was never handed out is a slip.
    shop.run(["auth", "credential", "--rejected-generation", "99"])
        .failed(2);
}

#[test]
fn the_longest_validity_costs_one_refresh_at_most_and_a_longer_one_is_refused() {
    let shop = Shop::open();
    shop.log_in();
    for _ in 0..3 {
        shop.run(["auth", "credential", "--min-validity", "43200"])
            .done();
    }
    assert_eq!(shop.counter("refreshes"), 0);
    // Of a token that has less than that left, one refresh.
    shop.sandbox
        .order("oauth", &json!({ "access_lifetime_seconds": 43_000 }));
    shop.run(["auth", "refresh"]).done();
    shop.sandbox
        .order("oauth", &json!({ "access_lifetime_seconds": 86_400 }));
    for _ in 0..2 {
        shop.run(["auth", "credential", "--min-validity", "43200"])
            .done();
    }
    assert_eq!(shop.counter("refreshes"), 2);
    // Near a token's whole life each call would spend a refresh.
    for seconds in ["43201", "86400", "7776000"] {
        let failed = shop.run(["auth", "credential", "--min-validity", seconds]);
        assert!(failed.failed(2).contains("43200"), "{failed:?}");
    }
    assert_eq!(shop.counter("refresh_requests"), 2);
}

#[test]
fn two_programs_that_ask_at_the_end_of_a_token_refresh_it_once() {
    let shop = Shop::with(
        "https://integration.example/kommo/redirect",
        &json!({ "access_lifetime_seconds": 100 }),
    );
    shop.log_in();
    shop.sandbox
        .order("oauth", &json!({ "access_lifetime_seconds": 86_400 }));
    let results: Vec<_> = thread::scope(|scope| {
        let ask = || {
            let words = ["auth", "credential", "--min-validity", "3600"];
            shop.run(words).json()
        };
        let asking: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        asking
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    let first: &Value = &results[0];
    assert_eq!(first["generation"], 2);
    assert!(results.iter().all(|result| result == first), "{results:?}");
    assert_eq!(shop.counter("refreshes"), 1);
    assert_eq!(shop.counter("refresh_requests"), 1);
}

/// 404 by a proxy looks like 404 by the platform.
#[test]
fn a_refresh_that_meets_404_does_not_say_for_sure_that_the_account_has_moved() {
    let shop = Shop::open();
    shop.log_in();
    let fault = json!({ "on": "token", "kind": "not-found-html", "times": 1 });
    shop.sandbox.order("faults", &fault);
    let failed = shop.run(["auth", "refresh"]);
    let said = failed.failed(1);
    assert!(
        said.contains("404") && said.contains("proxy") && said.contains("auth retry"),
        "{said}"
    );
}

// Rules K7, M3.
#[test]
fn a_dead_grant_is_status_1_everywhere_and_says_who_can_help() {
    let shop = Shop::open();
    shop.log_in();
    let revoke = json!({ "action": "revoke-grant", "account": ACCOUNT, "user": USER });
    shop.sandbox.order("integration", &revoke);
    let failed = shop.run(["auth", "refresh"]);
    assert!(failed.failed(1).contains("dead (revoked)"), "{failed:?}");
    shop.assert_quiet(&failed);
    let status = shop.run(["auth", "status", "--format", "json"]);
    assert_eq!((status.status, status.stderr.as_str()), (1, ""));
    assert_eq!(status.json()["grants"][0]["state"], "reauth-required");
    assert_eq!(status.json()["grants"][0]["needs_person"], true);
    let status = shop.run(["auth", "status"]);
    assert_eq!(status.status, 1);
    assert!(status.stdout.contains("needs a person"), "{status:?}");
    // A new consent of the same user heals it.
    shop.log_in();
    shop.run(["auth", "status"]).done();
}

// Rules K6, M4: a wrong secret holds this configuration and ends nothing.
#[test]
fn a_wrong_client_secret_is_held_and_the_right_one_goes_on() {
    let shop = Shop::open();
    shop.log_in();
    private(&shop.room, "other.secret", "MARKER-another-client-secret");
    let failed = shop.run(["auth", "refresh", "--secret-file", "other.secret"]);
    assert!(
        failed.failed(1).contains("client-misconfigured"),
        "{failed:?}"
    );
    shop.assert_quiet(&failed);
    let status = shop.json(&["auth", "status"]);
    assert_eq!(
        status["grants"][0]["holds"][0]["kind"],
        "client-misconfigured"
    );
    assert_eq!(status["grants"][0]["holds"][0]["stops"], "configuration");
    assert_eq!(shop.json(&["auth", "refresh"])["generation"], 2);
}

// The lost answer of issue 3, over two processes.
#[test]
fn a_lost_answer_is_asked_for_again_and_nothing_is_lost() {
    let shop = Shop::open();
    shop.log_in();
    let fault = json!({ "on": "token", "kind": "drop-after-commit", "times": 1 });
    shop.sandbox.order("faults", &fault);
    assert_eq!(shop.json(&["auth", "refresh"])["generation"], 2);
    assert_eq!(shop.counter("answers_dropped_after_commit"), 1);
    assert_eq!(shop.counter("lost_grants"), 0);
}

#[test]
fn with_several_grants_the_error_lists_them_and_one_can_be_chosen() {
    let shop = Shop::open();
    shop.log_in();
    let other = json!({ "id": 777, "name": "Second", "admin": true });
    shop.sandbox
        .order("users", &json!({ "account": ACCOUNT, "user": other }));
    let (code, host) = shop.code(&json!({ "account": ACCOUNT, "user": 777 }));
    shop.run(["auth", "login", "--code", &code, "--account", &host])
        .done();
    let (code, host) = shop.code(&json!({ "account": 10_000_002 }));
    shop.run(["auth", "login", "--code", &code, "--account", &host])
        .done();

    let failed = shop.run(["auth", "token"]);
    let said = failed.failed(2);
    assert!(
        said.contains("3 grants")
            && said.contains("user 777")
            && said.contains("sandbox-two.amocrm.ru"),
        "{said}"
    );
    // Nobody knows which of the two users is an administrator, and none was chosen.
    shop.run(["auth", "refresh", "--account", HOST]).failed(2);
    assert_eq!(
        shop.json(&["auth", "refresh", "--account", "10000002"])["generation"],
        2
    );
    assert_eq!(
        shop.json(&["auth", "refresh", "--account", HOST, "--user", "777"])["user_id"],
        777
    );
    shop.run(["auth", "refresh", "--account", HOST, "--user", "778"])
        .failed(1);
    shop.run(["auth", "refresh", "--all", "--account", HOST])
        .failed(2);
    let all = shop.run(["auth", "refresh", "--all", "--format", "json"]);
    assert_eq!(all.done().lines().count(), 3);
    // One that is over is not in the way.
    shop.run(["auth", "logout", "--account", "10000002"]).done();
    shop.run(["auth", "logout", "--user", "777"]).done();
    assert_eq!(shop.json(&["auth", "credential"])["account_host"], HOST);
}

#[test]
fn a_logout_seals_the_grant_and_a_second_one_says_so() {
    let shop = Shop::open();
    shop.log_in();
    let out = shop.json(&["auth", "logout"]);
    assert_eq!(out["logged_out"], true);
    let failed = shop.run(["auth", "token"]);
    assert!(failed.failed(1).contains("logged-out"), "{failed:?}");
    let failed = shop.run(["auth", "logout"]);
    assert!(failed.failed(1).contains("ended already"), "{failed:?}");
    // Somebody wanted it so: no person is needed, though no token can be used.
    let over = shop.run(["auth", "status", "--format", "json"]);
    assert_eq!(over.status, 1, "{over:?}");
    assert_eq!(over.json()["grants"][0]["needs_person"], false);
    assert_eq!(over.json()["grants"][0]["state"], "disconnected");
    assert_eq!(shop.counter("refresh_requests"), 0);
}

#[test]
fn an_export_moves_the_grant_and_seals_it_here() {
    let shop = Shop::open();
    shop.log_in();
    let words = ["auth", "export", "--quiet", "--output", "grant.json"];
    let exported = shop.run(words);
    assert_eq!(exported.done(), "exported to grant.json; sealed here\n");
    shop.assert_quiet(&exported);
    let file = shop.room.path().join("grant.json");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(shop.run(["auth", "token"]).failed(1).contains("exported"));
    // A file that is there is not replaced, and a grant that is over not exported: nothing is left
    // behind.
    shop.run(["auth", "export", "--quiet", "--output", "grant.json"])
        .failed(3);
    let second = shop.run(["auth", "export", "--quiet", "--output", "second.json"]);
    assert_ne!(second.status, 0);
    assert!(!shop.room.path().join("second.json").exists());

    let there = ["--store", "sqlite:other/grants.db"];
    let import = [
        "auth",
        "import",
        "--export-file",
        "grant.json",
        "--format",
        "json",
    ];
    let imported = shop.run(import.iter().chain(&there));
    imported.done();
    shop.assert_quiet(&imported);
    assert_eq!(imported.json()["imported"], true);
    let again = shop.run(import.iter().chain(&there));
    assert_ne!(again.status, 0);
    let refresh = ["auth", "refresh", "--format", "json"];
    assert_eq!(
        shop.run(refresh.iter().chain(&there)).json()["account_id"],
        ACCOUNT
    );
    assert_eq!(shop.counter("double_refreshes"), 0);
}

// Rule M7.
#[test]
fn a_long_lived_token_is_imported_used_without_a_client_secret_and_never_refreshed() {
    let shop = Shop::open();
    let made = shop
        .sandbox
        .order("long-lived", &json!({ "account": ACCOUNT, "days": 90 }));
    private(
        &shop.room,
        "token.txt",
        &format!("{}\n", made["access_token"].as_str().unwrap()),
    );
    let import = [
        "auth",
        "import",
        "--token-file",
        "token.txt",
        "--format",
        "json",
    ];
    let failed = shop.run(import).failed_json(2);
    assert_eq!(failed["code"], "setting-missing");
    let imported = shop.run(import.iter().chain(&["--account", HOST]));
    imported.done();
    shop.assert_quiet(&imported);
    let imported = imported.json();
    assert_eq!(
        (&imported["state"], &imported["user_id"]),
        (&json!("long-lived"), &json!(USER))
    );
    assert_eq!(imported["expires_at"], made["expires_at"]);

    // A profile that knows no secret is enough.
    let without = |words: &[&str]| {
        let mut command = shop.command(words);
        command.env("XDG_CONFIG_HOME", shop.room.path().join("nowhere"));
        ended(command, b"")
    };
    assert_eq!(
        without(&["auth", "token"]).done().trim(),
        made["access_token"].as_str().unwrap()
    );
    without(&["api", "GET", "/api/v4/account"]).done();
    let failed = shop.run(["auth", "refresh"]);
    assert!(
        failed.failed(1).contains("cannot be refreshed"),
        "{failed:?}"
    );
    // Made this very second, the token has its 90 days; a second later the last one is not full.
    let alive = shop.run(["auth", "keep-alive"]);
    let told = alive.done();
    assert!(
        ["valid for 90 days", "valid for 89 days"]
            .iter()
            .any(|left| told.ends_with(&format!("generation 1, {left}\n"))),
        "{alive:?}"
    );
    assert_eq!(shop.counter("refresh_requests"), 0);

    // It moves out, and once more, since that file was lost.
    let lost = shop.run(["auth", "export", "--output", "lost.json"]);
    assert_eq!(lost.status, 0, "{lost:?}");
    let over = shop.run(["auth", "status", "--format", "json"]);
    assert_eq!(over.status, 1, "{over:?}");
    let told = &over.json()["grants"][0];
    assert_eq!(told["state"], "disconnected");
    assert_eq!(told["reason"], "exported");
    assert_eq!(told["needs_person"], false);
    let again = shop.run(["auth", "export", "--again", "--output", "again.json"]);
    assert_eq!(again.status, 0, "{again:?}");
    shop.run(["auth", "import", "--export-file", "again.json"])
        .done();
    without(&["auth", "token"]).done();

    // Logged out, it is over, and nobody is asked for anything.
    shop.run(["auth", "logout"]).done();
    let over = shop.run(["auth", "status", "--format", "json"]);
    assert_eq!(over.status, 1, "{over:?}");
    let told = &over.json()["grants"][0];
    assert_eq!(told["reason"], "logged-out");
    assert_eq!(told["needs_person"], false);
    let failed = without(&["auth", "token"]);
    assert!(failed.failed(1).contains("logged-out"), "{failed:?}");
}

// Invariant I6.
#[test]
fn a_long_lived_token_is_not_imported_over_a_living_grant() {
    let shop = Shop::open();
    shop.log_in();
    let made = shop
        .sandbox
        .order("long-lived", &json!({ "account": ACCOUNT, "days": 90 }));
    private(
        &shop.room,
        "token.txt",
        made["access_token"].as_str().unwrap(),
    );
    let import = [
        "auth",
        "import",
        "--token-file",
        "token.txt",
        "--account",
        HOST,
    ];
    let failed = shop.run(import);
    assert!(failed.failed(1).contains("active grant"), "{failed:?}");
    assert!(failed.stderr.contains("kommo auth logout"), "{failed:?}");
    shop.run(["auth", "token"]).done();
    shop.run(["auth", "logout"]).done();
    shop.run(import).done();
}

#[test]
fn a_token_that_is_none_or_not_taken_is_not_imported() {
    let shop = Shop::open();
    private(&shop.room, "token.txt", "MARKER.not.a-token\n");
    let import = [
        "auth",
        "import",
        "--token-file",
        "token.txt",
        "--account",
        HOST,
    ];
    let failed = shop.run(import);
    assert!(failed.failed(1).contains("does not take"), "{failed:?}");
    shop.assert_quiet(&failed);
    shop.run([
        "auth",
        "import",
        "--token-file",
        "missing",
        "--account",
        HOST,
    ])
    .failed(3);
    shop.run(["auth", "import"]).failed(2);
    private(&shop.room, "grant.json", "{\"MARKER\":1}");
    let failed = shop.run(["auth", "import", "--export-file", "grant.json"]);
    shop.assert_quiet(&failed);
    assert_ne!(failed.status, 0);
    shop.run(["auth", "status"]).failed(1);
}

// Invariant I7.
#[test]
fn an_encrypted_store_needs_its_key_and_without_it_nothing_is_overwritten() {
    let shop = Shop::open();
    private(&shop.room, "key", &"0f1e2d3c4b5a6978".repeat(4));
    private(&shop.room, "other-key", &"ff1e2d3c4b5a6978".repeat(4));
    private(&shop.room, "bad-key", "MARKER");
    let (code, host) = shop.code(&json!({ "account": ACCOUNT }));
    let login = ["auth", "login", "--code", &code, "--account", &host];
    shop.run(login.iter().chain(&["--encryption-key-file", "bad-key"]))
        .failed(2);
    shop.run(login.iter().chain(&["--encryption-key-file", "key"]))
        .done();
    for key in [&[][..], &["--encryption-key-file", "other-key"]] {
        let failed = shop.run(["auth", "token"].iter().chain(key));
        assert_ne!(failed.status, 0);
        assert!(failed.stderr.starts_with("error: "), "{failed:?}");
        shop.assert_quiet(&failed);
        let status = shop.run(["auth", "status", "--format", "json"].iter().chain(key));
        assert_eq!(status.status, 2, "{status:?}");
        assert!(
            status.json()["grants"][0]["error"]["message"]
                .as_str()
                .unwrap()
                .contains("encryption key")
        );
    }
    // During a rotation both keys are given; the first one writes.
    let both = [
        "--encryption-key-file",
        "other-key",
        "--encryption-key-file",
        "key",
    ];
    shop.run(["auth", "refresh"].iter().chain(&both)).done();
    shop.run(["auth", "token", "--encryption-key-file", "other-key"])
        .done();
}

#[test]
fn the_store_is_made_for_its_owner_alone() {
    let shop = Shop::open();
    shop.log_in();
    let directory = shop.room.path().join(".local/share/kommo");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join("grants.db")), 0o600);
    // A real grant is never looked for in a sandbox's realm, nor the reverse.
    let mut command = shop.room.command(["auth", "status"]);
    command.stdin(Stdio::null());
    let failed = ended(command, b"");
    assert!(failed.failed(1).contains("real platform"), "{failed:?}");
    let mut command = shop.room.command(["auth", "status", "--all"]);
    command.stdin(Stdio::null());
    assert!(ended(command, b"").done().contains("in the sandbox at"));
}

// Invariant I8.
#[test]
fn a_store_with_a_password_is_taken_from_file_and_environment_and_never_from_an_argument() {
    let shop = Shop::open();
    let url = "postgres://kommo:MARKER@127.0.0.1:1/kommo";
    let refused = shop.run(["auth", "status", "--store", url]);
    refused.failed(2);
    shop.assert_quiet(&refused);
    private(&shop.room, "store.url", url);
    let failed = shop.run(["auth", "status", "--store-file", "store.url"]);
    failed.failed(3);
    shop.assert_quiet(&failed);
    let mut command = shop.command(["auth", "status"]);
    command.env("KOMMO_STORE", url);
    let failed = ended(command, b"");
    failed.failed(3);
    shop.assert_quiet(&failed);
    shop.run(["auth", "status", "--store", "mysql://h/d"])
        .failed(2);
    shop.run(["auth", "status", "--store", "sqlite:"]).failed(2);
    shop.run(["auth", "status", "--store-file", "missing"])
        .failed(3);
}
