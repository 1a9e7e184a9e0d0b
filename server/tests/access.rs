//! Who may read and ship what: tokens, and people who signed in.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::io::Read as _;
use std::process::Stdio;

use support::http::{Answer, open_with, request};
use support::logs::{EARLY, LATE, check_problem};
use support::server::{Server, task};
use support::ship::{check_at, patch_with, raw};
use support::{Folder, logboom, run, until};

/// A token, and the block that tells the server of it.
#[track_caller]
fn token(arguments: &[&str]) -> (String, String) {
    let folder = Folder::with::<&str>(&[]);
    let mut command = logboom(folder.path());
    command.args(["token", "new"]).args(arguments);
    let done = run(command, b"");
    assert_eq!((done.status, &*done.err), (Some(0), ""));
    let (token, block) = done.text().split_once('\n').expect("a line");
    assert!(token.starts_with("lb_") && token.len() == 46, "{token}");
    assert!(!block.contains(token), "it is shown once");
    (token.to_owned(), block.to_owned())
}

/// A server with three tasks and three tokens, each told of by what it may.
struct Guarded {
    server: Server,
    /// Reads all.
    all: String,
    /// Reads and ships `etl`.
    etl: String,
    /// Ships `jobs`, and reads nothing.
    jobs: String,
    _folder: Folder,
}

impl Guarded {
    #[track_caller]
    fn new() -> Self {
        let folder =
            Folder::with(&[("logs/etl/a.log", EARLY), ("logs/etl/deep/b.log", LATE), ("logs/etl2/c.log", LATE)]);
        let (all, first) = token(&["--name", "all", "--read", "*"]);
        let (etl, second) = token(&["--name", "etl", "--read", "etl", "--write", "etl"]);
        let (jobs, third) = token(&["--name", "jobs \"quoted\"", "--write", "jobs"]);
        let limits = "tasks_max = 2\n";
        folder.write("logboom.toml", [&*first, &*second, &*third, limits].concat());
        let mut command = logboom(folder.path());
        command.args(["serve", "logs", "--data", "data", "--listen", "127.0.0.1:0"]);
        Self { server: Server::started(&mut command), all, etl, jobs, _folder: folder }
    }

    #[track_caller]
    fn get(&self, token: &str, target: &str) -> Answer {
        self.server.ask("GET", target, &[("Authorization", &format!("Bearer {token}"))])
    }

    #[track_caller]
    fn patch(&self, token: &str, task: &str, body: &[u8]) -> Answer {
        let headers = [("Upload-Offset", "0"), ("Authorization", &*format!("Bearer {token}"))];
        patch_with(self.server.address, task, "a.log", &headers, body).expect("an answer")
    }

    /// Signs in, and gives the answer.
    #[track_caller]
    fn sign_in(&self, token: &str, to: &str, headers: &[(&str, &str)]) -> Answer {
        let form: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("token", token).append_pair("to", to).finish();
        let length = form.len().to_string();
        let usual = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", &*length)];
        let head = request("POST", "/sign-in", &[&usual, headers].concat());
        open_with(self.server.address, &head, form.as_bytes()).expect("an answer").read()
    }
}

