//! What the routes are called.

use crate::settings::connect_error::ConnectError;
use crate::settings::local_path::LocalPath;

/// The paths of the routes, below whatever the router is nested at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoutePaths {
    /// Where a consent begins. Default: `/start`.
    pub start: String,
    /// The script for pages that open the consent window. Default: `/script.js`.
    pub script: String,
    /// The integration's Redirect URI. Default: `/callback`.
    pub callback: String,
    /// The page that says how a consent ended. Default: `/result`.
    pub result: String,
    /// The install hook, if it has a path of its own. Default: `/install`.
    pub install: String,
    /// `secrets_uri`, if secrets are kept. Default: `/secrets`.
    pub secrets: String,
    /// The disconnect hook. Default: `/disconnect`.
    pub disconnect: String,
    /// Whether all is well. Default: `/health`.
    pub health: String,
    /// The metrics, if they are asked for. Default: `/metrics`.
    pub metrics: String,
}

impl Default for RoutePaths {
    fn default() -> Self {
        Self {
            start: "/start".into(),
            script: "/script.js".into(),
            callback: "/callback".into(),
            result: "/result".into(),
            install: "/install".into(),
            secrets: "/secrets".into(),
            disconnect: "/disconnect".into(),
            health: "/health".into(),
            metrics: "/metrics".into(),
        }
    }
}

impl RoutePaths {
    /// The router panics on patterns that it cannot read and on a repeated path, so both are
    /// refused here.
    pub(crate) fn check(&self) -> Result<(), ConnectError> {
        let mut paths = [
            &self.start,
            &self.script,
            &self.callback,
            &self.result,
            &self.install,
            &self.secrets,
            &self.disconnect,
            &self.health,
            &self.metrics,
        ];
        for path in paths {
            let plain = LocalPath::parse(path.as_str()).is_ok()
                && !path.contains(['{', '}', '?', '#', '*', ':']);
            if !plain {
                return Err(ConnectError::Path { path: path.clone() });
            }
        }
        paths.sort();
        for (one, next) in paths.iter().zip(paths.iter().skip(1)) {
            if one == next {
                return Err(ConnectError::PathTwice {
                    path: String::clone(one),
                });
            }
        }
        Ok(())
    }
}
