//! A line in full, beside the log: what is known of it, its fields, its text.

use leptos::either::EitherOf4;
use leptos::prelude::*;
use record::wire::Record;

use super::log::Handle;
use super::signals::{Signals, Whole};
use crate::client::{self, dom};
use crate::model::fields::{self, Form, Member};
use crate::model::{figures, states, time};

/// Bytes of a long line that are laid out together.
const BLOCK_BYTES: usize = 16 << 10;

/// Fields that are listed at most.
const FIELDS_MAX: usize = 300;

/// States that are listed at most, the last ones.
const STATES_MAX: usize = 500;

/// The open line; nothing while none is open.
#[component]
pub fn Open(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let name = move || signals.open.with(|open| open.as_ref().map(name).unwrap_or_default());
    let is_open = Memo::new(move |_| signals.open.with(Option::is_some));
    let body = move || signals.open.get().map(|record| view! { <Body record signals handle /> });
    let copy_text = move |_| {
        let text = signals.open.with_untracked(|open| open.as_ref().map(|record| full_text(record, signals)));
        if let Some(text) = text {
            client::with(handle, |viewer| viewer.copy_text(&text, "Text"));
        }
    };
    let copy_json = move |_| {
        let json = signals.open.with_untracked(|open| serde_json::to_string_pretty(open.as_ref()?).ok());
        if let Some(json) = json {
            client::with(handle, |viewer| viewer.copy_text(&json, "JSON"));
        }
    };
    let close = move |_| {
        with(handle, |viewer| {
            viewer.close_record();
        });
    };
    move || {
        is_open.get().then(|| {
            view! {
                <section class="record" data-testid="record" aria-labelledby="record-title">
                    <div class="record-head">
                        <h2 id="record-title">{name}</h2>
                        <button class="tool" type="button" on:click=copy_text>"Copy text"</button>
                        <button class="tool" type="button" on:click=copy_json>"Copy JSON"</button>
                        <button class="tool close" type="button" title="Close (Escape)" on:click=move |_| client::with(handle, |viewer| { viewer.close_record(); })>
                            <span aria-hidden="true">"✕"</span>
                            <span class="unseen">"Close"</span>
                        </button>
                    </div>
                    {body}
                </section>
            }
        })
    };
    panel
}

#[component]
fn Body(record: Record, signals: Signals, handle: Handle) -> impl IntoView {
    let odd = odd(&record).map(|told| view! { <li>{told}</li> }).collect_view();
    let (text, cont) = (record.text.clone(), record.cont);
    let facts = move || {
        let facts = facts(&record, signals).map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> });
        facts.collect_view()
    };
    let odd = odd(&record).into_iter().map(|told| view! { <li>{told}</li> }).collect_view();
    let told = record.clone();
    let facts = move || facts(&told);
    let rest = move || match signals.whole.get() {
        Some(Whole::Coming(_)) => EitherOf4::A(view! { <p class="wait">"Loading the line…"</p> }),
        Some(Whole::Failed(why)) => EitherOf4::B(view! { <p role="alert">{why}</p> }),
        Some(Whole::Text(_, text, cut)) => {
            EitherOf4::C(view! { <Said text cont=record.cont handle /> {cut.map(left_out)} })
        }
        None => EitherOf4::D(view! { <Said text=record.text.clone() cont=record.cont handle /> }),
    };
    view! {
        <div class="record-body">
            <dl class="facts">{facts}</dl>
            <ul class="odd">{odd}</ul>
            {said}
        </div>
    }
}

/// What the line says: its fields, and its text or the states that it went through.
#[component]
fn Said(text: String, cont: bool, handle: Handle) -> impl IntoView {
    let table = (!cont).then(|| table(&text, handle));
    let count = states::all(&text).count();
    let states = (count > 1).then(|| {
        let shown = states::all(&text).skip(count.saturating_sub(STATES_MAX));
        let states: Vec<_> = shown.map(|state| view! { <li>{pieces(state)}</li> }).collect();
        view! {
            <h3>{figures::counted(count as u64, "state", "states")}</h3>
            <ol class="states-list" start=count.saturating_sub(STATES_MAX) + 1>{states}</ol>
        }
    });
    view! {
        {table}
        <h3>"Text"</h3>
        <div class="whole" tabindex="0" role="region" aria-label="The line’s text">{blocks(&text)}</div>
        {states}
    }
}

