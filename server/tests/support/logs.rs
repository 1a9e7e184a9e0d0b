//! Logs that several tests look at, and what they hold of answers about them.

use serde_json::Value;

use super::http::Answer;
use super::server::{Server, task};
use super::{Folder, until};

/// The first line of many logs.
pub const EARLY: &str = "2026-11-22T02:00:00Z INFO early\n";
/// A second later.
pub const MIDDLE: &str = "2026-11-22T02:00:01Z INFO middle\n";
/// Another second later.
pub const LATE: &str = "2026-11-22T02:00:02Z INFO late\n";
/// A try as Airflow lays it out.
pub const TRY: &str = "dag_id=etl/run_id=manual__2026-11-22T02:12:47.415412+00:00/task_id=extract";

/// Three tasks: `etl` with two sources, `etl/deep` with one, and a try as Airflow lays it out.
pub fn three() -> Folder {
    let attempt = format!("{TRY}/attempt=1.log");
    Folder::with(&[
        ("etl/a.log", [EARLY, LATE].concat().as_str()),
        ("etl/b.log", MIDDLE),
        ("etl/deep/c.log", EARLY),
        (attempt.as_str(), LATE),
    ])
}

/// A task of many megabytes beside a small one.
pub fn large() -> Folder {
    let line = format!("2026-11-22T02:00:00Z INFO {}\n", "x".repeat(200));
    let folder = Folder::with(&[("small/a.log", EARLY), ("large/b.log", LATE)]);
    folder.write("large/a.log", line.repeat(300_000));
    folder
}

/// The answer is a problem of this status that has these words.
#[track_caller]
pub fn check_problem(answer: &Answer, status: u16, words: &[&str]) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
    let detail = problem["detail"].as_str().expect("a detail");
    for word in words {
        assert!(detail.contains(word), "{word:?} is not in {detail:?}");
    }
}

/// The task, once all its lines were counted.
#[track_caller]
pub fn counted(server: &Server, id: &str) -> Value {
    until("the lines are counted", || Some(server.task(id).json()).filter(|task| task["lines"].is_u64()))
}

/// The server answers, and this task can be read.
#[track_caller]
pub fn check_up(server: &Server, id: &str, expected: &str) {
    assert_eq!(server.get("/healthz").status, 200);
    let answer = server.ask("GET", &task(id, "/lines"), &[("Accept", "text/plain")]);
    assert_eq!((answer.status, answer.text()), (200, expected));
}

/// The ids of the tasks that a query lists.
#[track_caller]
pub fn listed(server: &Server, query: &str) -> Vec<String> {
    let answer = server.get(&format!("/api/v1/tasks{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let list = answer.json();
    let tasks = list["tasks"].as_array().expect("tasks");
    tasks.iter().map(|task| task["id"].as_str().expect("an id").to_owned()).collect()
}
