//! A log as a file: chosen by its address alone, named, packed on the way.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::Write as _;

use flate2::write::GzDecoder;
use support::Folder;
use support::logs::{EARLY, LATE, MIDDLE, check_problem, large, three};
use support::server::Server;

/// What a gzip file holds; none where it is not whole.
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = GzDecoder::new(Vec::new());
    unpacked.write_all(bytes).ok()?;
    unpacked.finish().ok()
}

#[test]
fn a_link_alone_says_in_which_form_a_log_comes() {
    let server = Server::of(three());
    let whole = [EARLY, MIDDLE, LATE].concat();
    let text = server.lines("etl", "?as=text");
    assert_eq!((text.header("content-type"), text.text()), ("text/plain; charset=utf-8", whole.as_str()));
    assert_eq!(text.headers.get("content-disposition"), None);
    let file = server.lines("etl", "?as=text&download=1&level=info&source=b.log");
    assert_eq!((file.header("content-disposition"), file.text()), ("attachment; filename=\"etl.log\"", MIDDLE));
    let records = server.lines("etl/deep", "?as=ndjson&download=1");
    assert_eq!(records.header("content-disposition"), "attachment; filename=\"etl_deep.ndjson\"");
    assert_eq!(records.header("content-type"), "application/x-ndjson");
    assert_eq!(records.text(), server.lines("etl/deep", "").text());
    // The address counts for more than what the client likes best.
    let asked = server.ask("GET", "/api/v1/tasks/etl/lines?as=text", &[("Accept", "text/event-stream")]);
    assert_eq!(asked.text(), whole);
    check_problem(&server.lines("etl", "?as=csv"), 400, &["as=\"csv\"", "text or ndjson"]);
    check_problem(&server.lines("etl", "?gzip=yes"), 400, &["gzip=\"yes\"", "1 or 0"]);
    let events =
        server.ask("GET", "/api/v1/tasks/etl/lines?download=1", &[("Accept", "text/event-stream"), ("X", "y")]);
    check_problem(&events, 400, &["events are no file"]);
}

#[test]
fn a_packed_log_is_one_gzip_file_also_for_who_reads_packed_answers() {
    let server = Server::of(three());
    for accept in ["gzip", "zstd", "identity"] {
        let target = "/api/v1/tasks/etl/lines?as=text&download=1&gzip=1&from=2";
        let file = server.ask("GET", target, &[("Accept-Encoding", accept)]);
        assert_eq!(file.header("content-type"), "application/gzip");
        assert_eq!(file.headers.get("content-encoding"), None);
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"etl.log.gz\"");
        assert_eq!(unpacked(&file.body).as_deref(), Some([MIDDLE, LATE].concat().as_bytes()), "{accept}");
    }
    let nothing = Server::of(Folder::with(&[("task/a.log", "")]));
    assert_eq!(unpacked(&nothing.lines("task", "?gzip=1").body).as_deref(), Some(&b""[..]));
}

#[test]
fn a_great_log_is_packed_as_it_is_sent() {
    let server = Server::of(large());
    let file = server.lines("large", "?as=text&gzip=1");
    let plain = unpacked(&file.body).expect("it is whole");
    assert_eq!(plain, server.lines("large", "?as=text").body);
    assert!(file.body.len() * 20 < plain.len(), "{} of {}", file.body.len(), plain.len());
}

#[test]
fn a_list_says_how_many_sources_failed_and_why() {
    let folder = three();
    std::os::unix::fs::symlink("nothing", folder.join("etl/gone.log")).expect("linked");
    let server = Server::over(&folder);
    let task = || {
        let list = server.get("/api/v1/tasks?prefix=etl&limit=1").json();
        list["tasks"][0].clone()
    };
    let closed = task();
    assert_eq!((&closed["failed"], &closed["id"]), (&1.into(), &"etl".into()), "{closed}");
    assert_eq!(server.task("etl").status, 200);
    let opened = task();
    assert_eq!(opened["failed"], 1, "{opened}");
    assert!(opened["error"].as_str().is_some_and(|error| error.contains("gone.log")), "{opened}");
    let page = server.get("/");
    assert!(page.text().contains("1 failed</span>"), "{}", page.text());
}
