//! Real processes that share one store: their orders, their work, and their drivers. Unpublished.
#![forbid(unsafe_code)]

extern crate alloc;

// In the order the data flows: a file uses only files above it.
mod failure;
pub mod arguments;
mod fleet_clock;
mod process_figures;
mod store_choice;
mod worker_order;
mod worker_message;
mod story;
mod fleet_store;
mod generous_store;
mod fleet_keeper;

// The workers.
mod rounds;
mod sweeping;
mod bare_table;
mod bare;
pub mod worker;

// Those who drive them.
pub mod sandbox_process;
mod fleet;
mod silent_proxy;
pub mod small_disk;
pub mod trouble;
mod failing_place;
mod scene;
mod crash_report;
pub mod crash;
pub mod failing_store;
pub mod single_flight;
pub mod stopped_holder;
mod sweep_report;
pub mod sweep;
mod hostile_report;
pub mod hostile_hooks;

// Those at an inbox.
mod inbox_order;
mod ledger;
pub mod inbox_process;
mod inbox_fleet;
mod hook_sender;
mod inbox_report;
pub mod inbox_crash;
pub mod hook_flood;

pub use crash_report::CrashReport;
pub use failure::{Failure, Result};
pub use fleet_clock::{ClockFile, FleetClock, PACE};
pub use hostile_report::{HostileReport, Stranger};
pub use inbox_report::InboxReport;
pub use store_choice::{LockChoice, StoreChoice};
pub use sweep_report::{GOALS_MET, HEAD, SweepPair, SweepRun};
