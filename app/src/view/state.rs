//! A state in words, with a shape before it.

use leptos::prelude::*;
use record::wire::State as StateOf;

/// The state's word, as answers spell it.
#[must_use]
pub fn word(state: StateOf) -> &'static str {
    match state {
        StateOf::Growing => "growing",
        StateOf::Complete => "complete",
        StateOf::Lost => "lost",
        StateOf::Failed => "failed",
    }
}

/// What the state means.
#[must_use]
pub fn meaning(state: StateOf) -> &'static str {
    match state {
        StateOf::Growing => "More lines may come",
        StateOf::Complete => "All is there",
        StateOf::Lost => "Its sender fell silent; what came is kept",
        StateOf::Failed => "It could not be read",
    }
}

/// A state.
#[component]
pub fn State(
    /// Which.
    #[prop(into)]
    state: Signal<StateOf>,
    /// The hook of tests, on the one state of a page.
    #[prop(optional)]
    hook: Option<&'static str>,
) -> impl IntoView {
    view! {
        <span class="state" data-testid=hook data-state=move || word(state.get()) title=move || meaning(state.get())>
            {move || word(state.get())}
        </span>
    }
}
