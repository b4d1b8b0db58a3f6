//! By AMQP 0.9.1, to a durable queue of a broker.
//!
//! ```text
//!   hook ── publish: persistent, mandatory ──> exchange "" ──> queue
//!     └───────────── confirm: done ◄──────────────┘ on the disk
//! ```

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use core::{error, fmt};

use kommo_account::is_loopback_host;
use kommo_hooks::inbox::HandlingOutcome;
use kommo_store::{ClaimedHook, HookHandler};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::envelope::{CONTENT_TYPE, envelope, event_type};

/// The longest name of a queue, in bytes.
const QUEUE_MAX_BYTES: usize = 255;
/// On the disk, if the queue is durable.
const PERSISTENT: u8 = 2;
const WITHIN: Duration = Duration::from_secs(20);

/// Which queue of which broker. `Debug` shows the host and the queue alone.
#[derive(Clone)]
pub struct AmqpTarget {
    uri: AMQPUri,
    queue: String,
    declares: bool,
    within: Duration,
}

impl AmqpTarget {
    /// A queue of a broker on this machine: `amqp://user:password@127.0.0.1:5672/%2f`. For one on
    /// another machine, let a TLS tunnel listen here.
    ///
    /// # Errors
    ///
    /// - `"localhost"`: [`AmqpTargetError::Unreadable`].
    /// - `"amqps://…"`: [`AmqpTargetError::Tls`].
    /// - `"amqp://broker/"`: [`AmqpTargetError::NotEncrypted`].
    /// - a queue without a name, or of more than 255 bytes: [`AmqpTargetError::Queue`].
    pub fn new(uri: &str, queue: &str) -> Result<Self, AmqpTargetError> {
        let target = Self::unencrypted(uri, queue)?;
        match is_loopback_host(&target.uri.authority.host) {
            true => Ok(target),
            false => Err(AmqpTargetError::NotEncrypted),
        }
    }

    /// The same on any machine: for a network that nobody else listens to, as between containers.
    /// Password and bodies are not encrypted.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), without [`AmqpTargetError::NotEncrypted`].
    pub fn unencrypted(uri: &str, queue: &str) -> Result<Self, AmqpTargetError> {
        let uri: AMQPUri = uri.parse().map_err(|_| AmqpTargetError::Unreadable)?;
        if uri.scheme != AMQPScheme::AMQP {
            return Err(AmqpTargetError::Tls);
        }
        if queue.is_empty() || queue.len() > QUEUE_MAX_BYTES {
            return Err(AmqpTargetError::Queue);
        }
        Ok(Self {
            uri,
            queue: queue.to_owned(),
            declares: true,
            within: WITHIN,
        })
    }

    /// Does not declare the queue: it must be there. For a user of the broker who may only write,
    /// and for a queue with arguments of its own, such as a quorum queue.
    #[must_use]
    pub const fn undeclared(mut self) -> Self {
        self.declares = false;
        self
    }

    /// How long connecting, and a publish with its confirm, may take. Default: 20 seconds.
    #[must_use]
    pub const fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }
}

impl fmt::Debug for AmqpTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpTarget")
            .field("host", &self.uri.authority.host)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

/// Why there is no such target. Says nothing of the texts: a password is in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmqpTargetError {
    /// Not a URI of AMQP.
    Unreadable,
    /// `amqps` is not supported.
    Tls,
    /// Another machine.
    NotEncrypted,
    /// Not 1 to 255 bytes.
    Queue,
}

impl fmt::Display for AmqpTargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "not an AMQP URI",
            Self::Tls => "amqps is not supported",
            Self::NotEncrypted => "the broker is on another machine",
            Self::Queue => "name of the queue is not 1 to 255 bytes",
        })
    }
}

impl error::Error for AmqpTargetError {}

