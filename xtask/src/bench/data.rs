//! Logs to measure on, the same on every machine: made from a seed, kept from one run to the next.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::say;

/// A folder of logs.
pub struct Data {
    pub folder: PathBuf,
    paths: Vec<String>,
    pub lines: u64,
    pub bytes: u64,
}

impl Data {
    /// The files, in order.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// The first file, packed beside the folder.
    pub fn packed(&self, program: &str, ending: &str) -> Result<String> {
        let path = self.folder.with_file_name(format!("packed.log.{ending}"));
        if !path.exists() {
            say(&format!("packing with {program}"));
            let out = File::create(&path)?;
            let done = Command::new(program).args(["-1", "-c", &self.paths[0]]).stdout(out).status()?;
            if !done.success() {
                bail!("{program} failed");
            }
        }
        Ok(path.display().to_string())
    }
}

/// Splitmix64: small, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.next() % words.len() as u64).unwrap_or(0);
        words[at]
    }
}

const FILES: [&str; 5] =
    ["taskinstance.py:1157", "logging_mixin.py:190", "python.py:194", "extract.py:10", "load.py:212"];
const LEVELS: [&str; 8] = ["INFO", "INFO", "INFO", "INFO", "INFO", "DEBUG", "WARNING", "ERROR"];
const WORDS: [&str; 12] = [
    "rows",
    "batch",
    "shard",
    "offset",
    "upload",
    "partition",
    "heartbeat",
    "commit",
    "s3://bucket/key",
    "customers",
    "worker",
    "queue",
];
const ENDS: [&str; 8] = ["", "", "", "", "", " \u{2713}", " caf\u{e9}", " \u{4f60}\u{597d}"];
const TRACE: &str = "Traceback (most recent call last):\n  File \"/opt/airflow/dags/etl.py\", line 88, in extract\n    \
                     rows = client.fetch(query, timeout=30)\nConnectionError: lost db-";

/// Three sources of Airflow 2's lines that interleave: 8.67 million lines, some with a traceback.
pub fn text(folder: &Path) -> Result<Data> {
    const LINES: u64 = 8_670_000;
    const SOURCES: usize = 3;
    let names: Vec<String> = (0..SOURCES).map(|at| format!("source-{at}.log")).collect();
    make(folder, &names, LINES, |files| {
        let mut random = Random(1);
        let (mut lines, mut record, mut micros) = (0, 0, 0);
        while lines < LINES {
            let dice = random.next();
            micros += (dice & 0xFFF) * 1000 / 2048;
            let file = &mut files[usize::try_from((dice >> 12) % SOURCES as u64).unwrap_or(0)];
            let (code, level) = (random.of(&FILES), random.of(&LEVELS));
            write!(file, "[2024-12-20T{}.{:03}+0000] {{{code}}} {level} -", clock(micros), micros / 1000 % 1000)?;
            for _ in 0..1 + dice % 3 {
                write!(file, " {}={}", random.of(&WORDS), random.next() % 10_000)?;
            }
            writeln!(file, "{} n={record}", random.of(&ENDS))?;
            record += 1;
            lines += 1;
            if (dice >> 20).is_multiple_of(500) && lines + 4 <= LINES {
                writeln!(file, "{TRACE}{}.internal", random.next() % 100)?;
                lines += 4;
            }
        }
        Ok(())
    })
}

/// One source of Airflow 3's JSON lines: a million of them.
pub fn ndjson(folder: &Path) -> Result<Data> {
    const LINES: u64 = 1_000_000;
    make(folder, &["source-0.ndjson".to_owned()], LINES, |files| {
        let mut random = Random(2);
        let mut micros = 0;
        for record in 0..LINES {
            let dice = random.next();
            micros += (dice & 0xFFF) * 3000 / 2048;
            let level = random.of(&["info", "info", "info", "info", "debug", "warning", "error"]);
            writeln!(
                files[0],
                "{{\"timestamp\":\"2024-12-20T{}.{:06}Z\",\"level\":\"{level}\",\"event\":\"processed batch {record} of {LINES} \
                 bytes={} checksum={:016x} key=customers/{}/part-{:05}.parquet\",\"logger\":\"corpus.{}\",\
                 \"ti_id\":\"01a20107-072f-7e90-985d-29eb45c887d8\",\"try_number\":1,\
                 \"run_id\":\"manual__2024-12-20T03:00:00+00:00\",\"dag_id\":\"corpus_etl\",\"task_id\":\"big\",\"map_index\":-1,\
                 \"filename\":\"corpus_dag.py\",\"lineno\":{}}}",
                clock(micros),
                micros % 1_000_000,
                dice % 16_777_216,
                random.next(),
                dice % 500,
                (dice >> 40) % 977,
                random.of(&WORDS),
                10 + dice % 90,
            )?;
        }
        Ok(())
    })
}

/// The time of day so long after 03:00.
fn clock(micros: u64) -> String {
    let seconds = 3 * 3600 + micros / 1_000_000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Makes the files, unless a run before has.
fn make(
    folder: &Path,
    names: &[String],
    lines: u64,
    write: impl FnOnce(&mut [BufWriter<File>]) -> Result<()>,
) -> Result<Data> {
    let done = folder.with_extension("made");
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    if !done.exists() {
        say(&format!("making {}", folder.display()));
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let files: Result<Vec<_>, _> = paths.iter().map(File::create).collect();
        let mut files: Vec<_> = files?.into_iter().map(|file| BufWriter::with_capacity(1 << 20, file)).collect();
        write(&mut files)?;
        for mut file in files {
            file.flush()?;
        }
        fs::write(&done, "")?;
    }
    let bytes: Result<Vec<u64>, _> =
        paths.iter().map(|path| fs::metadata(path).map(|metadata| metadata.len())).collect();
    Ok(Data {
        folder: folder.to_owned(),
        paths: paths.iter().map(|path| path.display().to_string()).collect(),
        lines,
        bytes: bytes?.iter().sum(),
    })
}
