//! `kommo hooks trigger`: sends a sample, signed as the platform signs.

use core::num::NonZeroU64;
use core::time::Duration;

use axum::http::Method;
use base64ct::{Base64UrlUnpadded, Encoding};
use clap::{Args, ValueEnum};
use kommo_account::{ChannelId, ClientId};
use kommo_sign::{
    AppSecret, ChannelSecret, ChatHookKey, ClientSecret, DisconnectKey, JwsAlgorithm, JwsKey,
    OpenApiKey,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::changes::{self, Change, change_form, change_json};
use super::sample::{SampleBody, SampleKind};
use super::target::{Address, Sending};
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::failure::missing::{self, Missing};
use crate::input::secret_source::{SecretArgs, SecretSource};
use crate::input::standard_input::claimed_once;
use crate::profile::content::SecretKind;
use crate::run::context::Context;
use crate::run::runtime::run_alone;
use crate::time::clock;

const HELP: &str = "\
The sample gets the time of now and new ids, so that it is neither too old nor a
repeat; --as-is leaves it as it was published. In JSON a path is names joined by
dots; in a form it is the name of a field; token.NAME is a claim of a token.
:scope_id in the address becomes the channel's and the account's ids.

Example:
  kommo hooks trigger chat-message --secret-file channel.secret \\
    --to http://127.0.0.1:4405/chat/:scope_id \\
    --set message.message.text=Hello";

/// The channel of a sample whose profile has none.
const SAMPLE_CHANNEL: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41";

/// How long the token of a bot or a widget is valid.
const TOKEN_SECONDS: u64 = 1800;

/// `kommo hooks trigger`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct TriggerArgs {
    /// What to send
    #[arg(value_name = "KIND")]
    kind: SampleKind,

    /// Where to
    #[arg(long, value_name = "URL")]
    to: Address,

    /// Change the sample, as in message.message.text=Hello; may be given several times
    #[arg(long, value_name = "PATH=VALUE", conflicts_with = "as_is")]
    set: Vec<Change>,

    /// Send the sample as it was published, with its old time and its ids
    #[arg(long)]
    as_is: bool,

    /// The line feed after a chat hook: unsigned, as real hooks have it, signed or absent
    #[arg(
        long,
        value_name = "WHERE",
        default_value = "unsigned",
        hide_possible_values = true,
        hide_default_value = true
    )]
    line_feed: LineFeed,

    /// Allow --to on another machine
    #[arg(long)]
    allow_remote: bool,

    #[command(flatten)]
    secret: SecretArgs,

    /// The id of the integration, for disconnect, bot, widget and install
    #[arg(long, value_name = "C")]
    client_id: Option<ClientId>,

    /// The id of the channel, for :scope_id
    #[arg(long, value_name = "ID")]
    channel: Option<ChannelId>,
}

/// The line feed after the body of a chat hook (rule H2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LineFeed {
    Unsigned,
    Signed,
    Absent,
}

pub(super) fn run(args: &TriggerArgs, context: &Context) -> Result<Outcome, Failure> {
    args.to.check(args.allow_remote)?;
    claimed_once([args.secret.claim()])?;
    let now = clock::unix_now()?;
    let sending = Making { args, context, now }.sending()?;
    let (bytes, name) = (sending.body.len(), args.kind.name());
    let began = Instant::now();
    let waiting = format!("the answer to {name}");
    let status = run_alone(context, waiting, args.to.send(sending))??;
    tell(&name, status, bytes, began.elapsed(), context)
}

fn tell(
    name: &str,
    status: u16,
    bytes: usize,
    took: Duration,
    context: &Context,
) -> Result<Outcome, Failure> {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if (200..300).contains(&status) {
        let object = json!({
            "kind": name,
            "status": status,
            "milliseconds": milliseconds,
            "body_bytes": bytes,
        });
        let text = format!("{name}: {status} in {milliseconds} ms");
        context.output.result(&text, &object)?;
        return Ok(Outcome::Done);
    }
    let code = match status {
        500.. => ErrorCode::ServerError,
        _ => ErrorCode::Refused,
    };
    let failure = Failure::new(code, format!("the receiver answered {status} to {name}"));
    Err(match status {
        401 | 403 => failure.hint("is its secret the same? `kommo explain` finds other reasons"),
        404 => failure.hint("is that its address? `kommo hooks listen` prints one for each kind"),
        _ => failure,
    }
    .with("status", status))
}

/// What a request is made of.
struct Making<'a> {
    args: &'a TriggerArgs,
    context: &'a Context,
    now: u64,
}

