//! The conditions of a view one by one: what each says, and the view without it.

use record::wire::LineFilter;

use super::find;
use super::time::{self, Zone};
use super::view::View;

/// A condition that lines meet to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it says, as `level error, warn`.
    pub text: String,
    /// The view without it.
    pub without: View,
}

/// The conditions that keep lines from being shown.
#[must_use]
pub fn conditions(view: &View, zone: Zone) -> Vec<Condition> {
    let shown = view.shown();
    let mut found = Vec::new();
    let mut add = |text: Option<String>, change: &dyn Fn(&mut View)| {
        if let Some(text) = text {
            let mut without = view.clone();
            change(&mut without);
            found.push(Condition { text, without });
        }
    };
    let listed = |name: &str, values: &Option<String>| {
        values.as_ref().map(|values| format!("{name} {}", values.replace(',', ", ")))
    };
    let moment = |name: &str, text: &Option<String>| {
        let shown = time::show(text.as_deref()?, zone)?;
        Some(format!("{name} {} {}", shown.date, shown.clock.strip_suffix(".000").unwrap_or(&shown.clock)))
    };
    let quoted = |q: &String| find::plain(q).map_or_else(|| format!("/{q}/"), |text| format!("“{text}”"));
    add(shown.q.as_ref().map(|q| format!("matches of {}", quoted(q))), &|view| view.only = None);
    add(shown.not.as_ref().map(|not| format!("without {}", quoted(not))), &|view| view.filter.not = None);
    add(listed("level", &shown.level), &|view| view.filter.level = None);
    add(listed("source", &shown.source), &|view| view.filter.source = None);
    add(moment("from", &shown.since), &|view| view.filter.since = None);
    add(moment("until", &shown.until), &|view| view.filter.until = None);
    add(shown.heads.then(|| "details folded".to_owned()), &|view| view.filter.heads = false);
    found
}

/// The view with none of them; what is searched for stays.
#[must_use]
pub fn without_all(view: &View) -> View {
    let filter = LineFilter { q: view.filter.q.clone(), case: view.filter.case.clone(), ..LineFilter::default() };
    View { filter, only: None, ..view.clone() }
}

/// A list between commas with `name` added, or taken out where it is in it; none where it is empty then. A name that has a
/// comma itself stands alone: in a list it could not be told apart.
#[must_use]
pub fn toggled(list: Option<&str>, name: &str) -> Option<String> {
    if name.contains(',') {
        return (list != Some(name)).then(|| name.to_owned());
    }
    let mut names: Vec<&str> = list.unwrap_or_default().split(',').filter(|each| !each.is_empty()).collect();
    match names.iter().position(|each| *each == name) {
        Some(at) => drop(names.remove(at)),
        None => names.push(name),
    }
    (!names.is_empty()).then(|| names.join(","))
}

/// Whether a list between commas has a name; an id with a comma in it stands alone.
#[must_use]
pub fn has(list: Option<&str>, name: &str) -> bool {
    list.is_some_and(|list| list == name || list.split(',').any(|each| each == name))
}

#[cfg(test)]
mod tests {
    use super::{Zone, conditions, has, toggled, without_all};
    use crate::model::view::View;

    #[test]
    fn each_condition_can_be_taken_away_alone() {
        let view =
            View::parse(r"q=10\.0&only=2&not=a.b&level=error,warn&source=x&since=2026-11-22T02:14:00Z&heads=1").view;
        let found = conditions(&view, Zone::Utc);
        let texts: Vec<_> = found.iter().map(|each| each.text.as_str()).collect();
        let expected = [
            "matches of “10.0”",
            "without /a.b/",
            "level error, warn",
            "source x",
            "from 2026-11-22 02:14:00",
            "details folded",
        ];
        assert_eq!(texts, expected);
        for each in &found {
            assert_eq!(conditions(&each.without, Zone::Utc).len(), expected.len() - 1, "{}", each.text);
        }
        let all = without_all(&view);
        assert!(conditions(&all, Zone::Utc).is_empty() && all.filter.q.is_some());
    }

    #[test]
    fn a_name_is_added_and_taken_out() {
        assert_eq!(toggled(None, "error").as_deref(), Some("error"));
        assert_eq!(toggled(Some("error"), "warn").as_deref(), Some("error,warn"));
        assert_eq!(toggled(Some("error,warn"), "error").as_deref(), Some("warn"));
        assert_eq!(toggled(Some("warn"), "warn"), None);
        assert_eq!(toggled(Some("x"), "a,b").as_deref(), Some("a,b"));
        assert_eq!(toggled(Some("a,b"), "a,b"), None);
        assert!(has(Some("a,b"), "a") && has(Some("a,b"), "a,b") && !has(None, "a"));
    }
}
