//! Pages as they come from the server, before any script runs.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fmt::Write as _;
use std::fs;

use support::http::Answer;
use support::server::Server;
use support::{Folder, logboom, run, until};

/// A second's line of a log.
fn line(second: u64, text: &str) -> String {
    format!("2026-11-22T02:{:02}:{:02}Z INFO {text}\n", second / 60, second % 60)
}

/// Lines that follow one another by a second.
fn log(seconds: std::ops::Range<u64>, text: &str) -> String {
    seconds.fold(String::new(), |mut log, second| {
        write!(log, "{}", line(second, &format!("{text} {second}"))).expect("a string takes all");
        log
    })
}

/// What stands between two texts of a page, its references read.
#[track_caller]
fn between<'a>(page: &'a str, before: &str, behind: &str) -> &'a str {
    let start = page.find(before).unwrap_or_else(|| panic!("{before} is not in {page}")) + before.len();
    let rest = &page[start..];
    &rest[..rest.find(behind).expect("it ends")]
}

/// The link of the row of a line.
#[track_caller]
fn link(server: &Server, n: u64) -> String {
    let page = server.get(&format!("/t/task?n={n}"));
    let row = between(page.text(), &format!("data-n=\"{n}\""), "</a>");
    let link = between(row, "href=\"", "\"").replace("&amp;", "&");
    assert!(link.starts_with("?anchor=") && link.contains("&t=") && link.contains("&h="), "{link}");
    link
}

/// The row that the address names, and what the page says above it.
#[track_caller]
fn followed(server: &Server, link: &str) -> (String, Option<String>) {
    let answer = server.get(&format!("/t/task{link}"));
    assert_eq!(answer.status, 200, "{link}");
    let page = answer.text();
    let target = page.contains("aria-current=\"true\"").then(|| between(page, "aria-current=\"true\"", "role=\"row\""));
    let told = page.contains("data-kind=\"told\"").then(|| between(page, "data-kind=\"told\"", "</p>"));
    let told = told.map(|told| told.trim_end_matches("</span>").rsplit('>').next().unwrap_or_default().to_owned());
    (target.unwrap_or_default().to_owned(), told)
}

const MOVED: &str = "This line has moved since the link was made; here it is.";
const GONE: &str = "The line of this link is gone; here is the nearest time.";

#[test]
fn a_link_finds_its_line_where_it_was() {
    let folder = Folder::with(&[("task/app.log", log(0..400, "step"))]);
    let server = Server::over(&folder);
    let link = link(&server, 300);
    let (row, told) = followed(&server, &link);
    assert!(row.contains("step 299") && told.is_none(), "{told:?} {row}");
    // A line that the conditions of the view do not let through is there all the same.
    let (_, told) = followed(&server, &format!("{link}&not=step+299"));
    assert_eq!(told, None);
    // Without a hash there is nothing to doubt.
    let bare = link.split('&').next().expect("an anchor");
    assert_eq!(followed(&server, &bare.replace("app.log:", "app.log:0")).1, None);
}

#[test]
fn a_link_follows_its_line_through_a_rotation() {
    let folder = Folder::with(&[("task/app.log", log(0..400, "step"))]);
    let server = Server::over(&folder);
    let link = link(&server, 300);
    fs::rename(folder.join("task/app.log"), folder.join("task/app.log.1")).expect("renamed");
    folder.write("task/app.log", log(400..900, "after"));
    // A server that saw it reads both files as one source.
    until("the rotation is seen", || (server.task("task").json()["lines"] == 900).then_some(()));
    let (row, told) = followed(&server, &link);
    assert!(row.contains("step 299") && told.is_none(), "{told:?} {row}");
    let later = Server::over(&folder);
    let (row, told) = followed(&later, &link);
    assert_eq!(told.as_deref(), Some(MOVED));
    assert!(row.contains("step 299") && row.contains("app.log.1"), "{row}");
}

#[test]
fn a_link_finds_its_line_in_a_file_that_was_written_anew() {
    let folder = Folder::with(&[("task/app.log", log(0..400, "step"))]);
    let server = Server::over(&folder);
    let link = link(&server, 300);
    // The first lines were cut off, and other sources lie beside it.
    folder.write("task/app.log", log(200..400, "step"));
    folder.write("task/other.log", log(0..400, "other"));
    let (row, told) = until("the change is seen", || Some(followed(&server, &link)).filter(|(_, told)| told.is_some()));
    assert_eq!(told.as_deref(), Some(MOVED));
    assert!(row.contains("step 299"), "{row}");
}

#[test]
fn a_link_whose_line_is_gone_says_so_and_shows_the_nearest_time() {
    let folder = Folder::with(&[("task/app.log", log(0..400, "step")), ("task/b.log", log(0..900, "other"))]);
    let server = Server::over(&folder);
    let link = link(&server, 600);
    assert!(followed(&server, &link).0.contains("other 299"));
    // Truncated, and written again from later on.
    folder.write("task/b.log", log(700..800, "new"));
    let (row, told) = until("the change is seen", || Some(followed(&server, &link)).filter(|(_, told)| told.is_some()));
    assert_eq!(told.as_deref(), Some(GONE));
    assert!(row.contains("step 299"), "{row}");
    // The source itself is gone, and so is all that comes after.
    fs::remove_file(folder.join("task/b.log")).expect("removed");
    folder.write("task/app.log", log(0..100, "step"));
    until("it is seen that it is gone", || (server.task("task").json()["lines"] == 100).then_some(()));
    let told = server.get(&format!("/t/task{link}"));
    assert_eq!(told.status, 200);
    assert!(told.text().contains(GONE), "{}", told.text());
    assert!(told.text().contains("step 99"), "the nearest is the last: {}", told.text());
}

