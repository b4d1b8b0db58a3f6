//! What the sweep is measured against: the same requests through the same HTTP stack, the same two
//! commits for each on a connection that nobody else wants, and no protocol: no claim, no lock, no
//! look at what is stored, nothing for the case that something fails.

use alloc::sync::Arc;

use kommo_account::{AccountHost, EndpointRole, Endpoints};
use kommo_http::{OutgoingRequest, Transport, TransportBuilder};
use kommo_keeper::Clock;
use kommo_sign::{RequestMethod, RequestPath};
use serde::Deserialize;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::bare_table::{BarePair, BareRecord, BareRow, page, write};
use crate::failure::{Result, ensure, failure};
use crate::fleet_clock::FleetClock;
use crate::worker_message::{Finished, WorkerMessage};
use crate::worker_order::{PlatformOrder, StorePlace, WorkerOrder};

const TOKEN_PATH: &str = "/oauth2/access_token";
const PAGE: i64 = 256;

/// Everything that one refresh needs.
struct Bare {
    platform: PlatformOrder,
    endpoints: Endpoints,
    transport: Transport,
    /// One for each refresh at a time, and so never too few.
    connections: Mutex<Vec<PgConnection>>,
    clock: FleetClock,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    refresh_token: String,
    expires_in: i64,
}

/// Waits for its `go`, refreshes its share, reports, and waits for the end of standard input.
pub(crate) async fn run(order: &WorkerOrder, share: (u32, u32), width: usize) -> Result<()> {
    let StorePlace::Postgres(url) = &order.store else {
        return Err(failure("the bare loop runs on postgresql only"));
    };
    let mut pages = PgConnection::connect(url).await?;
    let mut connections = Vec::with_capacity(width);
    for _ in 0..width {
        connections.push(PgConnection::connect(url).await?);
    }
    let bare = Arc::new(Bare {
        platform: order.platform.clone(),
        endpoints: order.platform.endpoints()?,
        transport: TransportBuilder::new().without_idle_connections().build()?,
        connections: Mutex::new(connections),
        clock: FleetClock::open(&order.clock)?,
    });
    WorkerMessage::Ready.send()?;
    let mut lines = BufReader::new(stdin()).lines();
    if lines.next_line().await?.is_none() {
        return Ok(());
    }
    let finished = Finished {
        refreshed: refresh_all(&bare, &mut pages, share, width).await?,
        ..Finished::default()
    };
    WorkerMessage::Finished(finished).send()?;
    while lines.next_line().await?.is_some() {}
    Ok(())
}

async fn refresh_all(
    bare: &Arc<Bare>,
    pages: &mut PgConnection,
    share: (u32, u32),
    width: usize,
) -> Result<u64> {
    let mut refreshed = 0;
    let mut after = String::new();
    let mut flying = JoinSet::new();
    loop {
        let rows = page(pages, &after, share, PAGE).await?;
        let Some(last) = rows.last() else {
            break;
        };
        after.clone_from(&last.key);
        for row in rows {
            while flying.len() >= width {
                landed(flying.join_next().await, &mut refreshed)?;
            }
            let bare = Arc::clone(bare);
            flying.spawn(async move { bare.refresh(row).await });
        }
    }
    while !flying.is_empty() {
        landed(flying.join_next().await, &mut refreshed)?;
    }
    Ok(refreshed)
}

type Landed = core::result::Result<Result<()>, tokio::task::JoinError>;

fn landed(landed: Option<Landed>, refreshed: &mut u64) -> Result<()> {
    if let Some(landed) = landed {
        landed??;
        *refreshed += 1;
    }
    Ok(())
}

impl Bare {
    async fn refresh(&self, row: BareRow) -> Result<()> {
        let free = self.connections.lock().await.pop();
        let mut connection = free.ok_or_else(|| failure("more refreshes than connections"))?;
        self.refresh_over(&mut connection, row).await?;
        self.connections.lock().await.push(connection);
        Ok(())
    }

    async fn refresh_over(&self, connection: &mut PgConnection, mut row: BareRow) -> Result<()> {
        let now = i64::try_from(self.clock.now().get())?;
        write(
            connection,
            &mut row,
            "refreshing",
            "attempt-begun",
            (now, now),
        )
        .await?;
        let answer = self.send(&row).await?;
        let newest = BarePair {
            access_token: answer.access_token,
            refresh_token: answer.refresh_token,
        };
        let before = Some(row.record.newest);
        row.record = BareRecord { newest, before };
        let times = (now, now + answer.expires_in);
        write(connection, &mut row, "active", "refreshed", times).await
    }

    async fn send(&self, row: &BareRow) -> Result<Answer> {
        let body = json!({
            "client_id": self.platform.client_id,
            "client_secret": self.platform.client_secret,
            "grant_type": "refresh_token",
            "refresh_token": row.record.newest.refresh_token,
            "redirect_uri": self.platform.redirect_uri,
        });
        let body = serde_json::to_vec(&body)?;
        let role = EndpointRole::Account(AccountHost::parse(&row.host)?);
        let target = self.endpoints.resolve(role);
        let path = RequestPath::parse(TOKEN_PATH)?;
        let request = OutgoingRequest::new(RequestMethod::parse("POST")?, path)
            .with_header("content-type", "application/json")
            .with_header("accept", "application/json")
            .with_body(&body);
        let response = self.transport.send(&target, &request).await?;
        ensure(response.status() == 200, || {
            format!("the bare loop was answered {}", response.status())
        })?;
        Ok(serde_json::from_slice(response.body())?)
    }
}