fn ids(list: &Answer) -> Vec<String> {
    assert_eq!(list.status, 200, "{}", list.text());
    let list = list.json();
    list["tasks"].as_array().expect("tasks").iter().map(|task| task["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn without_a_token_nothing_is_told_of_any_task() {
    let guarded = Guarded::new();
    let server = &guarded.server;
    for target in [
        "/api/v1/tasks",
        &task("etl", ""),
        &task("etl", "/lines"),
        &task("etl", "/stats"),
        &task("etl", "/matches?q=x"),
        &raw("etl", "a.log"),
        &task("no/such", ""),
        "/api/page/tasks",
        "/api/page/task?id=etl",
        "/api/v1/nothing",
        "/metrics",
    ] {
        let answer = server.get(target);
        check_problem(&answer, 401, &["Authorization: Bearer"]);
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"logboom\"");
        check_problem(&guarded.get("lb_wrong", target), 401, &["Bearer"]);
        check_problem(&server.ask("GET", target, &[("Authorization", "Basic eDp5")]), 401, &["Bearer"]);
    }
    let headers = [("Upload-Offset", "0")];
    check_problem(&patch_with(server.address, "jobs", "a", &headers, b"x").expect("an answer"), 401, &["Bearer"]);
    for open in ["/healthz", "/readyz", "/sign-in", "/favicon.svg"] {
        assert_eq!(server.get(open).status, 200, "{open}");
    }
}

#[test]
fn a_token_reads_and_lists_what_it_covers_and_no_more() {
    let guarded = Guarded::new();
    assert_eq!(ids(&guarded.get(&guarded.all, "/api/v1/tasks")), ["etl", "etl/deep", "etl2"]);
    assert_eq!(ids(&guarded.get(&guarded.etl, "/api/v1/tasks")), ["etl", "etl/deep"]);
    assert_eq!(ids(&guarded.get(&guarded.etl, "/api/v1/tasks?prefix=etl2")), [""; 0]);
    assert_eq!(ids(&guarded.get(&guarded.jobs, "/api/v1/tasks")), [""; 0]);
    assert_eq!(ids(&guarded.get(&guarded.etl, "/api/page/tasks")), ["etl", "etl/deep"]);
    for rest in ["", "/lines", "/stats", "/matches?q=x", "/sources/c.log/raw"] {
        assert_eq!(guarded.get(&guarded.etl, &task("etl/deep", &rest.replace("c.log", "b.log"))).status, 200, "{rest}");
        // The same words whether or not it is there.
        for id in ["etl2", "no/such"] {
            check_problem(&guarded.get(&guarded.etl, &task(id, rest)), 403, &["\"etl\"", "may not read", id]);
        }
    }
    assert_eq!(guarded.get(&guarded.etl, "/api/page/task?id=etl").status, 200);
    assert_eq!(guarded.get(&guarded.etl, "/api/page/task?id=etl2").status, 403);
    check_problem(&guarded.get(&guarded.etl, "/metrics"), 403, &["etl"]);
    assert_eq!(guarded.get(&guarded.all, "/metrics").status, 200);
}

#[test]
fn a_token_ships_what_it_covers_and_no_more() {
    let guarded = Guarded::new();
    check_at(&guarded.patch(&guarded.jobs, "jobs/1", b"x"), 1);
    check_problem(&guarded.patch(&guarded.all, "jobs/1", b"x"), 403, &["\"all\"", "may not write", "jobs/1"]);
    check_problem(&guarded.patch(&guarded.etl, "jobs/1", b"x"), 403, &["jobs/1"]);
    check_problem(&guarded.patch(&guarded.jobs, "jobs2", b"x"), 403, &["jobs2"]);
    // Who ships learns how far it came, and reads nothing.
    let bearer = [("Authorization", &*format!("Bearer {}", guarded.jobs))];
    let head = guarded.server.ask("HEAD", &raw("jobs/1", "a.log"), &bearer);
    assert_eq!((head.status, head.header("upload-offset")), (204, "1"));
    assert_eq!(guarded.server.ask("HEAD", &raw("jobs/9", "a.log"), &bearer).status, 404);
    assert_eq!(guarded.server.ask("HEAD", &raw("etl", "a.log"), &bearer).status, 403);
    assert_eq!(guarded.get(&guarded.jobs, &raw("jobs/1", "a.log")).status, 403);
    assert_eq!(guarded.get(&guarded.all, &raw("jobs/1", "a.log")).text(), "x");
    // It may make two tasks.
    check_at(&guarded.patch(&guarded.jobs, "jobs/2", b"x"), 1);
    check_problem(&guarded.patch(&guarded.jobs, "jobs/3", b"x"), 403, &["has made 2 tasks", "tasks_max"]);
    check_at(&guarded.patch(&guarded.jobs, "jobs/2", b"xy"), 2);
}

#[test]
fn people_sign_in_are_led_back_and_only_read() {
    let guarded = Guarded::new();
    let server = &guarded.server;
    let led = server.get("/t/etl?n=1&q=a%20b");
    assert_eq!((led.status, led.header("location")), (303, "/sign-in?to=%2Ft%2Fetl%3Fn%3D1%26q%3Da%2520b"));
    let form = server.get(led.header("location"));
    assert_eq!(form.status, 200);
    for part in [
        "<form method=\"post\" action=\"/sign-in\">",
        "value=\"/t/etl?n=1&amp;q=a%20b\"",
        "type=\"password\"",
        "rel=\"stylesheet\"",
    ] {
        assert!(form.text().contains(part), "{part} is not in {}", form.text());
    }
    assert!(form.header("content-security-policy").contains("frame-ancestors 'none'"));
    let wrong = guarded.sign_in("lb_wrong", "/t/etl", &[]);
    assert!(wrong.status == 403 && !wrong.headers.contains_key("set-cookie"));
    assert!(!wrong.text().contains("lb_wrong"), "what was typed is not shown again");
    let done = guarded.sign_in(&guarded.etl, "/t/etl?n=1&q=a%20b", &[]);
    assert_eq!((done.status, done.header("location")), (303, "/t/etl?n=1&q=a%20b"));
    let cookie = done.header("set-cookie").to_owned();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    let with_cookie =
        |method: &str, target: &str| server.ask(method, target, &[("Cookie", &*format!("x=y; {cookie}"))]);
    let page = with_cookie("GET", "/t/etl");
    assert!(page.text().contains("INFO early"));
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert_eq!(with_cookie("GET", "/t/etl2").status, 403);
    let list = with_cookie("GET", "/");
    assert!(list.text().contains("/t/etl/deep") && !list.text().contains("etl2"), "{}", list.text());
    assert!(with_cookie("GET", "/sign-in").text().contains("signed in with the token <b>etl</b>"));
    // It only reads: a page of another site could have a browser send it.
    let headers = [("Upload-Offset", "0"), ("Cookie", &*cookie)];
    check_problem(
        &patch_with(server.address, "etl/new", "a", &headers, b"x").expect("an answer"),
        403,
        &["cookie", "Bearer"],
    );
    let out = server.ask("POST", "/sign-out", &[("Cookie", &cookie), ("Content-Length", "0")]);
    assert_eq!((out.status, out.header("location")), (303, "/sign-in"));
    assert!(out.header("set-cookie").starts_with("logboom_token=; ") && out.header("set-cookie").contains("Max-Age=0"));
}

#[test]
fn signing_in_leads_nowhere_else_and_no_other_site_does_it() {
    let guarded = Guarded::new();
    for elsewhere in ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\r\nX: y", ""] {
        assert_eq!(guarded.sign_in(&guarded.all, elsewhere, &[]).header("location"), "/", "{elsewhere:?}");
    }
    let forged = guarded.sign_in(&guarded.all, "/", &[("Sec-Fetch-Site", "cross-site")]);
    assert!(forged.status == 403 && !forged.headers.contains_key("set-cookie"));
    let secure = guarded.sign_in(&guarded.all, "/", &[("X-Forwarded-Proto", "https")]);
    assert!(secure.header("set-cookie").contains("; Secure"));
    let marked = guarded.server.get("/sign-in?to=/%22%3E%3Cscript%3E");
    assert!(!marked.text().contains("<script"), "{}", marked.text());
}

