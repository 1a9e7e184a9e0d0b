//! The parts of the pages. They draw what they are given and call back; what they show is decided in `model`.

pub mod dialogs;
pub mod document;
pub mod download;
pub mod filters;
pub mod footer;
pub mod growing;
pub mod head;
pub mod list;
pub mod log;
pub mod notice;
pub mod options;
pub mod overview;
pub mod pager;
pub mod panel;
pub mod record;
pub mod row;
pub mod search;
pub mod selection;
pub mod signals;
pub mod state;

use ::record::wire::ApiError;
use leptos::either::EitherOf3;
use leptos::prelude::*;

use crate::load::Page;

/// The page: the same on the server and, from the very data it was rendered from, in the browser.
#[component]
pub fn App() -> impl IntoView {
    let page = SharedValue::new(|| use_context::<Page>().unwrap_or_else(without_data)).into_inner();
    match page {
        Page::List { tasks, filter, shown } => EitherOf3::A(view! { <list::List tasks filter shown /> }),
        Page::Log(page) => EitherOf3::B(view! { <log::Log page=*page /> }),
        Page::Nothing(error) => EitherOf3::C(view! { <notice::Nothing error /> }),
    }
}

fn without_data() -> Page {
    Page::Nothing(ApiError {
        status: 500,
        title: "Nothing to show".to_owned(),
        detail: "The page was drawn without its data.".to_owned(),
    })
}
