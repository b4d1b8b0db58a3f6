//! `rust-version` tells the truth: in a published crate it is as low as the locked dependencies and
//! its own code allow, and no lower.

use anyhow::{Result, bail};

use crate::metadata::Graph;

/// The first compiler with edition 2024.
const EDITION_2024: (u64, u64) = (1, 85);

/// Crates whose own code asks for more than their dependencies do, and for what. Clippy finds what
/// is missing here.
const OWN_CODE: [(&str, (u64, u64), &str); 1] = [("kommo-sandbox", (1, 89), "`File::try_lock`")];

/// Compares each crate with the highest demand of what it stands on.
pub(crate) fn check(graph: &Graph) -> Result<()> {
    let mut wrong = Vec::new();
    for package in graph.members().filter(|package| package.is_published) {
        let demands = graph
            .closure(package)
            .into_iter()
            .filter(|needed| !needed.is_member);
        let highest = demands
            .filter_map(|needed| Some((needed.rust_version?, needed)))
            .max_by_key(|(version, _)| *version);
        let of_dependencies = match highest {
            Some((version, needed)) if version > EDITION_2024 => (version, needed.name.as_str()),
            _ => (EDITION_2024, "edition 2024"),
        };
        let own = OWN_CODE
            .iter()
            .filter(|(name, ..)| *name == package.name)
            .map(|(_, version, because)| (*version, *because));
        let ((major, minor), because) = own
            .chain([of_dependencies])
            .max_by_key(|(version, _)| *version)
            .unwrap_or(of_dependencies);
        if package.rust_version != Some((major, minor)) {
            wrong.push(format!(
                "{}: rust-version should be {major}.{minor} ({because})",
                package.name
            ));
        }
    }
    if !wrong.is_empty() {
        bail!(
            "rust-version differs from what is locked:\n{}",
            wrong.join("\n")
        );
    }
    Ok(())
}
