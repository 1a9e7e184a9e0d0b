//! The benchmarks: one command, one table, each figure beside what the machine's own tools need for the like.

mod data;
mod followers;
mod http;
mod measure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::bench::data::Data;
use crate::bench::http::Server;
use crate::bench::measure::{Cost, cost, first_byte, has};
use crate::{logboom, say, target};

/// Times a command is run; the fastest counts.
const RUNS: u32 = 3;

/// Windows that are asked for, each at another place.
const WINDOWS: u64 = 1_000;

/// Lines of a window.
const WINDOW_LINES: u64 = 200;

/// One line of the table.
struct Row {
    work: String,
    ours: String,
    yardstick: String,
    ratio: String,
    cpu: String,
    memory: String,
    reach: &'static str,
}

/// All that is measured goes here.
struct Table {
    rows: Vec<Row>,
    logboom: PathBuf,
    text: Data,
    ndjson: Data,
    folder: PathBuf,
}

/// How many may follow a task that grows.
pub fn followed(binary: Option<&String>) -> Result<ExitCode> {
    followers::followers(&measured(binary)?)
}

/// The binary that is named, or one that is built first.
fn measured(binary: Option<&String>) -> Result<PathBuf> {
    Ok(match binary {
        Some(binary) => PathBuf::from(binary),
        None => {
            crate::server()?;
            logboom()
        }
    })
}

/// Measures all, and prints the table as Markdown; of the binary that is named, or of one that is built first.
pub fn bench(binary: Option<&String>) -> Result<ExitCode> {
    if !has("/usr/bin/time") {
        bail!("the benchmarks need GNU time as /usr/bin/time (Debian: apt-get install time)");
    }
    let logboom = measured(binary)?;
    let folder = target().join("bench");
    let mut table = Table {
        rows: Vec::new(),
        logboom,
        text: data::text(&folder.join("text"))?,
        ndjson: data::ndjson(&folder.join("ndjson"))?,
        folder,
    };
    table.merges()?;
    table.index()?;
    table.packed()?;
    table.http()?;
    table.print();
    Ok(ExitCode::SUCCESS)
}

impl Table {
    /// Adds a row for a command of ours beside one of the machine's.
    fn beside(&mut self, work: &str, ours: &Cost, yardstick: Option<(&str, Cost)>, reach: &'static str) {
        self.rows.push(Row {
            work: work.to_owned(),
            ours: format!("{:.2} s", ours.seconds),
            ratio: yardstick
                .as_ref()
                .map_or_else(String::new, |(_, cost)| format!("{:.1}", ours.seconds / cost.seconds)),
            yardstick: yardstick.map_or_else(String::new, |(name, cost)| format!("`{name}` {:.2} s", cost.seconds)),
            cpu: format!("{:.2} s", ours.cpu_seconds),
            memory: megabytes(ours.memory_kib),
            reach,
        });
        say(&format!("{work}: {:.2} s", ours.seconds));
    }

    /// Adds a row that has but one figure.
    fn alone(&mut self, work: &str, ours: String, yardstick: String, memory: String, reach: &'static str) {
        say(&format!("{work}: {ours}"));
        let (ratio, cpu) = (String::new(), String::new());
        self.rows.push(Row { work: work.to_owned(), ours, yardstick, ratio, cpu, memory, reach });
    }

    fn merge(&self, arguments: &[&str]) -> Result<Cost> {
        let files = self.text.files();
        let all: Vec<&str> = ["merge"].into_iter().chain(arguments.iter().copied()).chain(files).collect();
        cost(&self.logboom, &all, RUNS)
    }

    fn merges(&mut self) -> Result<()> {
        let files = self.text.files().map(ToOwned::to_owned).collect::<Vec<_>>();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let with = |arguments: &[&'static str]| -> Vec<String> {
            arguments.iter().copied().chain(files.iter().copied()).map(ToOwned::to_owned).collect()
        };
        let run = |program: &str, arguments: &[&'static str]| -> Result<Cost> {
            let arguments = with(arguments);
            cost(Path::new(program), &arguments.iter().map(String::as_str).collect::<Vec<_>>(), RUNS)
        };
        let cat = run("cat", &[])?;
        let text = self.merge(&[])?;
        self.beside("merge, 3 sources, 8.67 M lines, 820 MB, to text", &text, Some(("cat", cat)), "≤ 0.8 s, ≤ 32 MB");
        let sorted = run("sort", &["-m", "-s", "-k1,1"])?;
        self.beside("the same", &text, Some(("sort -m", sorted)), "");
        let counted = run("wc", &["-l"])?;
        self.beside("the same", &text, Some(("wc -l", counted)), "");
        let arguments: Vec<String> = with(&["merge"]);
        let first = first_byte(&self.logboom, &arguments)?;
        self.alone("first byte of it", milliseconds(first), String::new(), String::new(), "≤ 20 ms");
        let json = self.merge(&["--output", "json"])?;
        self.beside("the same to ndjson records", &json, Some(("cat", cat)), "≤ 1.6 s, ≤ 32 MB");
        let copies = self.merge(&["--dedup"])?;
        self.beside("the same, copies left out", &copies, Some(("cat", cat)), "");
        let found = self.merge(&["--grep", "lost db-[0-9]+7"])?;
        self.beside("the same, lines that match a regular expression", &found, None, "");
        Ok(())
    }

