//! What the pages may ask, answered by the same code as the HTTP interface.

use std::sync::Arc;

use app::Api;
use app::api::WindowStream;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use record::wire::{
    ApiError, Hits, HitsQuery, Stats, StatsQuery, Step, StepQuery, TaskInfo, TaskList, WindowHead, WindowItem,
    WindowQuery,
};

use crate::filters::Typed;
use crate::routes::Shared;
use crate::tasks::{Filter, Format, Opening, Wanted, hits, stats, step};
use crate::{cli, filters, problem};

/// Tasks that the page of all tasks shows at most.
const TASKS_MAX: usize = 10_000;

/// A window of a log without a line.
fn empty(generation: u64) -> WindowStream {
    let head = WindowHead { generation, lines: 0, counted: true, rank: Some(0), target: None };
    let items = [WindowItem::Head(head), WindowItem::End].map(|item| {
        let mut line = serde_json::to_vec(&item).unwrap_or_default();
        line.push(b'\n');
        Bytes::from(line)
    });
    stream::iter(items).boxed()
}

/// The tasks of a server as the pages see them.
pub struct PageApi {
    shared: Shared,
}

impl PageApi {
    /// The pages' way to these tasks.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        Self { shared }
    }
}

impl Api for PageApi {
    fn tasks(&self) -> BoxFuture<'_, Result<TaskList, ApiError>> {
        async { Ok(self.shared.list(Filter { limit: TASKS_MAX, ..Filter::default() }).await) }.boxed()
    }

    fn task(&self, id: String) -> BoxFuture<'_, Result<TaskInfo, ApiError>> {
        async move { Ok(self.shared.task(&id).await?.snapshot().await.info()) }.boxed()
    }

    fn window(&self, query: WindowQuery) -> BoxFuture<'_, Result<WindowStream, ApiError>> {
        async move {
            let snapshot = self.shared.task(&query.task).await?.snapshot().await;
            let permit = self.shared.stream_permit()?;
            let wanted = Wanted {
                start: query.start,
                before: query.before,
                limit: query.limit,
                uncounted: true,
                filter: Typed::from(query.filter),
                context: query.context,
                resume: None,
            };
            let opening = match Opening::find(Arc::clone(&snapshot), &wanted, self.shared.catalog.zone()).await {
                // The whole of an empty log is nothing, and no mistake.
                Err(error) if error.status == 416 && snapshot.is_empty() => return Ok(empty(snapshot.generation())),
                found => found?,
            };
            let opening = opening.ok_or_else(|| problem::beyond("nothing is left to send".to_owned()))?;
            // The page's stream has no errors but those it carries: see `Format::Page`.
            let chunks = opening.stream(Format::Page, Some(permit)).filter_map(|chunk| std::future::ready(chunk.ok()));
            Ok(chunks.boxed())
        }
        .boxed()
    }

    fn hits(&self, query: HitsQuery) -> BoxFuture<'_, Result<Hits, ApiError>> {
        async move {
            let snapshot = self.shared.task(&query.task).await?.snapshot().await;
            let _permit = self.shared.stream_permit()?;
            hits(&snapshot, query, self.shared.catalog.zone()).await
        }
        .boxed()
    }

    fn step(&self, query: StepQuery) -> BoxFuture<'_, Result<Step, ApiError>> {
        async move {
            let snapshot = self.shared.task(&query.task).await?.snapshot().await;
            let _permit = self.shared.stream_permit()?;
            step(&snapshot, query, self.shared.catalog.zone()).await
        }
        .boxed()
    }

    fn minutes_east(&self, zone: &str, second: i64) -> Option<i64> {
        let zone = cli::zone(zone).ok()?;
        Some(filters::seconds_east(&zone, second)?.div_euclid(60))
    }

    fn stats(&self, query: StatsQuery) -> BoxFuture<'_, Result<Stats, ApiError>> {
        async move {
            let snapshot = self.shared.task(&query.task).await?.snapshot().await;
            let _permit = self.shared.stream_permit()?;
            stats(&snapshot, &query, self.shared.catalog.zone()).await
        }
        .boxed()
    }
}
