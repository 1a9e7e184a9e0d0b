//! What belongs under a line, found on the server: the lines in between need not travel.

use futures::StreamExt as _;
use record::wire::{ApiError, WindowItem, WindowQuery};

use crate::api::{Api, unreadable};
use crate::model::ndjson::Splitter;
use crate::model::outline::{OUTLINE_LINES_MAX, Outline};

/// The stretches of lines of a view, each from its first line to behind its last, that belong under the line with which
/// the window starts. Reads at most [`OUTLINE_LINES_MAX`] lines.
///
/// # Errors
///
/// That of the window.
pub async fn fold(api: &dyn Api, query: WindowQuery) -> Result<Vec<(u64, u64)>, ApiError> {
    let mut lines = api.window(WindowQuery { limit: OUTLINE_LINES_MAX, ..query }).await?;
    let mut splitter = Splitter::default();
    let (mut rank, mut outline, mut more, mut error) = (0, None::<Outline>, true, None);
    while more && let Some(chunk) = lines.next().await {
        splitter.push(&chunk, |line| match serde_json::from_slice(line) {
            _ if !more => {}
            Ok(WindowItem::Head(head)) => rank = head.rank.unwrap_or_default(),
            Ok(WindowItem::Record(record)) => {
                match &mut outline {
                    Some(outline) => more = outline.push(rank, &record),
                    None => outline = Some(Outline::new(&record)),
                }
                rank += 1;
            }
            Ok(WindowItem::End) => more = false,
            Ok(WindowItem::Error(told)) => error = Some(told),
            Err(told) => error = Some(unreadable(&told)),
        });
    }
    match error {
        Some(error) => Err(error),
        None => Ok(outline.map(Outline::finish).unwrap_or_default().into_iter().map(|it| (it.start, it.end)).collect()),
    }
}
