//! What a page is made of: gathered on the server before anything is drawn, and sent along for the browser to start from.

mod link;
mod preview;

use record::wire::{ApiError, Start, TaskInfo, TaskList, WindowQuery};
use serde::{Deserialize, Serialize};

use crate::api::{Api, Gathered, shortened};
use crate::model::conditions::without_all;
use crate::model::place::{Anchor, Place};
use crate::model::time::{self, Zone};
use crate::model::view::{Asked, View, ZoneName};
use crate::model::{figures, goto, query};
use link::Traced;

/// Rows that the server renders at most.
pub const FIRST_LINES: u64 = 200;

/// Tasks that a list shows at first, and adds when more are wanted.
pub const FIRST_TASKS: usize = 200;

/// Lines shown above one that a link names.
pub const LINES_ABOVE: u64 = 8;

/// Rows that surely fill a view: a window with fewer of them below its place is shown from its end.
const VIEW_LINES: u64 = 60;

/// A page with all it shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Page {
    /// The list of tasks.
    List {
        /// The tasks.
        tasks: TaskList,
        /// What their ids are to hold.
        filter: String,
        /// How many of those are shown; the others are a click away.
        shown: usize,
    },
    /// A task's log.
    Log(Box<LogPage>),
    /// There is nothing to show, and why.
    Nothing(ApiError),
}

/// A task's log, at a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogPage {
    /// The task.
    pub task: TaskInfo,
    /// The query string of the view as it is shown.
    pub query: String,
    /// The first window.
    pub window: Gathered,
    /// Which of its records the address names.
    pub target: Option<usize>,
    /// The window is shown from its end.
    pub from_end: bool,
    /// What of the address could not be read, or not be found.
    pub problems: Vec<String>,
    /// What became of a link's line.
    pub told: Option<String>,
    /// Minutes east of UTC in the view's zone, where that is named, when the first line shown was written.
    pub zone_minutes: Option<i64>,
    /// The log alone, to be shown in another page.
    pub embed: bool,
    /// The colours that the address asks for: `light` or `dark`.
    pub theme: Option<String>,
}

impl Page {
    /// Gathers what the page at `path` shows.
    pub async fn load(api: &dyn Api, path: &str, query_text: &str) -> Self {
        let embedded = path.strip_prefix("/embed/");
        match embedded.or_else(|| path.strip_prefix("/t/")) {
            Some(id) if !id.is_empty() => Self::load_log(api, query::decode(id), query_text, embedded.is_some()).await,
            _ => match api.tasks().await {
                Ok(tasks) => {
                    let filter = query::pairs(query_text).find(|(name, _)| name == "q").map(|(_, value)| value);
                    let shown = query::pairs(query_text).find(|(name, _)| name == "show");
                    let shown = shown.and_then(|(_, value)| value.parse().ok()).unwrap_or(FIRST_TASKS);
                    Self::List { tasks, filter: filter.unwrap_or_default(), shown: shown.max(FIRST_TASKS) }
                }
                Err(error) => Self::Nothing(error),
            },
        }
    }

    async fn load_log(api: &dyn Api, id: String, query_text: &str, embed: bool) -> Self {
        let task = match api.task(id).await {
            Ok(task) => task,
            Err(error) => return Self::Nothing(error),
        };
        let mut asked = View::parse(query_text);
        let theme = embed.then(|| query::pairs(query_text).find(|(name, _)| name == "theme")).flatten();
        let theme = theme.map(|(_, value)| value).filter(|value| !value.is_empty());
        if let Some(other) = theme.as_ref().filter(|theme| !matches!(theme.as_str(), "light" | "dark")) {
            asked.problems.push(format!("theme={other} is unknown: theme=light and theme=dark are allowed."));
        }
        if let ZoneName::Named(name) = &asked.view.zone
            && api.minutes_east(name, 0).is_none()
        {
            asked.problems.push(format!("tz={name} is no zone that is known: names are such as tz=Europe/Berlin."));
            asked.view.zone = ZoneName::Utc;
        }
        if let Some(typed) = asked.goto.take() {
            let zone = zone(minutes_east(api, &asked.view, task.first_ts.as_deref()));
            match goto::read(&typed, task.lines_estimate, task.first_ts.as_deref(), zone) {
                Ok(place) => asked.view.place = place,
                Err(problem) => asked.problems.push(problem),
            }
        }
        let page = LogPage::load(api, task, asked).await;
        let theme = theme.filter(|theme| matches!(theme.as_str(), "light" | "dark"));
        Self::Log(Box::new(LogPage { embed, theme, ..page }))
    }

    /// The status of its answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Nothing(error) => error.status,
            Self::Log(log) if !log.problems.is_empty() => 400,
            Self::Log(log) if log.window.head.is_none() => log.window.error.as_ref().map_or(500, |error| error.status),
            Self::List { .. } | Self::Log(_) => 200,
        }
    }
}

impl LogPage {
    /// The view as it is shown.
    #[must_use]
    pub fn view(&self) -> View {
        View::parse(&self.query).view
    }

    /// The zone of the times that the server renders. The reader's own is not known yet: it is UTC then.
    #[must_use]
    pub fn zone(&self) -> Zone {
        zone(self.zone_minutes)
    }