impl Making<'_> {
    fn sending(&self) -> Result<Sending, Failure> {
        let kind = self.args.kind;
        let (claims, others) = changes::split(&self.args.set);
        let has_token = matches!(kind, SampleKind::Bot | SampleKind::Widget);
        if !claims.is_empty() && !has_token {
            let message = format!("--set token.…: {} has no token", kind.name());
            return Err(Failure::usage(message));
        }
        let token = match has_token {
            true => Some(self.token(&claims)?),
            false => None,
        };
        match kind.body()? {
            SampleBody::Json(mut body) => {
                if !self.args.as_is {
                    self.freshen(&mut body)?;
                }
                change_json(&mut body, &others)?;
                self.json(&body, token)
            }
            SampleBody::Form(form) => self.form(form, &others, token),
            SampleBody::Query(query) => self.query(query, &others),
        }
    }

    /// A form of the CRM, or of a bot with its token.
    fn form(
        &self,
        mut form: Vec<(String, String)>,
        changes: &[Change],
        token: Option<String>,
    ) -> Result<Sending, Failure> {
        if !self.args.as_is {
            self.freshen_form(&mut form)?;
        }
        if let (Some(token), Some((_, field))) =
            (token, form.iter_mut().find(|(name, _)| name == "token"))
        {
            *field = token;
        }
        change_form(&mut form, changes);
        let headers = vec![
            (
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
            ("user-agent", "amoCRM-Webhooks/3.0".to_owned()),
            ("x-amocrm-requestid", uuid()?),
        ];
        let target = self.args.to.target().to_owned();
        Ok(Sending {
            headers,
            ..self.plain(Method::POST, target, encoded(&form).into_bytes())
        })
    }

    /// The query of a disconnect hook, with its signature, or of an install hook.
    fn query(
        &self,
        mut query: Vec<(String, String)>,
        changes: &[Change],
    ) -> Result<Sending, Failure> {
        let mut missing = Missing::default();
        let client_id = missing.check(self.known_client_id()?, missing::CLIENT_ID);
        let is_signed = self.args.kind == SampleKind::Disconnect;
        if is_signed {
            missing.check(self.source()?, missing::SECRET);
        }
        let (Some(client_id), true) = (client_id, missing.is_empty()) else {
            return Err(missing.into_failure());
        };
        for (_, value) in query
            .iter_mut()
            .filter(|(name, _)| name.starts_with("client_"))
        {
            client_id.as_str().clone_into(value);
        }
        change_form(&mut query, changes);
        if is_signed {
            self.sign_disconnect(&mut query)?;
        }
        let target = self.args.to.target();
        let joint = if target.contains('?') { '&' } else { '?' };
        let target = format!("{target}{joint}{}", encoded(&query));
        let agent = "amoService-oAuth-Code-Sender/1.0".to_owned();
        Ok(Sending {
            headers: vec![("user-agent", agent)],
            ..self.plain(Method::GET, target, Vec::new())
        })
    }

    fn plain(&self, method: Method, target: String, body: Vec<u8>) -> Sending {
        Sending {
            method,
            target,
            headers: Vec::new(),
            body,
            limit: self.args.kind.limit(),
        }
    }

    /// A JSON body with its signature, or with the token of a widget.
    fn json(&self, body: &Value, token: Option<String>) -> Result<Sending, Failure> {
        let mut bytes = body.to_string().into_bytes();
        let mut target = self.args.to.target().to_owned();
        let header = match self.args.kind.secret() {
            Some(SecretKind::Channel) => {
                let account = body.get("account_id").and_then(Value::as_str);
                let scope = format!("{}_{}", self.channel()?, account.unwrap_or_default());
                target = target.replace(":scope_id", &scope);
                let key = ChatHookKey::new(&self.secret()?.read_as(ChannelSecret::new)?);
                if self.args.line_feed == LineFeed::Signed {
                    bytes.push(b'\n');
                }
                let signature = key.sign(&bytes);
                if self.args.line_feed == LineFeed::Unsigned {
                    bytes.push(b'\n');
                }
                ("x-signature", signature.as_str().to_owned())
            }
            Some(SecretKind::App) => {
                let key = OpenApiKey::new(&self.secret()?.read_as(AppSecret::new)?);
                ("x-chat-signature", key.sign(&bytes).as_str().to_owned())
            }
            _ => ("x-auth-token", token.unwrap_or_default()),
        };
        Ok(Sending {
            headers: vec![("content-type", "application/json".to_owned()), header],
            ..self.plain(Method::POST, target, bytes)
        })
    }

    /// The time of now, and ids that were not seen before.
    fn freshen(&self, body: &mut Value) -> Result<(), Failure> {
        let now = self.now;
        let account = self.context.profile()?.account_amojo_id;
        let account = account.map(|id| Value::from(id.as_str()));
        let fresh = [
            ("/time", Some(json!(now))),
            ("/created_at", Some(json!(now))),
            ("/account_id", account),
            ("/webhook_id", Some(json!(uuid()?.replace('-', "")))),
            ("/message/timestamp", Some(json!(now))),
            (
                "/message/msec_timestamp",
                Some(json!(now.saturating_mul(1000))),
            ),
            ("/message/message/id", Some(json!(uuid()?))),
            (
                "/action/typing/expired_at",
                Some(json!(now.saturating_add(5))),
            ),
        ];
        for (pointer, value) in fresh {
            if let (Some(place), Some(value)) = (body.pointer_mut(pointer), value) {
                *place = value;
            }
        }
        Ok(())
    }

    fn freshen_form(&self, form: &mut [(String, String)]) -> Result<(), Failure> {
        let id = uuid()?;
        for (name, value) in form {
            let is_message = name.starts_with("message[") || name.starts_with("outgoing_message[");
            if name.ends_with("[created_at]") || name == "event[time]" {
                *value = self.now.to_string();
            } else if is_message && name.ends_with("[0][id]") {
                id.clone_into(value);
            }
        }
        Ok(())
    }

    /// A token of now, for this integration and this receiver.
    fn token(&self, changes: &[Change]) -> Result<String, Failure> {
        let kind = self.args.kind;
        let (algorithm, name) = match kind {
            SampleKind::Widget => (JwsAlgorithm::Hs256, "HS256"),
            _ => (JwsAlgorithm::Hs512, "HS512"),
        };
        let mut claims = kind.claims()?;
        let mut missing = Missing::default();
        let client_id = self.known_client_id()?;
        let client_id = missing.check(client_id, missing::CLIENT_ID);
        let source = missing.check(self.source()?, missing::SECRET);
        let (Some(client_id), Some(source)) = (client_id, source) else {
            return Err(missing.into_failure());
        };
        if let (Some(fields), false) = (claims.as_object_mut(), self.args.as_is) {
            let now = self.now;
            let redirect_uri = self.context.profile()?.redirect_uri.as_ref();
            let audience = match (kind, redirect_uri) {
                (SampleKind::Widget, Some(uri)) => without_port(uri.as_uri().origin()).to_owned(),
                _ => self.args.to.audience(),
            };
            for (name, value) in [
                ("aud", json!(audience)),
                ("iat", json!(now)),
                ("nbf", json!(now)),
                ("exp", json!(now.saturating_add(TOKEN_SECONDS))),
                ("client_uuid", json!(client_id.as_str())),
            ] {
                fields.insert(name.to_owned(), value);
            }
            if fields.contains_key("jti") {
                fields.insert("jti".to_owned(), json!(uuid()?));
            }
        }
        change_json(&mut claims, changes)?;
        let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
        let header = format!("{{\"typ\":\"JWT\",\"alg\":\"{name}\"}}");
        let signed = format!("{}.{}", part(&header), part(&claims.to_string()));
        let key = JwsKey::new(algorithm, &source.read_as(ClientSecret::new)?);
        let mut buffer = [0; 64];
        let signature = Base64UrlUnpadded::encode_string(key.sign(&signed, &mut buffer));
        Ok(format!("{signed}.{signature}"))
    }

    fn sign_disconnect(&self, query: &mut Vec<(String, String)>) -> Result<(), Failure> {
        let field = |wanted: &str| {
            let mut fields = query.iter();
            fields
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.clone())
        };
        let account = field("account_id").and_then(|text| text.parse::<NonZeroU64>().ok());
        let Some(account) = account else {
            return Err(Failure::usage("--set account_id: not a number above zero"));
        };
        let client_id = field("client_uuid").unwrap_or_default();
        let key = DisconnectKey::new(&self.secret()?.read_as(ClientSecret::new)?);
        if field("signature").is_none() {
            let signature = key.sign(&client_id, account).as_str().to_owned();
            query.push(("signature".to_owned(), signature));
        }
        Ok(())
    }

    fn known_client_id(&self) -> Result<Option<ClientId>, Failure> {
        self.context.known_client_id(self.args.client_id)
    }

    fn channel(&self) -> Result<String, Failure> {
        let channel = self.args.channel.or(self.context.profile()?.channel_id);
        Ok(channel.map_or(SAMPLE_CHANNEL.to_owned(), |id| id.as_str().to_owned()))
    }

    fn source(&self) -> Result<Option<SecretSource>, Failure> {
        let kind = self.args.kind.secret().unwrap_or(SecretKind::Client);
        self.args
            .secret
            .typed_or(|| self.context.profile_secret(kind))
    }

    fn secret(&self) -> Result<SecretSource, Failure> {
        let mut missing = Missing::default();
        let source = missing.check(self.source()?, missing::SECRET);
        source.ok_or_else(|| missing.into_failure())
    }
}

fn encoded(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// `https://shop.example:8443` is called `https://shop.example` in a token.
fn without_port(origin: &str) -> &str {
    match origin.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => origin,
    }
}

fn uuid() -> Result<String, Failure> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| {
        let message = format!("the operating system returned no random bytes: {error}");
        Failure::new(ErrorCode::Internal, message)
    })?;
    let hex = format!("{:032x}", u128::from_be_bytes(random));
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Ok(format!(
        "{}-{}-4{}-8{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    ))
}
