//! `GET /api/v1/tasks/{task}/live`: a WebSocket that tells what a task has come to, each time it has changed.
//!
//! A page needs no more to be live: it asks for the lines it shows as it always does. A socket takes none of the six
//! connections that a browser has to a server.

use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Shared, path};
use crate::problem::{self, Problem};
use crate::tasks::{Following, Task};

/// The least time between two messages.
const MESSAGE_EVERY: Duration = Duration::from_millis(15);

/// How long nothing may be sent: proxies close what is silent.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Bytes of a message that a page may send; it sends none.
const MESSAGE_BYTES_MAX: usize = 1 << 10;

/// Opens the socket.
pub async fn live(
    State(shared): State<Shared>,
    task: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let task = shared.task(&path(task)?).await?;
    let socket = socket.map_err(|error| problem::no_socket(error.body_text()))?;
    // A browser sends cookies along with sockets of any site.
    if let Some(origin) = headers.get(header::ORIGIN) {
        let of_origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
        let of_origin = of_origin.as_ref().and_then(Uri::authority).map(|authority| authority.as_str());
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        if of_origin.is_none() || of_origin != host {
            return Err(problem::no_socket(format!("a page of {origin:?} may not open it")).into());
        }
    }
    let place = shared.follower()?;
    let following = task.follow(&shared.catalog);
    let ending = shared.catalog.ending();
    Ok(socket.max_message_size(MESSAGE_BYTES_MAX).on_upgrade(move |socket| async move {
        tokio::select! {
            _ = tell(socket, &task, following) => {}
            () = ending => {}
        }
        drop(place);
    }))
}

/// Tells each change until the page goes.
async fn tell(mut socket: WebSocket, task: &std::sync::Arc<Task>, mut following: Following) -> Option<()> {
    let mut told = None;
    loop {
        let began = Instant::now();
        let now = task.snapshot().await.live();
        if told.as_ref() != Some(&now) {
            let text = serde_json::to_string(&now).ok()?;
            socket.send(Message::Text(text.into())).await.ok()?;
            told = Some(now);
        }
        tokio::select! {
            () = following.changed() => sleep_until(began + MESSAGE_EVERY).await,
            message = socket.recv() => match message?.ok()? {
                Message::Close(_) => return None,
                _ => continue,
            },
            () = sleep(HEARTBEAT) => socket.send(Message::Ping(Vec::new().into())).await.ok()?,
        }
    }
}
