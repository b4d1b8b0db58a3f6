//! Licences and sources of everything that the workspace stands on.

use anyhow::{Result, bail};
use spdx::{Expression, LicenseReq};

use crate::metadata::{Graph, Package};
use crate::shell::say;

/// Permissive licences, by their SPDX names.
const ADMITTED: [&str; 10] = [
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "CC0-1.0",
    "BSL-1.0",
];

/// Single packages under another permissive licence, each with its reason.
const EXCEPTIONS: [(&str, &str, &str); 4] = [
    (
        "webpki-roots",
        "CDLA-Permissive-2.0",
        "a list of certificates, under a permissive data licence",
    ),
    (
        "webpki-root-certs",
        "CDLA-Permissive-2.0",
        "the same list, for platforms that are locked and not built here",
    ),
    (
        "borrow-or-share",
        "MIT-0",
        "MIT without its notice; under the validator of the descriptions, in tests alone",
    ),
    (
        "libfuzzer-sys",
        "NCSA",
        "the fuzzer's runtime, never part of what is shipped",
    ),
];

/// Every package must come from the public registry, or be ours, under an admitted licence.
pub(crate) fn check(manifests: &[&str]) -> Result<()> {
    let mut refused = Vec::new();
    let mut seen = 0_usize;
    for manifest in manifests {
        for package in Graph::load(manifest)?.all() {
            seen += 1;
            if let Err(reason) = judge(package) {
                refused.push(format!("{} {}: {reason}", package.name, package.version));
            }
        }
    }
    if !refused.is_empty() {
        bail!("refused packages:\n{}", refused.join("\n"));
    }
    say(&format!(
        "licences and sources of {seen} packages are admitted"
    ));
    Ok(())
}

fn judge(package: &Package) -> Result<(), String> {
    let is_ours = package.source.is_none();
    let from_registry = package
        .source
        .as_ref()
        .is_some_and(|source| source.starts_with("registry+"));
    if !is_ours && !from_registry {
        return Err("comes from neither the registry nor this repository".to_owned());
    }
    let text = package.licence.as_ref().ok_or("names no licence")?;
    let expression =
        Expression::parse_mode(text, spdx::ParseMode::LAX).map_err(|error| error.to_string())?;
    if expression.evaluate(|wanted| is_admitted(package, wanted)) {
        return Ok(());
    }
    Err(format!("licence {text}"))
}

fn is_admitted(package: &Package, wanted: &LicenseReq) -> bool {
    let name = wanted.license.to_string();
    let excepted = EXCEPTIONS
        .iter()
        .any(|(own, licence, _)| *own == package.name && *licence == name);
    ADMITTED.contains(&name.as_str()) || excepted
}
