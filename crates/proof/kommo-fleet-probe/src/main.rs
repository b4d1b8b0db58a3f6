//! The programs of the probe: those who drive workers, and the processes that they start.

#![forbid(unsafe_code)]

use core::time::Duration;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use kommo_fleet_probe::arguments::Arguments;
use kommo_fleet_probe::crash::CrashOrder;
use kommo_fleet_probe::failing_store::{self, FailingOrder};
use kommo_fleet_probe::hook_flood::FloodOrder;
use kommo_fleet_probe::hostile_hooks::HostileOrder;
use kommo_fleet_probe::inbox_crash::InboxCrashOrder;
use kommo_fleet_probe::sweep::{SweepOrder, own_program};
use kommo_fleet_probe::trouble::TroubleKind;
use kommo_fleet_probe::{
    GOALS_MET, HEAD, LockChoice, Result, StoreChoice, Stranger, crash, hook_flood, hostile_hooks,
    inbox_crash, inbox_process, sandbox_process, sweep, worker,
};
use kommo_sandbox::Rotation;
use kommo_test_support::PostgresCluster;
use tokio::runtime::Builder;

const USAGE: &str = "\
kommo-fleet-probe crash [--kills 100] [--rotation strict|until-refresh-used|until-access-used] [--store sqlite|postgres] [--seed N]
kommo-fleet-probe crash --trouble full-disk|silent-connection|terminated-backends|restart|stopped-at-start [--times 200] [--store sqlite|postgres] [--seed N]
kommo-fleet-probe inbox-crash [--kills 100] [--trouble full-disk|silent-connection|terminated-backends|restart] [--store sqlite|postgres] [--seed N]
kommo-fleet-probe sweep [--grants 100000] [--workers 4] [--width 16] [--batch 256]
kommo-fleet-probe hooks [--stranger hooks|consents] [--rate 50] [--seconds 15] [--rounds 3]
kommo-fleet-probe hooks --stranger chat-hooks|crm-hooks [--rate 2000] [--proven 300] [--store sqlite|postgres] [--seconds 15] [--rounds 3]
kommo-fleet-probe worker | sandbox | inbox-process      started by those above";

/// Names a PostgreSQL server for tests; without it one is started and thrown away.
const SERVER: &str = "KOMMO_TEST_POSTGRES_URL";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, nothing can be reported.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["worker"] => block_on(false, worker::run()),
        ["sandbox"] => block_on(true, sandbox_process::run()),
        ["inbox-process"] => block_on(false, inbox_process::run()),
        ["inbox-crash", rest @ ..] => {
            let names = ["--kills", "--trouble", "--store", "--seed"];
            inbox_crash_with(&Arguments::read(rest, &names)?)
        }
        ["crash", rest @ ..] => {
            let names = [
                "--kills",
                "--rotation",
                "--store",
                "--seed",
                "--trouble",
                "--times",
            ];
            let arguments = Arguments::read(rest, &names)?;
            match arguments.text("--trouble") {
                Some(name) => fail_with(&arguments, name),
                None => crash_with(&arguments),
            }
        }
        ["sweep", rest @ ..] => {
            let names = ["--grants", "--workers", "--width", "--batch"];
            sweep_with(&Arguments::read(rest, &names)?)
        }
        ["hooks", rest @ ..] => {
            let names = [
                "--stranger",
                "--rate",
                "--proven",
                "--store",
                "--seconds",
                "--rounds",
            ];
            hooks_with(&Arguments::read(rest, &names)?)
        }
        _ => Err(USAGE.into()),
    }
}

fn block_on<T>(threads: bool, work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut builder = if threads {
        Builder::new_multi_thread()
    } else {
        Builder::new_current_thread()
    };
    builder.enable_all().build()?.block_on(work)
}