#[test]
fn a_token_that_asks_too_often_waits() {
    let folder = Folder::with(&[("logs/a.log", EARLY)]);
    let (token, block) = token(&["--read", "*"]);
    folder.write("logboom.toml", format!("{block}requests_per_second = 1\n"));
    let mut command = logboom(folder.path());
    let server = Server::started(command.args(["serve", "logs", "--listen", "127.0.0.1:0"]));
    let refused = until("a request too many", || {
        let answer = server.ask("GET", "/api/v1/tasks", &[("Authorization", &*format!("Bearer {token}"))]);
        Some(answer).filter(|answer| answer.status != 200)
    });
    check_problem(&refused, 429, &["requests_per_second"]);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn no_secret_gets_into_the_log() {
    let folder = Folder::with(&[("logs/a.log", EARLY)]);
    let (token, block) = token(&["--read", "*", "--write", "*"]);
    folder.write("logboom.toml", block);
    let mut command = logboom(folder.path());
    command.args(["serve", "logs", "--data", "data", "--listen", "127.0.0.1:0"]).env("LOGBOOM_LOG", "trace");
    let log = folder.join("server.log");
    let mut child =
        command.stdout(Stdio::piped()).stderr(fs::File::create(&log).expect("made")).spawn().expect("it starts");
    let mut said = String::new();
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut byte = [0];
    while !said.ends_with('\n') {
        stdout.read_exact(&mut byte).expect("a line");
        said.push(char::from(byte[0]));
    }
    let address =
        said.trim_end().strip_prefix("listening on http://").expect("an address").parse().expect("an address");
    let send = |head: &str, body: &[u8]| open_with(address, head, body).expect("an answer").read();
    let bearer = format!("Bearer {token}");
    assert_eq!(send(&request("GET", "/api/v1/tasks", &[("Authorization", &bearer)]), b"").status, 200);
    let headers = [("Upload-Offset", "0"), ("Authorization", &*bearer)];
    check_at(&patch_with(address, "t", "a", &headers, b"x").expect("an answer"), 1);
    let form = format!("token={token}&to=/");
    let length = form.len().to_string();
    assert_eq!(send(&request("POST", "/sign-in", &[("Content-Length", &length)]), form.as_bytes()).status, 303);
    let cookie = format!("logboom_token={token}");
    assert_eq!(send(&request("GET", "/", &[("Cookie", &cookie)]), b"").status, 200);
    child.kill().expect("killed");
    child.wait().expect("it ends");
    let log = fs::read_to_string(log).expect("it reads");
    assert!(log.contains("signed in") && log.contains("DEBUG"), "{log}");
    assert!(!log.contains(&token[3..]), "the token is in the log");
}

#[test]
fn with_tokens_a_server_may_listen_anywhere() {
    let folder = Folder::with(&[("logs/a.log", EARLY)]);
    let (_, block) = token(&["--read", "*"]);
    folder.write("logboom.toml", block);
    let mut command = logboom(folder.path());
    let server = Server::started(command.args(["serve", "logs", "--listen", "0.0.0.0:0"]));
    assert!(server.address.ip().is_unspecified());
}

#[test]
fn a_server_without_tokens_is_not_called_by_another_sites_name() {
    let folder = Folder::with(&[("logs/a.log", EARLY)]);
    let server = Server::with(&folder, &["logs", "--host", "Logs.Example:8080,logs.test."]);
    let ask = |host: &str, target: &str| {
        server.send(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).read()
    };
    let port = server.address.port();
    for host in ["127.0.0.1", "127.1", "[::1]", "localhost", "a.localhost", "workstation", "logs.example", "LOGS.test"]
    {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            assert_eq!(ask(&host, "/api/v1/tasks").status, 200, "{host}");
        }
    }
    for host in
        ["evil.example", "evil.example:7171", "127.0.0.1.evil.example", "logs.example.evil.example", "evil.example."]
    {
        for target in ["/", "/t/logs", "/api/v1/tasks", "/healthz"] {
            let answer = ask(host, target);
            check_problem(&answer, 421, &["evil.example", "--host"]);
            assert!(!answer.text().contains("a.log"), "{}", answer.text());
        }
    }
}

