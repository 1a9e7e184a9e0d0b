//! A network that fails: connections are delayed, cut in the middle, left half open, or trickle, as a seed says.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::random::Random;

/// What befalls one direction of a connection.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Nothing.
    None,
    /// Both directions are cut after so many bytes.
    Cut(usize),
    /// After so many bytes nothing is passed on any more, and nobody is told.
    Swallow(usize),
    /// Every piece comes so much later.
    Delay(Duration),
    /// So many bytes at a time, a millisecond apart, for the first so many.
    Trickle(usize, usize),
}

impl Fault {
    fn of(random: &mut Random) -> Self {
        let place = [100, 1_000, 100_000, 3_000_000][random.below(4)];
        match random.below(10) {
            0 | 1 => Self::Cut(random.below(place)),
            2 => Self::Swallow(random.below(place)),
            3 => Self::Delay(Duration::from_millis(random.below(50) as u64)),
            4 => Self::Trickle(1 + random.below(2_000), 200_000),
            _ => Self::None,
        }
    }
}

/// A proxy that listens until the test ends.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it passes on to; it may move.
    target: Arc<Mutex<SocketAddr>>,
    /// It passes on without faults.
    kind: Arc<Mutex<bool>>,
}

impl Proxy {
    /// Starts one before `target`.
    pub fn start(target: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let proxy = Self { address, target: Arc::new(Mutex::new(target)), kind: Arc::default() };
        let (target, kind) = (Arc::clone(&proxy.target), Arc::clone(&proxy.kind));
        thread::spawn(move || {
            let mut random = Random::new(seed);
            for stream in listener.incoming().flatten() {
                let faults = match *lock(&kind) {
                    true => [Fault::None; 2],
                    false => [Fault::of(&mut random), Fault::of(&mut random)],
                };
                let target = *lock(&target);
                thread::spawn(move || join(stream, target, faults));
            }
        });
        proxy
    }

    /// Its address as `--server` takes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Passes on to another address from now on.
    pub fn aim(&self, target: SocketAddr) {
        *lock(&self.target) = target;
    }

    /// New connections work, or fail again.
    pub fn set_kind(&self, is_kind: bool) {
        *lock(&self.kind) = is_kind;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn join(client: TcpStream, target: SocketAddr, faults: [Fault; 2]) -> io::Result<()> {
    let server = TcpStream::connect(target)?;
    let ends = (client.try_clone()?, server.try_clone()?);
    let up = thread::spawn(move || pass(ends.0, ends.1, faults[0]));
    pass(server, client, faults[1])?;
    up.join().unwrap_or(Ok(()))
}

/// Passes on one direction until it ends, or until the fault.
fn pass(mut from: TcpStream, mut to: TcpStream, fault: Fault) -> io::Result<()> {
    let mut passed = 0;
    let mut buf = vec![0; 64 << 10];
    loop {
        let most = match fault {
            Fault::Trickle(count, until) if passed < until => count,
            _ => buf.len(),
        };
        let count = match from.read(&mut buf[..most]) {
            Ok(0) | Err(_) => return to.shutdown(Shutdown::Write),
            Ok(count) => count,
        };
        let (mut kept, mut cut) = (count, false);
        match fault {
            Fault::Cut(at) if passed + count > at => (kept, cut) = (at.saturating_sub(passed), true),
            Fault::Swallow(at) if passed + count > at => kept = at.saturating_sub(passed).min(count),
            Fault::Delay(time) => thread::sleep(time),
            Fault::Trickle(..) if passed < 200_000 => thread::sleep(Duration::from_millis(1)),
            _ => {}
        }
        passed += count;
        to.write_all(&buf[..kept])?;
        if cut {
            to.shutdown(Shutdown::Both)?;
            return from.shutdown(Shutdown::Both);
        }
    }
}