fn table(text: &str, handle: Handle) -> Option<impl IntoView + use<>> {
    let fields = fields::find(text)?;
    let (form, count) = (fields.form, fields.members.len());
    let rows: Vec<_> = fields.members.iter().take(FIELDS_MAX).map(|member| row(member, form, handle)).collect();
    let left_out = count.saturating_sub(FIELDS_MAX);
    Some(view! {
        <h3>"Fields"</h3>
        <table class="fields">
            <tbody>{rows}</tbody>
        </table>
        {(left_out > 0).then(|| view! { <p>{format!("{} more are in the text.", figures::counted(left_out as u64, "field", "fields"))}</p> })}
    })
}

fn row(member: &Member<'_>, form: Form, handle: Handle) -> impl IntoView + use<> {
    let key = member.key.to_string();
    let value = if member.is_nested() { fields::pretty(member.raw) } else { member.text().into_owned() };
    let (copied, pattern) = (value.clone(), StoredValue::new(member.pattern(form)));
    let (only, without) = (format!("Only lines with this {key}"), format!("Only lines without this {key}"));
    let filters = (!member.is_nested()).then(|| {
        view! {
            <button
                type="button"
                aria-label=format!("Only lines with this {key}")
                on:click=move |_| client::with(handle, |viewer| viewer.filter_for(pattern.get_value()))
            >
                "only"
            </button>
            <button
                type="button"
                aria-label=format!("Only lines without this {key}")
                on:click=move |_| client::with(handle, |viewer| viewer.filter_without(pattern.get_value()))
            >
                "without"
            </button>
        }
    });
    let (copy, title) = (format!("Copy the value of {key}"), key.clone());
    view! {
        <tr>
            <th scope="row" title=title>{key}</th>
            <td>
                <Text text=value />
                <span class="acts">
                    <button
                        type="button"
                        aria-label=format!("Copy the value of {key}")
                        on:click=move |_| client::with(handle, |viewer| viewer.copy_text(&copied, "Value"))
                    >
                        "copy"
                    </button>
                    {filters}
                </span>
            </td>
        </tr>
    }
}

fn name(record: &Record) -> String {
    record.n.map_or_else(|| "A line".to_owned(), |n| format!("Line {}", figures::grouped(n)))
}

/// What is known of a line, in pairs of name and value.
fn facts(record: &Record, signals: Signals) -> impl Iterator<Item = (&'static str, String)> + use<> {
    let zone = signals.view.with(|view| dom::zone(&view.zone));
    let times = record.ts.as_deref().map(|ts| {
        let (shown, utc) = (time::full(ts, zone), time::full(ts, time::Zone::Utc));
        if shown == utc { shown } else { format!("{shown} ({utc})") }
    });
    let pairs = [
        ("Time", times),
        ("Level", record.level.map(|level| level.name().to_owned())),
        ("Source", Some(record.source.clone())),
        ("Offset", Some(format!("byte {}", figures::grouped(record.offset)))),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name, value?)))
}

/// What is odd about a line, in sentences.
fn odd(record: &Record) -> impl Iterator<Item = &'static str> + use<> {
    let told = [
        (record.cont, "It bears no time of its own and continues the line before it."),
        (record.late, "It is late: its time is before its place."),
        (record.wild, "Its time is not believed: it is far ahead of its neighbours’."),
        (record.lossy, "Some of its bytes are not UTF-8; a � stands for them."),
    ];
    told.into_iter().filter(|(is, _)| *is).map(|(_, sentence)| sentence)
}

fn left_out(bytes: u64) -> impl IntoView {
    let told = format!("{} more are left out; the source’s raw bytes have them.", figures::bytes(bytes));
    view! { <p>{told}</p> }
}

/// The line's text, as far as it is at hand.
fn full_text(record: &Record, signals: Signals) -> String {
    signals.whole.with_untracked(|whole| match whole {
        Some(Whole::Text(_, text, _)) => text.clone(),
        _ => record.text.clone(),
    })
}

/// A text in blocks that the browser lays out as they come into view.
fn blocks(text: &str) -> Vec<impl IntoView + use<>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut end = BLOCK_BYTES.min(rest.len());
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (block, after) = rest.split_at(end);
        rest = after;
        blocks.push(view! { <span class="block">{pieces(block)}</span> });
    }
    blocks
}

fn pieces(text: &str) -> Vec<impl IntoView + use<>> {
    drawing::as_written(text).into_iter().map(|run| view! { <Piece run reached=true /> }).collect()
}
