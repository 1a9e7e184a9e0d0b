//! An answer as a file: its name, and packed on the way.

use std::io::{self, Write as _};

use axum::http::HeaderValue;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::{Stream, StreamExt as _, stream};

/// Characters of a task's id that a file's name holds at most: its end, which tells it from its neighbours.
const NAME_CHARS_MAX: usize = 120;

/// `Content-Disposition` of a file that holds a task's lines (RFC 6266). No system minds its name.
pub fn disposition(task: &str, ending: &str) -> Option<HeaderValue> {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '=' | '+') { c } else { '_' };
    let name: String = task.chars().map(safe).collect();
    let start = name.len().saturating_sub(NAME_CHARS_MAX);
    let name = name.get(start..).unwrap_or_default().trim_start_matches(['.', '-']);
    let name = if name.is_empty() { "log" } else { name };
    HeaderValue::try_from(format!("attachment; filename=\"{name}.{ending}\"")).ok()
}

/// The same bytes as one gzip file (RFC 1952). Where they break off, so does the file.
pub fn gzipped<S>(chunks: S) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static
where
    S: Stream<Item = io::Result<Bytes>> + Send + 'static,
{
    let packer = GzEncoder::new(Vec::new(), Compression::fast());
    stream::unfold(Some((Box::pin(chunks), packer)), |state| async move {
        let (mut chunks, mut packer) = state?;
        loop {
            match chunks.next().await {
                Some(Ok(chunk)) => {
                    if let Err(error) = packer.write_all(&chunk) {
                        return Some((Err(error), None));
                    }
                    if !packer.get_ref().is_empty() {
                        let packed = std::mem::take(packer.get_mut());
                        return Some((Ok(Bytes::from(packed)), Some((chunks, packer))));
                    }
                }
                Some(Err(error)) => return Some((Err(error), None)),
                None => return Some((packer.finish().map(Bytes::from), None)),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_files_name_has_nothing_that_a_system_minds() {
        for (task, expected) in [
            ("etl/deep", "attachment; filename=\"etl_deep.log\""),
            ("dag_id=etl/run:1@x~y", "attachment; filename=\"dag_id=etl_run_1_x_y.log\""),
            ("..hidden", "attachment; filename=\"hidden.log\""),
            ("...", "attachment; filename=\"log.log\""),
        ] {
            let header = disposition(task, "log");
            assert_eq!(header.as_ref().and_then(|header| header.to_str().ok()), Some(expected));
        }
        let long = disposition(&"a".repeat(1000), "ndjson.gz").expect("a header");
        assert_eq!(long.len(), "attachment; filename=\".ndjson.gz\"".len() + 120);
    }
}
