//! What is deleted: whole tasks that are complete or lost, those heard of longest ago first.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::ledger::{Deleted, Ledger};
use super::shipped::ShippedTask;
use super::store::Store;
use crate::clock;

/// Deletes every task that was last heard of longer ago than `keep`.
pub fn delete_old(store: &Store, ledger: &mut Ledger, tasks: &[Arc<ShippedTask>], keep: Duration) {
    for task in tasks {
        if task.finished(store.options.idle).is_some_and(|heard| heard.is_before(keep)) {
            delete(store, ledger, &task.id, "it was not heard of for longer than --keep says");
        }
    }
}

/// Deletes tasks until there is room for so many bytes more. False where nothing is left to delete.
pub fn make_room(store: &Store, ledger: &mut Ledger, bytes: u64) -> bool {
    let finished = |task: &Arc<ShippedTask>| Some((task.finished(store.options.idle)?.at, task.id.clone()));
    let mut finished: Vec<_> = store.tasks().values().filter_map(finished).collect();
    finished.sort();
    // Not a byte is deleted for what would not fit even then.
    let bytes_of = |id: &String| store.task(id).map_or(0, |task| bytes_of(&task));
    let most: u64 = finished.iter().map(|(_, id)| bytes_of(id)).sum();
    if !store.room.would_have(bytes, most) {
        return false;
    }
    for (_, id) in finished {
        if store.room.has(bytes) {
            break;
        }
        delete(store, ledger, &id, "other sources needed its room under --quota");
    }
    store.room.has(bytes)
}

fn bytes_of(task: &ShippedTask) -> u64 {
    task.sources().values().map(|source| source.status().durable).sum()
}

/// Deletes a task, unless somebody writes to it.
fn delete(store: &Store, ledger: &mut Ledger, id: &str, why: &str) {
    // Held until it is gone: who asks for it meanwhile would make it anew in the same folder.
    let mut tasks = store.tasks_mut();
    let Some(task) = tasks.get(id).map(Arc::clone) else { return };
    let sources: Vec<_> = task.sources().values().map(Arc::clone).collect();
    let mut writers = Vec::new();
    for source in &sources {
        let Ok(writer) = source.writer.try_lock() else { return };
        writers.push(writer);
    }
    if task.finished(store.options.idle).is_none() {
        return;
    }
    let bytes = writers.iter().map(|writer| writer.written).sum();
    let deleted = Deleted { at: clock::now(), bytes, sources: sources.len() as u64, why: why.to_owned() };
    if let Err(error) = ledger.delete(id, &deleted) {
        tracing::warn!(task = id, %error, "a task could not be deleted");
        return;
    }
    for writer in &mut writers {
        writer.gone = true;
    }
    tracing::info!(task = id, bytes, sources = sources.len(), why, "a task was deleted");
    store.room.give_back(bytes);
    store.set_deleted(id, Some(deleted));
    let trash = store.trash();
    let folder = store.folder_of(id);
    let moved = fs::create_dir_all(&trash).and_then(|()| fs::rename(&folder, trash.join("task")));
    tasks.remove(id);
    store.revision.fetch_add(1, Ordering::Release);
    drop(tasks);
    drop(writers);
    task.tick();
    let removed = moved.and_then(|()| fs::remove_dir_all(&trash));
    if let Err(error) = removed {
        tracing::warn!(folder = %folder.display(), %error, "files of a deleted task are left");
    }
}