#[test]
fn a_page_says_what_it_shows_where_its_address_is_pasted() {
    let colored = "2026-11-22T02:00:01Z \u{1b}[31mERROR\u{1b}[0m \"broke\" <down> & lay there for a long time indeed\n";
    let folder =
        Folder::with(&[("task/a.log", [line(0, "before").as_str(), colored, line(2, "after").as_str()].concat())]);
    let server = Server::over(&folder);
    let page = server.get("/t/task?n=2");
    let title = between(page.text(), "<title>", "</title>");
    assert_eq!(title, "2026-11-22T02:00:01Z ERROR \"broke\" &lt;down&gt; &amp; lay there for a… · task");
    let told = |name: &str| {
        let tag = page.text().split("<meta ").find(|tag| tag.contains(name)).expect("a tag");
        between(tag, "content=\"", "\"").to_owned()
    };
    assert_eq!(told("\"og:title\"").matches("ERROR").count(), 1);
    assert_eq!(told("\"og:type\""), "website");
    let description = told("\"og:description\"");
    let lines: Vec<_> = description.lines().collect();
    assert_eq!(lines.len(), 3, "{description}");
    assert!(lines[0].ends_with("before") && lines[1].contains("ERROR") && lines[2].ends_with("after"), "{description}");
    assert!(!description.contains('\u{1b}') && description.chars().count() <= 330, "{description}");
    assert_eq!(told("\"description\""), description);
    assert_eq!(between(page.text(), "id=\"icon\"", ">").matches("/favicon-complete.svg").count(), 1);
    assert_eq!(server.get("/favicon-complete.svg").header("content-type"), "image/svg+xml");
    let plain = server.get("/t/task");
    assert_eq!(between(plain.text(), "<title>", "</title>"), "task · Logboom");
}

#[test]
fn times_are_in_the_zone_that_the_address_names() {
    let folder = Folder::with(&[("task/a.log", log(0..5, "step"))]);
    let server = Server::over(&folder);
    let page = server.get("/t/task?tz=Asia/Kolkata");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("07:30:04.000") && page.text().contains("UTC+05:30"), "{}", page.text());
    let page = server.get("/t/task?tz=America/St_Johns");
    assert!(page.text().contains("22:30:04.000") && page.text().contains("2026-11-21"), "{}", page.text());
    // What is typed into the go-to form is of that zone as well.
    let page = server.get("/t/task?tz=Asia/Kolkata&goto=07:30:03");
    assert!(between(page.text(), "aria-current=\"true\"", "role=\"row\"").contains("step 3"));
    let page = server.get("/t/task?tz=Mars/Olympus");
    assert_eq!(page.status, 400);
    assert!(page.text().contains("tz=Mars/Olympus is no zone that is known"), "{}", page.text());
    assert!(page.text().contains("02:00:04.000"));
}

fn policy(answer: &Answer) -> &str {
    let policy = answer.header("content-security-policy");
    policy.split("; ").find_map(|part| part.strip_prefix("frame-ancestors ")).expect("it says who may show it")
}

#[test]
fn a_log_alone_is_for_pages_that_may_show_it() {
    let folder = Folder::with(&[("task/deep/a.log", log(0..300, "step"))]);
    let server = Server::over(&folder);
    let page = server.get("/embed/task/deep?n=20&theme=dark");
    assert_eq!((page.status, policy(&page)), (200, "'self'"));
    assert_eq!(page.headers.get("x-frame-options"), None);
    assert!(page.text().contains("step 19") && page.text().contains("data-theme=\"dark\""), "{}", page.text());
    for part in ["<header", "<footer", "id=\"panel\"", "data-testid=\"goto\""] {
        assert!(!page.text().contains(part), "{part}");
    }
    assert!(page.text().contains("theme=dark\">Later lines"), "{}", page.text());
    assert_eq!(policy(&server.get("/t/task/deep")), "'none'");
    assert_eq!(policy(&server.get("/")), "'none'");
    assert!(server.get("/t/task/deep?theme=dark").text().contains("<header"));
    assert!(!server.get("/t/task/deep?theme=dark").text().contains("data-theme"));
    let wrong = server.get("/embed/task/deep?theme=blue");
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("theme=blue is unknown"), "{}", wrong.text());
    assert_eq!((server.get("/embed/nowhere").status, policy(&server.get("/embed/nowhere"))), (404, "'self'"));
}

#[test]
fn who_may_show_a_log_is_configured_and_checked() {
    let folder = Folder::with(&[("task/a.log", log(0..3, "step"))]);
    let origins = "https://wiki.example https://*.b.example:8443";
    let server = Server::with(&folder, &["task", "--frame-ancestors", origins]);
    assert_eq!(policy(&server.get("/embed/task")), origins);
    assert_eq!(policy(&server.get("/t/task")), "'none'");
    let mut command = logboom(folder.path());
    command.args(["serve", "task"]).env("LOGBOOM_FRAME_ANCESTORS", "https://a.example; script-src *");
    let done = run(command, b"");
    assert_eq!(done.status, Some(2), "{}", done.err);
    assert!(done.err.contains("is no origin") && done.err.contains("https://wiki.example"), "{}", done.err);
    folder.write("logboom.toml", "frame_ancestors = \"'none'\"\n");
    let server = Server::with(&folder, &["task"]);
    assert_eq!(policy(&server.get("/embed/task")), "'none'");
}
