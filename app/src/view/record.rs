//! A line in full, beside the log: what is known of it, its fields, its text.

use leptos::either::Either;
use leptos::html;
use leptos::prelude::*;
use record::wire::Record;

use super::log::Handle;
use super::signals::{Signals, Whole};
use crate::client::{self, dom, with};
use crate::model::fields::{self, Form, Member};
use crate::model::{figures, states, time};

/// Bytes of a long line that are laid out together.
const BLOCK_BYTES: usize = 16 << 10;

/// Bytes of a value that its cell shows; the text below has all of it.
const VALUE_BYTES_MAX: usize = 4 << 10;

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
            with(handle, |viewer| viewer.copy_text(&text, "Text"));
        }
    };
    let copy_json = move |_| {
        let json = signals.open.with_untracked(|open| serde_json::to_string(open.as_ref()?).ok());
        if let Some(json) = json {
            with(handle, |viewer| viewer.copy_text(&fields::pretty(&json), "JSON"));
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
                        <button class="tool" type="button" title="Close (Escape)" on:click=close>
                            <span aria-hidden="true">"✕"</span>
                            <span class="unseen">"Close"</span>
                        </button>
                    </div>
                    {body}
                </section>
            }
        })
    }
}

#[component]
fn Body(record: Record, signals: Signals, handle: Handle) -> impl IntoView {
    let odd = odd(&record)
        .map(|(told, harmless)| view! { <li data-harmless=harmless.then_some("true")>{told}</li> })
        .collect_view();
    let (text, cont) = (record.text.clone(), record.cont);
    let facts = move || {
        let facts = facts(&record, signals).map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> });
        facts.collect_view()
    };
    let said = move || {
        let (text, told) = match signals.whole.get() {
            None => (Some(text.clone()), None),
            Some(Whole::Text(_, text, cut)) => (Some(text), cut.map(left_out)),
            Some(Whole::Coming(_)) => (None, Some("Loading the line…".to_owned())),
            Some(Whole::Failed(why)) => (None, Some(why)),
        };
        view! {
            {text.map(|text| view! { <Said text cont handle /> })}
            <p role="status">{told}</p>
        }
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
    let table = fields::find(&text).filter(|_| !cont).map(|fields| {
        let left_out = fields.members.len().saturating_sub(FIELDS_MAX) as u64;
        let told =
            (left_out > 0).then(|| format!("{} more are in the text.", figures::counted(left_out, "field", "fields")));
        let rows = fields.members.iter().take(FIELDS_MAX).map(|member| row(member, fields.form, handle));
        view! {
            <h3>"Fields"</h3>
            <table class="fields">
                <tbody>{rows.collect_view()}</tbody>
            </table>
            <p>{told}</p>
        }
    });
    let count = states::all(&text).count();
    let first = count.saturating_sub(STATES_MAX);
    let parts = if count > 1 {
        let shown = states::all(&text).enumerate().skip(first);
        Either::Left(
            shown
                .map(|(index, state)| view! { <li value=index + 1><Text text=state.to_owned() /></li> })
                .collect_view(),
        )
    } else {
        Either::Right(
            blocks(&text, BLOCK_BYTES).map(|text| view! { <li class="block"><Text text /></li> }).collect_view(),
        )
    };
    let title = if count > 1 { figures::counted(count as u64, "state", "states") } else { "Text".to_owned() };
    view! {
        {table}
        <h3>{title}</h3>
        <div class="whole" tabindex="0" role="region" aria-label="The line’s text">
            <ol data-numbered=(count > 1).then_some("true")>{parts}</ol>
        </div>
    }
}

fn row(member: &Member<'_>, form: Form, handle: Handle) -> impl IntoView + use<> {
    let key = member.key.to_string();
    let value = if member.is_nested() { fields::pretty(member.raw) } else { member.text().into_owned() };
    let shown = blocks(&value, VALUE_BYTES_MAX).next().unwrap_or_default();
    let shown = if shown.len() < value.len() { format!("{shown}…") } else { shown };
    let pattern = StoredValue::new(member.pattern(form));
    let (only, without) = (format!("Only lines with this {key}"), format!("Only lines without this {key}"));
    let filters = (!member.is_nested()).then(|| {
        view! {
            <button type="button" aria-label=only on:click=move |_| with(handle, |viewer| viewer.filter_for(pattern.get_value()))>
                "only"
            </button>
            <button type="button" aria-label=without on:click=move |_| with(handle, |viewer| viewer.filter_without(pattern.get_value()))>
                "without"
            </button>
        }
    });
    let (copy, title) = (format!("Copy the value of {key}"), key.clone());
    view! {
        <tr>
            <th scope="row" title=title>{key}</th>
            <td>
                <Text text=shown />
                <span class="acts">
                    <button type="button" aria-label=copy on:click=move |_| with(handle, |viewer| viewer.copy_text(&value, "Value"))>
                        "copy"
                    </button>
                    {filters}
                </span>
            </td>
        </tr>
    }
}

/// A text with its colours and links; drawn in the browser only, where alone a line can stand open.
#[component]
fn Text(text: String) -> impl IntoView {
    let place = NodeRef::<html::Span>::new();
    Effect::new(move |_| {
        if let Some(place) = place.get() {
            client::draw_text(&place, &text);
        }
    });
    view! { <span class="said" node_ref=place></span> }
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

/// What is odd about a line, in sentences; and whether nothing is wrong with it for that.
fn odd(record: &Record) -> impl Iterator<Item = (&'static str, bool)> + use<> {
    let told = [
        (record.cont, "It bears no time of its own and continues the line before it.", true),
        (record.late, "It is late: its time is before its place.", false),
        (record.wild, "Its time is not believed: it is far ahead of its neighbours’.", false),
        (record.lossy, "Some of its bytes are not UTF-8; a � stands for them.", false),
    ];
    told.into_iter().filter(|(is, ..)| *is).map(|(_, sentence, harmless)| (sentence, harmless))
}

fn left_out(bytes: u64) -> String {
    format!("{} more are left out; the source’s raw bytes have them.", figures::bytes(bytes))
}

/// The line's text, as far as it is at hand.
fn full_text(record: &Record, signals: Signals) -> String {
    signals.whole.with_untracked(|whole| match whole {
        Some(Whole::Text(_, text, _)) => text.clone(),
        _ => record.text.clone(),
    })
}

/// A text in parts of so many bytes at most, each of whole characters.
fn blocks(text: &str, bytes_max: usize) -> impl Iterator<Item = String> + use<'_> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut end = bytes_max.min(rest.len());
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (block, after) = rest.split_at(end);
        rest = after;
        (!block.is_empty()).then(|| block.to_owned())
    })
}