    fn index(&mut self) -> Result<()> {
        let tail = self.merge(&["--tail", "1"])?;
        let lnav = if has("lnav") {
            let files: Vec<&str> = self.text.files().collect();
            let arguments = ["-n", "-q", "-c", ";SELECT count(*) FROM all_logs"].into_iter().chain(files);
            Some(("lnav", cost(Path::new("lnav"), &arguments.collect::<Vec<_>>(), 1)?))
        } else {
            None
        };
        self.beside(
            "index it (first full pass, levels and times), show the last line",
            &tail,
            lnav,
            "≤ 0.8 s, ≤ 64 MB",
        );
        Ok(())
    }

    /// Sources that are packed.
    fn packed(&mut self) -> Result<()> {
        for (program, ending, unpack) in
            [("gzip", "gz", "gzip"), ("zstd", "zst", "zstd"), ("xz", "xz", "xz"), ("bzip2", "bz2", "bzip2")]
        {
            if !has(program) {
                continue;
            }
            let packed = self.text.packed(program, ending)?;
            let ours = cost(&self.logboom, &["merge", &packed], 1)?;
            let theirs = cost(Path::new(unpack), &["-dc", &packed], 1)?;
            self.beside(
                &format!("merge one source of 273 MB, .{ending}"),
                &ours,
                Some((&format!("{unpack} -dc"), theirs)),
                "",
            );
        }
        Ok(())
    }