fn say(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// The server of the environment, or one that runs while the second value exists.
fn server() -> Result<(String, Option<PostgresCluster>)> {
    if let Ok(url) = env::var(SERVER) {
        return Ok((url, None));
    }
    let cluster = PostgresCluster::start()?;
    Ok((cluster.url(), Some(cluster)))
}

fn crash_with(arguments: &Arguments) -> Result<()> {
    let rotation = match arguments.text("--rotation").unwrap_or("strict") {
        "strict" => Rotation::Strict,
        "until-refresh-used" => Rotation::UntilRefreshUsed,
        "until-access-used" => Rotation::UntilAccessUsed,
        other => return Err(format!("--rotation: {other} is unknown").into()),
    };
    let (store, _cluster) = store(arguments)?;
    let seed = seed(arguments)?;
    let order = CrashOrder {
        program: own_program()?,
        store,
        lock: LockChoice::AsItIs,
        rotation,
        kills: arguments.number("--kills", 100)?,
        seed,
    };
    block_on(true, async {
        let report = crash::run(order).await?;
        say(&report.to_string())
    })
}

fn hooks_with(arguments: &Arguments) -> Result<()> {
    let name = arguments.text("--stranger").unwrap_or("hooks");
    let stranger = Stranger::named(name).ok_or("--stranger: there is no such one")?;
    let phase = Duration::from_secs(arguments.number("--seconds", 15)?);
    let rounds = arguments.number("--rounds", 3)?;
    let report = if stranger.floods_hooks() {
        let (store, _cluster) = store(arguments)?;
        let order = FloodOrder {
            program: own_program()?,
            store,
            stranger,
            a_second: arguments.number("--rate", 2_000)?,
            proven_a_second: arguments.number("--proven", 300)?,
            phase,
            rounds,
        };
        block_on(true, hook_flood::run(order))?
    } else {
        let rate = arguments.number("--rate", 50)?;
        let order = HostileOrder::new(stranger, rate, phase, rounds);
        block_on(true, hostile_hooks::run(order))?
    };
    say(&report.to_string())?;
    let missed = report.missed_goals();
    for goal in &missed {
        say(&format!("missed: {goal}"))?;
    }
    match missed.is_empty() {
        true => say("goals met"),
        false => Err("a goal was missed".into()),
    }
}

/// The database, and its server if one was started for it.
fn store(arguments: &Arguments) -> Result<(StoreChoice, Option<PostgresCluster>)> {
    match arguments.text("--store").unwrap_or("sqlite") {
        "sqlite" => Ok((StoreChoice::Sqlite, None)),
        "postgres" => {
            let (url, cluster) = server()?;
            Ok((StoreChoice::Postgres { url }, cluster))
        }
        other => Err(format!("--store: {other} is unknown").into()),
    }
}

fn seed(arguments: &Arguments) -> Result<u64> {
    let seed = arguments.number("--seed", fastrand::u64(..))?;
    say(&format!("seed {seed}"))?;
    Ok(seed)
}

/// The trouble of this name, if it can befall this store.
fn trouble_of(name: &str, store: &StoreChoice) -> Result<TroubleKind> {
    let trouble = TroubleKind::named(name).ok_or("--trouble: there is no such kind")?;
    match trouble.befalls(matches!(store, StoreChoice::Postgres { .. })) {
        true => Ok(trouble),
        false => Err(format!("--trouble: {trouble} cannot happen to this --store").into()),
    }
}

fn inbox_crash_with(arguments: &Arguments) -> Result<()> {
    let (store, _cluster) = store(arguments)?;
    let trouble = arguments.text("--trouble");
    let trouble = trouble.map(|name| trouble_of(name, &store)).transpose()?;
    let order = InboxCrashOrder {
        program: own_program()?,
        store,
        trouble,
        answers_first: false,
        blows: arguments.number("--kills", 100)?,
        seed: seed(arguments)?,
    };
    block_on(true, async {
        let report = inbox_crash::run(order).await?;
        say(&report.to_string())?;
        match report.is_clean() {
            true => Ok(()),
            false => Err("a promise of the inbox was broken".into()),
        }
    })
}

fn fail_with(arguments: &Arguments, trouble: &str) -> Result<()> {
    let (store, _cluster) = store(arguments)?;
    let trouble = trouble_of(trouble, &store)?;
    let order = FailingOrder {
        program: own_program()?,
        store,
        trouble,
        times: arguments.number("--times", 200)?,
        seed: seed(arguments)?,
    };
    block_on(true, async {
        let report = failing_store::run(order).await?;
        say(&report.to_string())
    })
}

fn sweep_with(arguments: &Arguments) -> Result<()> {
    let (postgres, _cluster) = server()?;
    let most = arguments.number("--grants", 100_000)?;
    let order = SweepOrder {
        program: own_program()?,
        postgres,
        grants: most,
        workers: arguments.number("--workers", 4)?,
        width: arguments.number("--width", 16)?,
        batch: arguments.number("--batch", 256)?,
    };
    block_on(true, async {
        say(HEAD)?;
        let mut first_cost = None;
        let mut missed = Vec::new();
        for grants in [1_000, 10_000, 100_000]
            .into_iter()
            .filter(|grants| *grants < most)
            .chain([most])
        {
            let pair = sweep::run(&SweepOrder {
                grants,
                ..order.clone()
            })
            .await?;
            let cost = pair.sweep.cost_ms();
            let growth = cost / *first_cost.get_or_insert(cost);
            say(&format!(
                "{pair}         cost of a grant: {growth:.2} of the first row's"
            ))?;
            missed.extend(pair.missed_goals(growth));
        }
        for goal in &missed {
            say(&format!("missed: {goal}"))?;
        }
        if missed.is_empty() {
            return say(GOALS_MET);
        }
        Err("a goal was missed".into())
    })
}
