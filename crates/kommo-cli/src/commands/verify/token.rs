//! `kommo verify widget-token` and `kommo verify bot-token`: who calls from a widget or a bot.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::Args;
use kommo_account::ClientId;
use kommo_hooks::{
    BotEntity, BotToken, BotTokenVerifier, BotType, Refusal as TokenRefusal, TOKEN_MAX_BYTES,
    WidgetToken, WidgetTokenVerifier,
};
use kommo_sign::{ClientSecret, JwsAlgorithm, JwsKey, KeyId, KeyRing};
use serde_json::{Map, Value};

use super::verdict::{self, Proof, Refusal};
use crate::failure::exit::{Failure, Outcome};
use crate::failure::missing::{self, Missing};
use crate::input::body_source;
use crate::input::secret_source::{SecretSource, SecretsArgs};
use crate::input::standard_input::{claimed_once, is_dash};
use crate::profile::content::SecretKind;
use crate::profile::setting::RedirectUri;
use crate::run::context::Context;
use crate::time::at::At;
use crate::time::clock;

const REASONS: &str = "\
Not valid: status 1, one line why, and with --format json
{\"valid\":false,\"reason\":CODE}, where CODE is one of
  token-malformed      not three parts of Base64url, or a header that is no JSON
  token-too-long       longer than any token of the platform
  not-proven           no secret that was given made this signature
  algorithm            the header names another algorithm than its MAC has
  claims-malformed     a claim is missing, or has another form
  other-client         the token is for another integration
  other-issuer         `iss` is no account of the platform
  other-audience       `aud` is not the scheme and host of the Redirect URI
  expired, not-yet-valid, lifetime
                       used outside its time, or valid for more than a day";

const WIDGET_EXAMPLE: &str = "\
Example:
  kommo verify widget-token --secret-file client.secret \\
    --client-id 01d01160-d7a0-4087-b4af-6a1bb83fcd1d \\
    --audience https://app.example/callback --token-file token.jwt";

const BOT_EXAMPLE: &str = "\
Example:
  kommo verify bot-token --secret-file client.secret \\
    --client-id 01d01160-d7a0-4087-b4af-6a1bb83fcd1d --token-file token.jwt";

/// Far above any token, so that a token which is too long is told so, and not its file.
const FILE_MAX_BYTES: usize = 1 << 20;

/// What both commands take.
#[derive(Debug, Args)]
struct TokenArgs {
    #[command(flatten)]
    secrets: SecretsArgs,

    /// The id of your integration, a UUID
    #[arg(long, value_name = "C")]
    client_id: Option<ClientId>,

    /// The file that holds the token; `-` is standard input; white space around it is dropped
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,

    /// When it came, in Unix seconds or as 2026-11-30T14:30:08Z; left out, it is judged as of now
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<At>,
}

/// `kommo verify widget-token`.
#[derive(Debug, Args)]
#[command(after_help = WIDGET_EXAMPLE, after_long_help = format!("{REASONS}\n\n{WIDGET_EXAMPLE}"))]
pub(crate) struct WidgetTokenArgs {
    #[command(flatten)]
    token: TokenArgs,

    /// The Redirect URI of the integration, whose scheme and host the token must name
    #[arg(long, value_name = "URL")]
    audience: Option<RedirectUri>,
}

/// `kommo verify bot-token`.
#[derive(Debug, Args)]
#[command(after_help = BOT_EXAMPLE, after_long_help = format!("{REASONS}\n\n{BOT_EXAMPLE}"))]
pub(crate) struct BotTokenArgs {
    #[command(flatten)]
    token: TokenArgs,

    /// Admit HS256 too, which one page of the vendor names; live tokens have HS512
    #[arg(long)]
    allow_hs256: bool,
}

pub(super) fn run_widget(args: &WidgetTokenArgs, context: &Context) -> Result<Outcome, Failure> {
    let mut missing = Missing::default();
    let audience = match &args.audience {
        Some(typed) => Some(typed.to_string()),
        None => context
            .profile()?
            .redirect_uri
            .as_ref()
            .map(ToString::to_string),
    };
    let audience = missing.check(audience, missing::AUDIENCE);
    let given = args.token.read(missing, context)?;
    let audience = audience.unwrap_or_default();
    let check = |secret: &ClientSecret| {
        let keys = ring(JwsAlgorithm::Hs256, secret);
        let verifier: WidgetTokenVerifier =
            WidgetTokenVerifier::new(given.client_id, &audience, keys);
        let proven = verifier.verify(&given.token, given.now).map_err(refusal)?;
        Ok(widget_facts(proven.get()))
    };
    judge(&args.token, &given, "widget-token", check, context)
}

pub(super) fn run_bot(args: &BotTokenArgs, context: &Context) -> Result<Outcome, Failure> {
    let given = args.token.read(Missing::default(), context)?;
    let check = |secret: &ClientSecret| {
        let keys = ring(JwsAlgorithm::Hs512, secret);
        let mut verifier: BotTokenVerifier = BotTokenVerifier::new(given.client_id, keys);
        if args.allow_hs256 {
            verifier = verifier.admit_hs256(ring(JwsAlgorithm::Hs256, secret));
        }
        let proven = verifier.verify(&given.token, given.now).map_err(refusal)?;
        Ok(bot_facts(proven.get()))
    };
    judge(&args.token, &given, "bot-token", check, context)
}

/// What a token is judged by.
struct Given {
    client_id: ClientId,
    sources: Vec<SecretSource>,
    token: String,
    now: u64,
}

impl TokenArgs {
    /// Says all that is missing at once.
    fn read(&self, mut missing: Missing, context: &Context) -> Result<Given, Failure> {
        claimed_once(
            self.secrets
                .claims()
                .chain([("--token-file", is_dash(&self.token_file))]),
        )?;
        let sources = self
            .secrets
            .typed_or(|| context.profile_secrets(SecretKind::Client))?;
        let client_id = context.known_client_id(self.client_id)?;
        let client_id = missing.check(client_id, missing::CLIENT_ID);
        let sources = missing.check(sources, missing::SECRET);
        let (Some(client_id), Some(sources), true) = (client_id, sources, missing.is_empty())
        else {
            return Err(missing.into_failure());
        };
        let bytes = body_source::read("token", &self.token_file, FILE_MAX_BYTES)?;
        // Broken UTF-8 becomes a character that no token has.
        let token = String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
        let now = self
            .at
            .map(At::unix_seconds)
            .map_or_else(clock::unix_now, Ok)?;
        Ok(Given {
            client_id,
            sources,
            token,
            now,
        })
    }
}

fn judge(
    args: &TokenArgs,
    given: &Given,
    purpose: &'static str,
    check: impl Fn(&ClientSecret) -> Result<Map<String, Value>, Refusal>,
    context: &Context,
) -> Result<Outcome, Failure> {
    let read = |source: &SecretSource| source.read_as(ClientSecret::new);
    let proof = Proof::new(SecretKind::Client, purpose, &args.secrets).without_explanation();
    let typed: [(&str, Option<&OsStr>); 0] = [];
    verdict::with_each(&given.sources, read, check, proof, &typed, context)
}

/// One secret is tried at a time, so that the answer can say which it was.
fn ring(algorithm: JwsAlgorithm, secret: &ClientSecret) -> KeyRing<JwsKey> {
    let mut ring = KeyRing::new();
    if let Ok(id) = KeyId::parse("given") {
        // INVARIANT: an empty ring has room for a key.
        let _ = ring.insert(id, JwsKey::new(algorithm, secret), None);
    }
    ring
}

fn refusal(refusal: TokenRefusal) -> Refusal {
    let message = match &refusal {
        TokenRefusal::NotProven => "no secret that was given made this signature".to_owned(),
        TokenRefusal::TokenTooLong { .. } => {
            format!("the token is longer than {TOKEN_MAX_BYTES} bytes")
        }
        other => other.to_string(),
    };
    Refusal::new(refusal.code(), message)
}

/// The id of a token is as good as a password for half an hour: it is not printed.
fn widget_facts(token: &WidgetToken) -> Map<String, Value> {
    let mut facts = common(token.account_host.as_str(), token.account_id.get());
    facts.insert("user_id".to_owned(), Value::from(token.user_id.get()));
    facts.insert("is_admin".to_owned(), Value::from(token.is_admin));
    facts.insert("issued_at".to_owned(), Value::from(token.issued_at));
    facts.insert("expires_at".to_owned(), Value::from(token.expires_at));
    facts
}

fn bot_facts(token: &BotToken) -> Map<String, Value> {
    let mut facts = common(token.account_host.as_str(), token.account_id.get());
    if let Some((entity, id)) = token.entity {
        let kind = match entity {
            BotEntity::Contact => Value::from("contact"),
            BotEntity::Lead => Value::from("lead"),
            BotEntity::Customer => Value::from("customer"),
            BotEntity::Other(number) => Value::from(number),
            _ => Value::Null,
        };
        facts.insert("entity_type".to_owned(), kind);
        facts.insert("entity_id".to_owned(), Value::from(id));
    }
    if let Some(bot) = token.bot_type {
        let name = match bot {
            BotType::Salesbot => "salesbot",
            BotType::Marketingbot => "marketingbot",
            _ => "other",
        };
        facts.insert("bot_type".to_owned(), Value::from(name));
    }
    facts.insert("expires_at".to_owned(), Value::from(token.expires_at));
    facts
}

fn common(account: &str, account_id: u64) -> Map<String, Value> {
    let mut facts = Map::new();
    facts.insert("account".to_owned(), Value::from(account));
    facts.insert("account_id".to_owned(), Value::from(account_id));
    facts
}
