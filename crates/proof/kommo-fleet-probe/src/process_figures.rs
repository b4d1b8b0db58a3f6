//! What the kernel says of a process: memory and processor time. Linux only, as the signals of the
//! probe are.

use std::fs;

use crate::failure::{Result, failure};

/// Memory in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What it has now (`VmRSS`).
    pub(crate) now_kib: u64,
    /// The most it ever had (`VmHWM`).
    pub(crate) peak_kib: u64,
}

impl Memory {
    pub(crate) fn of(process: u32) -> Result<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok());
            number.ok_or_else(|| failure(format!("process {process} has no {name}")))
        };
        Ok(Self {
            now_kib: field("VmRSS:")?,
            peak_kib: field("VmHWM:")?,
        })
    }
}

/// Processor time that it took, in milliseconds; the kernel counts in steps of ten.
pub(crate) fn processor_ms(process: u32) -> Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in brackets may hold anything; user and system time are the 12th and 13th field
    // after it.
    let after = stat.rsplit_once(") ").map(|(_, after)| after);
    let fields: Vec<&str> = after.unwrap_or_default().split_ascii_whitespace().collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<u64>().ok())
    };
    match (ticks(11), ticks(12)) {
        (Some(user), Some(system)) => Ok((user + system) * 10),
        _ => Err(failure(format!("process {process} has no processor time"))),
    }
}