/// The configuration is refused with these words.
#[track_caller]
fn check_refused(config: &str, words: &[&str]) {
    let folder = Folder::with(&[("a.log", EARLY), ("logboom.toml", config)]);
    let mut command = logboom(folder.path());
    command.args(["serve", "a.log", "--listen", "127.0.0.1:0"]);
    let done = run(command, b"");
    assert_eq!(done.status, Some(2), "{}", done.err);
    for word in words {
        assert!(done.err.contains(word), "{word:?} is not in {:?}", done.err);
    }
}

#[test]
fn tokens_that_make_no_sense_are_refused() {
    let (secret, block) = token(&["--name", "a", "--read", "*"]);
    check_refused("[[token]]\nname = \"a\"\n", &["logboom.toml", "hash"]);
    check_refused("[[token]]\nname = \"a\"\nhash = \"sha256:12\"\n", &["\"a\"", "logboom token new"]);
    let (_, other) = token(&["--name", "a", "--read", "*"]);
    check_refused(&format!("{block}{other}"), &["two tokens are called \"a\""]);
    check_refused(&format!("{block}{}", block.replace("\"a\"", "\"b\"")), &["hash of another"]);
    check_refused(&block.replace("\"*\"", "\"a//b\""), &["a//b", "prefix"]);
    check_refused(&block.replace("read =", "reads ="), &["reads"]);
    let folder = Folder::with(&[
        ("a.log", EARLY),
        ("logboom.toml", &*format!("[[token]]\nname = \"a\"\nhash = \"{secret}\"\n")),
    ]);
    let mut command = logboom(folder.path());
    command.args(["serve", "a.log", "--listen", "127.0.0.1:0"]);
    assert!(!run(command, b"").err.contains(&secret), "a token that stands where its hash belongs is not repeated");
    check_refused(&format!("\ntoken = \"{secret}\"\n"), &["logboom.toml", "line 2", "[[token]]"]);
    let folder = Folder::with(&[("a.log", EARLY), ("logboom.toml", &*format!("token = \"{secret}\"\n"))]);
    let mut command = logboom(folder.path());
    command.args(["serve", "a.log", "--listen", "127.0.0.1:0"]);
    assert!(!run(command, b"").err.contains(&secret));
    let mut useless = logboom(folder.path());
    useless.args(["token", "new"]);
    let done = run(useless, b"");
    assert_eq!(done.status, Some(2));
    assert!(done.err.contains("--read"), "{}", done.err);
}