    fn http(&mut self) -> Result<()> {
        let data = self.folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data).context("cannot empty the data folder")?;
        }
        let first = self.text.files().next().context("there is a file")?.to_owned();
        for (place, target, theirs) in [
            ("top", "/t/text", ["head", "-n", "200"]),
            ("end", "/t/text?n=end", ["tail", "-n", "200"]),
            ("time", "/t/text?at=2024-12-20T04:12:00Z", ["grep", "-m1", "T04:12:0"]),
        ] {
            let server = Server::start(&self.logboom, &self.text.folder, &self.folder.join(format!("data-{place}")))?;
            let opened = server.get(target, &[])?;
            if opened.status != 200 {
                bail!("{target} gave {}", opened.status);
            }
            let work = format!("open it at the {place}, never seen before: whole page");
            let [program, option, value] = theirs;
            let took = cost(Path::new(program), &[option, value, &first], RUNS)?;
            let yardstick = format!("`{program} {option} {value}` of one source {:.1} ms", took.seconds * 1e3);
            self.alone(&work, milliseconds(opened.whole), yardstick, String::new(), "≤ 100 ms");
        }
        let server = Server::start(&self.logboom, &self.text.folder, &data)?;
        let indexed = Instant::now();
        server.wait_for_index("text")?;
        let bytes = size_of(&data)?;
        let ours = format!("{:.2} MB on disk", bytes as f64 / 1e6);
        let took = format!("{:.2} s after the start", indexed.elapsed().as_secs_f64());
        self.alone("its index, kept by the server", ours, took, megabytes(server.memory_kib("VmHWM")?), "≤ 1 MB");
        let mut times = Vec::new();
        let mut random = data::Random(7);
        for _ in 0..WINDOWS {
            let from = 1 + random.next() % (self.text.lines - WINDOW_LINES);
            let window = server.get(&format!("/api/v1/tasks/text/lines?from={from}&limit={WINDOW_LINES}"), &[])?;
            if window.lines != WINDOW_LINES {
                bail!("a window of {WINDOW_LINES} lines from {from} on had {}", window.lines);
            }
            times.push(window.whole);
        }
        times.sort_unstable();
        let (middle, last) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        let ours = format!("p50 {}, p99 {}", milliseconds(middle), milliseconds(last));
        self.alone("1,000 windows of 200 lines anywhere", ours, String::new(), String::new(), "p99 ≤ 10 ms");
        self.searches(&server)?;
        drop(server);
        self.stream()
    }

    fn searches(&mut self, server: &Server) -> Result<()> {
        for (what, q, text) in [
            ("a rare literal", "n%3D4444444%24", "n=4444444$"),
            ("a literal that is not there", "no-such-word", "no-such-word"),
            ("a regular expression", "lost%20db-%5B0-9%5D%2B7%5C.internal", r"lost db-[0-9]+7\.internal"),
        ] {
            // Each time another search, since what was found before is remembered: no line is as old as these times.
            let mut best: Option<http::Got> = None;
            for run in 0..RUNS {
                let got =
                    server.get(&format!("/api/v1/tasks/text/matches?q={q}&since=2000-01-01T00:00:0{run}Z"), &[])?;
                if best.as_ref().is_none_or(|best| got.whole < best.whole) {
                    best = Some(got);
                }
            }
            let Some(best) = best else { continue };
            let rg = if has("rg") {
                let files: Vec<&str> = self.text.files().collect();
                let arguments: Vec<&str> = ["-c", text].into_iter().chain(files).collect();
                Some(cost(Path::new("rg"), &arguments, RUNS)?)
            } else {
                None
            };
            let ours = format!("{}, first answer {}", milliseconds(best.whole), milliseconds(best.first));
            let work = format!("count {what} by HTTP");
            let yardstick = rg.map_or_else(String::new, |rg| format!("`rg -c` {:.0} ms", rg.seconds * 1e3));
            let ratio = rg.map_or_else(String::new, |rg| format!("{:.1}", best.whole.as_secs_f64() / rg.seconds));
            say(&format!("{work}: {ours} ({yardstick})"));
            let (cpu, memory) = (String::new(), String::new());
            self.rows.push(Row { work, ours, yardstick, ratio, cpu, memory, reach: "≤ 1.5 × rg, first ≤ 50 ms" });
        }
        Ok(())
    }

    fn stream(&mut self) -> Result<()> {
        let server = Server::start(&self.logboom, &self.ndjson.folder, &self.folder.join("data-ndjson"))?;
        server.wait_for_index("ndjson")?;
        let before = server.memory_kib("VmRSS")?;
        let all = server.get("/api/v1/tasks/ndjson/lines", &[])?;
        let growth = server.memory_kib("VmHWM")?.saturating_sub(before);
        let speed = self.ndjson.bytes as f64 / 1e6 / all.whole.as_secs_f64();
        let ours = format!("{:.2} s, {speed:.0} MB/s, first byte {}", all.whole.as_secs_f64(), milliseconds(all.first));
        let cat = cost(Path::new("cat"), &self.ndjson.files().collect::<Vec<_>>(), RUNS)?;
        let yardstick = format!("`cat` {:.2} s", cat.seconds);
        let memory = format!("grows by {}", megabytes(growth));
        self.alone(
            "1 M ndjson records, 406 MB, over HTTP",
            ours,
            yardstick,
            memory,
            "first ≤ 20 ms, ≥ 300 MB/s, + ≤ 16 MB",
        );
        let before = server.memory_kib("VmRSS")?;
        let (read, cpu_while, cpu_after) = server.read_slowly("/api/v1/tasks/ndjson/lines", Duration::from_secs(3))?;
        let growth = server.memory_kib("VmRSS")?.saturating_sub(before);
        let ours = format!(
            "{:.1} MB read; {cpu_while:.2} s CPU meanwhile, {cpu_after:.2} s in the second after it left",
            read as f64 / 1e6
        );
        self.alone(
            "the same to a reader of 1 MB/s who leaves",
            ours,
            String::new(),
            format!("grows by {}", megabytes(growth)),
            "+ ≤ 16 MB",
        );
        Ok(())
    }

    #[expect(clippy::print_stdout, reason = "the table is what the command is for")]
    fn print(&self) {
        println!("| work | ours | yardstick | ours / yardstick | CPU | peak memory | to reach |");
        println!("| --- | --- | --- | --- | --- | --- | --- |");
        for Row { work, ours, yardstick, ratio, cpu, memory, reach } in &self.rows {
            println!("| {work} | {ours} | {yardstick} | {ratio} | {cpu} | {memory} | {reach} |");
        }
    }
}

fn megabytes(kib: u64) -> String {
    format!("{:.1} MB", kib as f64 * 1024.0 / 1e6)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// Bytes of all files below a folder.
fn size_of(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size_of(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
