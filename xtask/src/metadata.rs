//! What cargo knows of the workspace and of what it stands on.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell::{cargo, read};

/// A package of the resolved graph.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) rust_version: Option<(u64, u64)>,
    pub(crate) features: Vec<String>,
    pub(crate) is_member: bool,
    pub(crate) is_published: bool,
    /// Ids of what it needs when it is built for use, tests and build scripts aside.
    normal: Vec<String>,
}

/// The whole graph, by package id.
#[derive(Debug)]
pub(crate) struct Graph {
    packages: BTreeMap<String, Package>,
}

impl Graph {
    /// Asks cargo, with the lock file as it is. `manifest` is a path from the root.
    pub(crate) fn load(manifest: &str) -> Result<Self> {
        let arguments = [
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--all-features",
            "--manifest-path",
            manifest,
        ];
        let metadata: Value = serde_json::from_str(&read(&mut cargo(&arguments))?)?;
        let members: BTreeSet<&str> = texts(&metadata["workspace_members"]).collect();
        let mut packages = BTreeMap::new();
        for package in metadata["packages"].as_array().context("packages")? {
            let id = package["id"].as_str().context("id")?;
            packages.insert(id.to_owned(), package_of(package, members.contains(id))?);
        }
        for node in metadata["resolve"]["nodes"].as_array().context("nodes")? {
            let id = node["id"].as_str().context("id")?;
            let needed = node["deps"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|needed| is_normal(needed));
            let normal = needed
                .filter_map(|needed| needed["pkg"].as_str())
                .map(str::to_owned)
                .collect();
            packages
                .get_mut(id)
                .context("a node without a package")?
                .normal = normal;
        }
        Ok(Self { packages })
    }

    /// All packages.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Package> {
        self.packages.values()
    }

    /// The packages of the workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.all().filter(|package| package.is_member)
    }

    /// Everything that `package` stands on, itself included, tests aside.
    pub(crate) fn closure(&self, package: &Package) -> Vec<&Package> {
        let start = self
            .packages
            .iter()
            .find(|(_, own)| own.name == package.name && own.version == package.version);
        let mut seen = BTreeSet::new();
        let mut rest: Vec<&str> = start.map(|(id, _)| id.as_str()).into_iter().collect();
        while let Some(id) = rest.pop() {
            if seen.insert(id) {
                rest.extend(
                    self.packages
                        .get(id)
                        .into_iter()
                        .flat_map(|own| own.normal.iter().map(String::as_str)),
                );
            }
        }
        seen.iter()
            .filter_map(|id| self.packages.get(*id))
            .collect()
    }
}

fn package_of(package: &Value, is_member: bool) -> Result<Package> {
    let features = package["features"].as_object().context("features")?;
    Ok(Package {
        name: package["name"].as_str().context("name")?.to_owned(),
        version: package["version"].as_str().context("version")?.to_owned(),
        licence: package["license"].as_str().map(str::to_owned),
        source: package["source"].as_str().map(str::to_owned),
        rust_version: package["rust_version"].as_str().and_then(rust_version),
        features: features.keys().cloned().collect(),
        is_member,
        is_published: package["publish"].is_null(),
        normal: Vec::new(),
    })
}

/// A dependency for use, on any platform that is not Windows alone.
fn is_normal(needed: &Value) -> bool {
    needed["dep_kinds"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|kind| {
            let windows_only = kind["target"]
                .as_str()
                .is_some_and(|target| target.contains("windows"));
            kind["kind"].is_null() && !windows_only
        })
}

fn rust_version(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}
