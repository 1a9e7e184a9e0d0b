//! Round after round: a log is written and rotated, the network fails, sender and server are killed, and what the server
//! holds is compared byte for byte.
//!
//! `LOGBOOM_TEST_SEED` runs a round again as it was. The long run, as it should be measured:
//! `cargo test --release --test rounds -- --ignored --nocapture`.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::{Duration, Instant};

use support::Folder;
use support::proxy::Proxy;
use support::random::{Random, seed};
use support::receiver::Receiver;
use support::server::Server;
use support::ship::{Kept, raw};
use support::shipping::{Log, Ship};
use support::until;

/// What a round writes, and how fast.
struct Load {
    rounds: usize,
    steps: usize,
    /// Bytes that each step writes.
    step_bytes: u64,
    /// How long a step takes at least: the rate of the writer.
    step_time: Duration,
    /// Connections fail as well.
    faults: bool,
}

/// A server in memory, or a real one that can be killed.
enum Target {
    Memory(Receiver),
    Real(Kept, Option<Server>),
}

impl Target {
    fn address(&self) -> std::net::SocketAddr {
        match self {
            Self::Memory(receiver) => receiver.address,
            Self::Real(_, server) => server.as_ref().expect("it runs").address,
        }
    }

    /// Kills it and starts it again, elsewhere.
    fn restart(&mut self) {
        if let Self::Real(kept, server) = self {
            drop(server.take());
            *server = Some(kept.serve(&[]));
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Memory(receiver) => receiver.stored("t", "a.log").unwrap_or_default().bytes,
            Self::Real(_, server) => {
                let answer = server.as_ref().expect("it runs").get(&raw("t", "a.log"));
                if answer.status == 200 { answer.body } else { Vec::new() }
            }
        }
    }

    fn length(&self) -> usize {
        match self {
            Self::Memory(receiver) => receiver.length("t", "a.log"),
            Self::Real(_, server) => {
                let answer = server.as_ref().expect("it runs").ask("HEAD", &raw("t", "a.log"), &[]);
                answer.headers.get("upload-offset").and_then(|offset| offset.parse().ok()).unwrap_or(0)
            }
        }
    }
}

/// One round; panics where a byte is missing, doubled or wrong.
#[track_caller]
fn round(load: &Load, number: usize, random: &mut Random, mut target: Target) {
    let folder = Folder::with::<&str>(&[]);
    let proxy = Proxy::start(target.address(), random.below(1 << 30) as u64);
    proxy.set_kind(true);
    let mut log = Log::create(&folder, "a.log");
    let start = || Ship::start(&folder, &proxy.url(), &["a.log"]);
    let mut ship = start();
    // A source begins with the file that it finds first.
    log.line(10);
    until(&format!("round {number} begins"), || (target.length() == log.all.len()).then_some(()));
    proxy.set_kind(!load.faults);
    let fatal = random.below(load.steps);
    for step in 0..load.steps {
        let started = Instant::now();
        log.lines(load.step_bytes / 1_000, 960);
        match random.below(12) {
            0 | 1 => log.rotate(),
            2 => log.copy_truncate(),
            _ => {}
        }
        if step == fatal {
            if random.below(2) == 0 {
                ship.kill();
                ship = start();
            } else {
                target.restart();
                proxy.aim(target.address());
            }
        }
        std::thread::sleep(load.step_time.saturating_sub(started.elapsed()));
    }
    // What was killed last is there again when this arrives.
    log.line(10);
    proxy.set_kind(true);
    let expected = log.all.len();
    until(&format!("round {number} has arrived"), || (target.length() >= expected).then_some(()));
    ship.end();
    // A reader sees what is durable a moment later.
    let stored =
        until(&format!("round {number} can be read"), || Some(target.bytes()).filter(|bytes| bytes.len() >= expected));
    let same = stored.iter().zip(&log.all).take_while(|(one, other)| one == other).count();
    assert!(
        stored == log.all,
        "round {number}: {} bytes arrived of {expected}; the first {same} are right, then comes {:?} for {:?}",
        stored.len(),
        String::from_utf8_lossy(&stored[same..stored.len().min(same + 80)]),
        String::from_utf8_lossy(&log.all[same..expected.min(same + 80)]),
    );
}

#[track_caller]
fn rounds(load: &Load, target: impl Fn() -> Target) {
    let mut random = Random::new(seed());
    for number in 0..load.rounds {
        round(load, number, &mut random, target());
    }
}

fn real() -> Target {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    Target::Real(kept, Some(server))
}

#[test]
fn n5_through_a_failing_network_and_kills_every_byte_arrives_once() {
    let load = Load { rounds: 8, steps: 12, step_bytes: 20_000, step_time: Duration::ZERO, faults: true };
    rounds(&load, || Target::Memory(Receiver::start()));
}

#[test]
fn n2_n3_with_the_real_server_killed_or_the_sender_every_byte_arrives_once() {
    let load = Load { rounds: 8, steps: 12, step_bytes: 100_000, step_time: Duration::ZERO, faults: true };
    rounds(&load, real);
}

/// 20 MB/s for a second, two hundred times, without other faults; then the same with them.
#[test]
#[ignore = "takes ten minutes"]
fn two_hundred_rounds_of_twenty_megabytes() {
    let step_time = Duration::from_millis(25);
    rounds(&Load { rounds: 200, steps: 40, step_bytes: 500_000, step_time, faults: false }, real);
    rounds(&Load { rounds: 20, steps: 40, step_bytes: 500_000, step_time, faults: true }, real);
}