/// A handler that hands hooks on to a queue: the [`envelope`], with the hook's
/// [`key`](ClaimedHook::key) as `message-id` and its [`event_type`] as `type`.
///
/// A hook is done when the broker confirms that it has the message on its disk (a durable queue, a
/// persistent message, a publisher confirm). One that no queue takes is returned (`mandatory`) and
/// comes again, as it does when the broker is away, refuses it, or is silent for too long; such an
/// attempt does not count. So a
/// consumer may get a message twice, and drops repeats by its id. Messages of one conversation are
/// published one after the other.
///
/// The connection is made at the first hook, and again after any failure.
#[derive(Clone)]
pub struct AmqpHandover {
    target: AmqpTarget,
    open: Arc<Mutex<Option<Arc<Open>>>>,
}

/// The connection ends with the last use of it.
struct Open {
    _connection: Connection,
    channel: Channel,
    /// A publish failed on it.
    is_given_up: AtomicBool,
}

impl Open {
    fn is_usable(&self) -> bool {
        self.channel.status().connected() && !self.is_given_up.load(Ordering::Relaxed)
    }
}

impl AmqpHandover {
    /// Hands on to this queue. Connects to nothing yet.
    #[must_use]
    pub fn new(target: AmqpTarget) -> Self {
        Self {
            target,
            open: Arc::default(),
        }
    }

    async fn open(&self) -> Result<Arc<Open>, lapin::Error> {
        let mut open = self.open.lock().await;
        if let Some(open) = open.as_ref().filter(|open| open.is_usable()) {
            return Ok(Arc::clone(open));
        }
        *open = None;
        let made = Arc::new(self.connect().await?);
        Ok(Arc::clone(open.insert(made)))
    }

    async fn connect(&self) -> Result<Open, lapin::Error> {
        let properties =
            ConnectionProperties::default().with_connection_name("kommo-handover".into());
        let connection = Connection::connect_uri(self.target.uri.clone(), properties).await?;
        let channel = connection.create_channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        if self.target.declares {
            let durable = QueueDeclareOptions {
                durable: true,
                ..QueueDeclareOptions::default()
            };
            let queue = &*self.target.queue;
            channel
                .queue_declare(queue.into(), durable, FieldTable::default())
                .await?;
        }
        Ok(Open {
            _connection: connection,
            channel,
            is_given_up: AtomicBool::new(false),
        })
    }

    /// `used`: the connection, as soon as there is one.
    async fn publish(
        &self,
        hook: &ClaimedHook,
        used: &mut Option<Arc<Open>>,
    ) -> Result<(), Unpublished> {
        let channel = &used.insert(self.open().await?).channel;
        let properties = BasicProperties::default()
            .with_content_type(CONTENT_TYPE.into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(hook.key().into())
            .with_type(event_type(hook).into())
            .with_timestamp(hook.stored_at().get());
        let mandatory = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let queue = &*self.target.queue;
        let sent = channel
            .basic_publish(
                "".into(),
                queue.into(),
                mandatory,
                &envelope(hook),
                properties,
            )
            .await?;
        match sent.await? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) => Err(Unpublished::NoQueue),
            _ => Err(Unpublished::Refused),
        }
    }
}

/// Why a message is not with the broker, as far as we know.
enum Unpublished {
    NoQueue,
    Refused,
    Broken(lapin::Error),
}

impl From<lapin::Error> for Unpublished {
    fn from(error: lapin::Error) -> Self {
        Self::Broken(error)
    }
}

impl HookHandler for AmqpHandover {
    async fn handle(&self, hook: Arc<ClaimedHook>) -> HandlingOutcome {
        let mut used = None;
        let published = timeout(self.target.within, self.publish(&hook, &mut used)).await;
        let reason = match published {
            Ok(Ok(())) => return HandlingOutcome::Done,
            Ok(Err(Unpublished::NoQueue)) => "the broker has no such queue",
            Ok(Err(Unpublished::Refused)) => "the broker rejected the message",
            Ok(Err(Unpublished::Broken(problem))) => {
                tracing::warn!(%problem, "a hook was not published");
                "no connection to the broker"
            }
            Err(_) => "the broker did not confirm in time",
        };
        // The next attempt declares the queue anew, over another connection; one that another task
        // has made meanwhile stays.
        if let Some(used) = used {
            used.is_given_up.store(true, Ordering::Relaxed);
        }
        HandlingOutcome::away(reason)
    }
}

impl fmt::Debug for AmqpHandover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpHandover")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}
