//! Shows that the comparison of a MAC takes the same instructions wherever the first difference
//! lies (invariant I12).
//!
//! ```text
//! cargo run --profile bench -p kommo-cost-probe -- --check
//! ```
//!
//! The program starts itself under `valgrind --tool=callgrind`, once for each scenario and each
//! place of the first difference; the child gives one verdict, and callgrind counts the
//! instructions of that verdict alone. All places of a scenario must cost the same, to the
//! instruction. A control with an ordinary early-exit comparison is measured in the same way and
//! must *not* cost the same: if it did, the measurement would see nothing.
//!
//! What the row `none` says (a genuine signature) is printed and not judged: whether a signature
//! was accepted is no secret. A chat hook whose line feed is unsigned, for one, is accepted before
//! the second reading is tried.
//!
//! Exit status: 0 all as promised; 1 a scenario betrays the place, or the control does not; 2 it
//! could not be measured.
//!
//! A signature with a byte that is no hex digit is refused earlier, at a cost that depends on
//! where: the sender's own text is no secret. So every received signature here is well formed.

#![forbid(unsafe_code)]

mod difference;

mod scenario;

mod callgrind;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use callgrind::MeasureError;
use difference::Difference;
use scenario::Scenario;

const NOT_MEASURED: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--check"] => check().unwrap_or_else(|error| fail(&error.to_string())),
        [callgrind::CHILD, scenario, difference] => {
            match (Scenario::named(scenario), Difference::of_digit(difference)) {
                (Some(scenario), Some(difference)) => child(scenario, difference),
                _ => fail("unknown scenario or difference"),
            }
        }
        _ => fail("usage: kommo-cost-probe --check"),
    }
}

/// One verdict, of which the exit status tells whether it was as expected.
fn child(scenario: Scenario, difference: Difference) -> ExitCode {
    let accepted = scenario.verdict(difference);
    if accepted == (difference == Difference::Nowhere) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn check() -> Result<ExitCode, MeasureError> {
    let version = callgrind::version()?;
    let mut out = io::stdout().lock();
    writeln!(out, "instructions of one verdict, by {version}\n")?;
    write!(out, "{:<22}", "first difference at")?;
    for difference in Difference::ALL {
        write!(out, "{:>9}", difference.name())?;
    }
    writeln!(out)?;
    let mut kept = true;
    for scenario in Scenario::ALL {
        write!(out, "{:<22}", scenario.name())?;
        let mut counts = Vec::new();
        for difference in Difference::ALL {
            let count = callgrind::instructions(scenario, difference)?;
            write!(out, "{count:>9}")?;
            out.flush()?;
            if difference != Difference::Nowhere {
                counts.push(count);
            }
        }
        let same = counts.windows(2).all(|pair| pair.first() == pair.last());
        let as_promised = same != scenario.is_control();
        kept &= as_promised;
        writeln!(out, "  {}", verdict(scenario, as_promised))?;
    }
    Ok(if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

const fn verdict(scenario: Scenario, as_promised: bool) -> &'static str {
    match (scenario.is_control(), as_promised) {
        (false, true) => "same everywhere",
        (false, false) => "FAILED: the cost tells the place",
        (true, true) => "control: differs, as it must",
        (true, false) => "FAILED: the control does not differ, so nothing is measured",
    }
}

fn fail(message: &str) -> ExitCode {
    // Nothing is left to do if standard error is closed.
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(NOT_MEASURED)
}
