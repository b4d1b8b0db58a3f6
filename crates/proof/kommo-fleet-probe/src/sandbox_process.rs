//! A sandbox in a process of its own, so that its work and its memory are not counted as a
//! worker's: questions and answers are lines of JSON over its pipes.

use std::path::Path;
use std::process::Stdio;

use kommo_sandbox::{
    Counters, GrantOrder, MadeGrant, OauthRules, Rotation, Sandbox, SandboxConfig,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines, stdin, stdout};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::failure::{Result, failure};
use crate::worker_order::PlatformOrder;

/// A question to the sandbox.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Question {
    /// Make this number of grants, of this age in seconds.
    Make { count: u64, age_seconds: u64 },
    /// The counters.
    Counters,
}

/// What the sandbox says first.
#[derive(Deserialize, Serialize)]
struct Opening {
    platform: PlatformOrder,
    now: u64,
}

/// Runs a sandbox until standard input ends. Strict: a second refresh would be the end of a grant.
///
/// # Errors
///
/// It cannot be started, or it was asked something else than a question.
pub async fn run() -> Result<()> {
    let oauth = OauthRules {
        rotation: Rotation::Strict,
        ..OauthRules::default()
    };
    let config = SandboxConfig {
        oauth,
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::builder().config(config).start().await?;
    let state = sandbox.state();
    let opening = Opening {
        now: state.now,
        platform: PlatformOrder {
            base_url: sandbox.base_url().to_owned(),
            client_id: state.client_id,
            client_secret: state.client_secret,
            redirect_uri: state.redirect_uri,
        },
    };
    say(&opening).await?;
    let mut questions = BufReader::new(stdin()).lines();
    while let Some(question) = questions.next_line().await? {
        match serde_json::from_str(&question)? {
            Question::Make { count, age_seconds } => {
                let mut order = GrantOrder::new(count);
                order.age_seconds = age_seconds;
                // They are never called with, only refreshed.
                order.sign = false;
                say(&sandbox.make_grants(order)?).await?;
            }
            Question::Counters => say(&sandbox.counters()).await?,
        }
    }
    Ok(())
}

async fn say(answer: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    let mut out = stdout();
    out.write_all(&line).await?;
    Ok(out.flush().await?)
}

/// The driver's side: a sandbox that runs until this is dropped.
pub(crate) struct SandboxProcess {
    pub(crate) platform: PlatformOrder,
    /// Its clock, which is stopped.
    pub(crate) now: u64,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl SandboxProcess {
    pub(crate) async fn start(program: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .arg("sandbox")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (Some(input), Some(output)) = (input, output) else {
            return Err(failure("the sandbox has no pipes"));
        };
        let mut output = BufReader::new(output).lines();
        let opening: Opening = read(&mut output).await?;
        Ok(Self {
            platform: opening.platform,
            now: opening.now,
            input,
            output,
            _child: child,
        })
    }

    pub(crate) async fn make(&mut self, count: u64, age_seconds: u64) -> Result<Vec<MadeGrant>> {
        self.ask(Question::Make { count, age_seconds }).await
    }

    pub(crate) async fn counters(&mut self) -> Result<Counters> {
        self.ask(Question::Counters).await
    }

    async fn ask<T: DeserializeOwned>(&mut self, question: Question) -> Result<T> {
        let mut line = serde_json::to_vec(&question)?;
        line.push(b'\n');
        self.input.write_all(&line).await?;
        self.input.flush().await?;
        read(&mut self.output).await
    }
}

async fn read<T: DeserializeOwned>(output: &mut Lines<BufReader<ChildStdout>>) -> Result<T> {
    let line = output.next_line().await?;
    let line = line.ok_or_else(|| failure("the sandbox ended"))?;
    Ok(serde_json::from_str(&line)?)
}