    async fn load(api: &dyn Api, task: TaskInfo, asked: Asked) -> Self {
        let Asked { mut view, before, mut problems, .. } = asked;
        if let (Place::Line(n), Some(lines)) = (&view.place, task.lines)
            && *n > lines.max(1)
        {
            problems.push(format!(
                "There is no line {}: the log has {}.",
                figures::grouped(*n),
                figures::counted(lines, "line", "lines")
            ));
            view.place = Place::End;
        }
        if view.follow && view.place == Place::Top {
            view.place = Place::End;
        }
        let told = follow_link(api, &task, &mut view).await;
        let above = if matches!(view.place, Place::Anchor(_)) { before.max(LINES_ABOVE) } else { before };
        let mut window = fetch(api, &task, &view, view.place.start(FIRST_LINES), above).await;
        if let Some(error) =
            window.error.as_ref().filter(|error| window.head.is_none() && matches!(error.status, 400 | 404 | 416))
        {
            if told.is_none() {
                problems.push(error.detail.clone());
            }
            let refused = error.status == 400 && !view.shown().is_empty();
            view.place = if error.status == 416 { Place::End } else { Place::Top };
            window = fetch(api, &task, &view, view.place.start(FIRST_LINES), 0).await;
            if refused && window.head.is_none() {
                // A condition that makes no sense is told, and the log shown without any.
                view = without_all(&view);
                window = fetch(api, &task, &view, view.place.start(FIRST_LINES), 0).await;
            }
        }
        let mut target = find_target(&view.place, &window);
        let mut from_end = matches!(view.place, Place::End) && window.error.is_none();
        let below = window.records.len() - target.unwrap_or_default();
        let is_short = window.error.is_none() && (below as u64) < VIEW_LINES && !window.records.is_empty();
        if is_short && !from_end && view.place != Place::Top {
            let start = view.place.start(FIRST_LINES);
            let whole = fetch(api, &task, &view, start, FIRST_LINES - VIEW_LINES).await;
            if whole.error.is_none() && whole.records.len() >= window.records.len() {
                window = whole;
                target = find_target(&view.place, &window);
                from_end = window.records.len() as u64 > VIEW_LINES;
            }
        }
        let first_ts = window.records.iter().find_map(|record| record.ts.as_deref());
        let zone_minutes = minutes_east(api, &view, first_ts);
        let query = view.query();
        Self { task, query, window, target, from_end, problems, told, zone_minutes, embed: false, theme: None }
    }
}

/// Has the view show where the line of its link is now. Says what became of it, where that is not what the link says.
async fn follow_link(api: &dyn Api, task: &TaskInfo, view: &mut View) -> Option<String> {
    let Place::Anchor(anchor) = &view.place else { return None };
    match link::trace(api, task, anchor, &view.mark).await {
        Traced::There => None,
        Traced::Moved(now) => {
            let moved = |to: &Anchor| {
                let offset =
                    to.offset.checked_add_signed(now.offset.cast_signed().checked_sub_unsigned(anchor.offset)?)?;
                (to.source == anchor.source).then(|| Anchor { source: now.source.clone(), offset })
            };
            view.to = view.to.as_ref().and_then(moved);
            view.place = Place::Anchor(now);
            Some("This line has moved since the link was made; here it is.".to_owned())
        }
        Traced::Gone => {
            view.to = None;
            let ts = std::mem::take(&mut view.mark).ts;
            let told = match &ts {
                Some(_) => "The line of this link is gone; here is the nearest time.",
                None => "The line of this link is gone, and the link has no time to look around.",
            };
            view.place = ts.map_or(Place::Top, Place::Time);
            Some(told.to_owned())
        }
    }
}

/// How far a view's zone is east of UTC at a time, in minutes, where it is named.
fn minutes_east(api: &dyn Api, view: &View, ts: Option<&str>) -> Option<i64> {
    let ZoneName::Named(name) = &view.zone else { return None };
    let second = ts.and_then(time::parse_utc).map_or(0, |(second, _)| second);
    api.minutes_east(name, second)
}

fn zone(minutes_east: Option<i64>) -> Zone {
    minutes_east.map_or(Zone::Utc, Zone::Fixed)
}

async fn fetch(api: &dyn Api, task: &TaskInfo, view: &View, start: Start, before: u64) -> Gathered {
    let query = WindowQuery {
        task: task.id.clone(),
        start,
        before,
        limit: FIRST_LINES,
        filter: view.shown(),
        context: view.context(),
    };
    match api.window(query).await {
        Ok(lines) => Gathered::read(Box::pin(shortened(lines))).await,
        Err(error) => Gathered { error: Some(error), ..Gathered::default() },
    }
}

/// Which record of a window its place names.
fn find_target(place: &Place, window: &Gathered) -> Option<usize> {
    let number = window.head.as_ref().and_then(|head| head.target);
    let by_number = || number.and_then(|n| window.records.iter().position(|record| record.n == Some(n)));
    match place {
        Place::Top | Place::End => None,
        // A filter may leave the very line out; then it is the next one.
        Place::Line(n) => window.records.iter().position(|record| record.n.is_some_and(|number| number >= *n)),
        Place::Time(_) => by_number().or(Some(0)),
        Place::Anchor(_) => window.records.iter().position(|record| Place::of(record) == *place).or_else(by_number),
    }
}
