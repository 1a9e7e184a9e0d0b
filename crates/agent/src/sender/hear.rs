//! What an answer means for a source: on, back, later, or something that an operator must mend.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;

use super::{Sender, lock};
use crate::limits::{BATCH_BYTES_MIN, LEAST_WAIT, REFUSED_WAIT};
use crate::remote::Answer;
use crate::tape::Tape;

impl<T: Tape> Sender<T> {
    /// The server said how much it has.
    pub(super) async fn hear_offset(&mut self, answer: Answer) {
        match answer {
            Answer::Has(offset, complete) => {
                let has = offset.unwrap_or(0);
                if has < self.acked {
                    let (source, acked) = (&self.source, self.acked);
                    self.teller.say(&format!(
                        "{source}: the server has {has} bytes of {acked} that it had acknowledged; they are sent again"
                    ));
                }
                self.completed = complete && self.seen.done && has == self.seen.end;
                let tape = Arc::clone(&self.tape);
                match spawn_blocking(move || lock(&tape).resume(has)).await {
                    Ok(Ok(at)) => {
                        self.acked = at;
                        self.go_to(at);
                        self.asked = true;
                        self.well();
                        // Asking makes no source; what has no bytes yet is made by a message.
                        self.heard = None;
                    }
                    Ok(Err(error)) => self.fail(error.to_string(), None),
                    Err(error) => self.fail(format!("{}: {error}", self.source), None),
                }
            }
            other => self.trouble_of(other),
        }
    }

    /// The first batch on its way was answered.
    pub(super) async fn hear(&mut self, answer: Answer, took: Duration) {
        let Some(front) = self.pending.front() else { return };
        let (start, end, last) = (front.batch.offset, front.batch.end(), front.batch.last);
        let length = front.batch.length;
        match answer {
            // Fewer than were sent: the rest goes again.
            Answer::Took(Some(offset)) if offset < end && offset > start => {
                self.advance(offset).await;
                self.go_to(offset);
                self.well();
            }
            Answer::Took(Some(offset)) if offset < end => self.gap(offset),
            Answer::Took(None) => {
                let base = self.remote.address().clone();
                self.refuse(format!("{base} does not answer as a logboom does: no Upload-Offset"));
            }
            Answer::Took(Some(_)) => {
                self.pending.pop_front();
                if let Some(front) = self.pending.front_mut()
                    && let Some(gate) = front.gate.take()
                {
                    // One that has failed already is heard of next.
                    gate.send(()).ok();
                }
                self.pace(length, took);
                self.completed |= last;
                self.advance(end).await;
                self.well();
            }
            Answer::Conflict(Some(offset), _) if offset < start => self.gap(offset),
            Answer::Conflict(offset, detail) => self.differ(start, offset, &detail),
            Answer::TooLarge(detail) if self.batch_bytes > BATCH_BYTES_MIN => {
                self.batch_bytes = (self.batch_bytes / 2).max(BATCH_BYTES_MIN);
                self.go_to(start);
                if self.batch_bytes <= BATCH_BYTES_MIN {
                    self.teller.trouble(&self.source, &format!("the server takes small requests alone: {detail}"));
                }
            }
            Answer::NotPacked => {
                self.packs = false;
                self.go_to(start);
            }
            other => self.trouble_of(other),
        }
    }

    /// The server has fewer bytes than we thought.
    fn gap(&mut self, offset: u64) {
        if offset < self.acked {
            let (source, acked) = (&self.source, self.acked);
            self.teller.say(&format!(
                "{source}: the server has {offset} bytes of {acked} that it had acknowledged; they are sent again"
            ));
            self.acked = offset;
        }
        // A server that forgets again and again, or takes nothing, is not asked in a hot loop.
        self.wait_until = Some(Instant::now() + self.backoff.next());
        self.go_to(offset);
    }

    /// The server holds other bytes. Never silently overwritten, and never given up: the operator may mend it.
    fn differ(&mut self, start: u64, offset: Option<u64>, detail: &str) {
        if start == 0 && lock(&self.tape).begin_elsewhere() {
            self.acked = 0;
            return self.go_to(0);
        }
        let has = offset.map_or_else(String::new, |offset| format!("; the server has {offset} bytes"));
        let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
        let (source, address) = (&self.source, self.remote.address());
        self.refuse(format!(
            "{source}: what lies at {address} is not what is here from byte {start} on{has}{detail}; nothing was \
             overwritten. Ship to another --source or --task"
        ));
    }

    pub(super) fn trouble_of(&mut self, answer: Answer) {
        match answer {
            Answer::Later(text, wait) => self.fail(text, wait),
            Answer::Refused(text) | Answer::TooLarge(text) => self.refuse(text),
            Answer::Took(_) | Answer::Has(..) | Answer::Conflict(..) | Answer::NotPacked => {
                self.fail(format!("{} answers what was not asked", self.remote.address()), None);
            }
        }
    }

    /// What an operator must mend: tried again now and then.
    pub(super) fn refuse(&mut self, text: String) {
        self.fail(text, Some(REFUSED_WAIT));
        // They may have mended it by taking away what is there.
        self.pending.clear();
        self.next = self.acked;
        self.asked = false;
    }

    /// It did not work this time: what is on its way is sent again later.
    pub(super) fn fail(&mut self, text: String, wait: Option<Duration>) {
        self.teller.trouble(&self.source, &text);
        self.trouble = Some(text);
        let jittered = self.backoff.next();
        let wait = wait.map_or(jittered, |wait| (wait + jittered.min(wait / 4)).max(jittered.min(LEAST_WAIT)));
        self.wait_until = Some(Instant::now() + wait);
        for pending in &mut self.pending {
            pending.gate = None;
            if let Some(answer) = pending.answer.take() {
                answer.abort();
            }
        }
        // A heartbeat is not worth keeping; there may be bytes by then.
        if self.pending.front().is_some_and(|front| front.batch.length == 0 && !front.batch.last) {
            self.pending.clear();
        }
    }

    pub(super) fn well(&mut self) {
        self.heard = Some(Instant::now());
        self.backoff.reset();
        if self.trouble.take().is_some() {
            self.teller.well(&self.source);
        }
    }
}
