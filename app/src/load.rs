//! What a page is made of: gathered on the server before anything is drawn, and sent along for the browser to start from.

use record::wire::{ApiError, Start, TaskInfo, TaskList, WindowQuery};
use serde::{Deserialize, Serialize};

use crate::api::{Api, Gathered, shortened};
use crate::model::place::Place;
use crate::model::time::Zone;
use crate::model::view::{Asked, View};
use crate::model::{figures, goto, query};

/// Rows that the server renders at most.
pub const FIRST_LINES: u64 = 200;

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
}

impl Page {
    /// Gathers what the page at `path` shows.
    pub async fn load(api: &dyn Api, path: &str, query_text: &str) -> Self {
        match path.strip_prefix("/t/") {
            Some(id) if !id.is_empty() => Self::load_log(api, query::decode(id), query_text).await,
            _ => match api.tasks().await {
                Ok(tasks) => {
                    let filter = query::pairs(query_text).find(|(name, _)| name == "q").map(|(_, value)| value);
                    Self::List { tasks, filter: filter.unwrap_or_default() }
                }
                Err(error) => Self::Nothing(error),
            },
        }
    }

    async fn load_log(api: &dyn Api, id: String, query_text: &str) -> Self {
        let task = match api.task(id).await {
            Ok(task) => task,
            Err(error) => return Self::Nothing(error),
        };
        let mut asked = View::parse(query_text);
        if let Some(typed) = asked.goto.take() {
            match goto::read(&typed, task.lines_estimate, task.first_ts.as_deref(), Zone::Utc) {
                Ok(place) => asked.view.place = place,
                Err(problem) => asked.problems.push(problem),
            }
        }
        Self::Log(Box::new(LogPage::load(api, task, asked).await))
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

    /// Its title.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::List { .. } => "Logs · Logboom".to_owned(),
            Self::Log(log) => format!("{} · Logboom", log.task.id),
            Self::Nothing(error) => format!("{} · Logboom", error.title),
        }
    }
}

impl LogPage {
    /// The view as it is shown.
    #[must_use]
    pub fn view(&self) -> View {
        View::parse(&self.query).view
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
        let above = if matches!(view.place, Place::Anchor(_)) { before.max(LINES_ABOVE) } else { before };
        let mut window = fetch(api, &task, &view, view.place.start(FIRST_LINES), above).await;
        if let Some(error) =
            window.error.as_ref().filter(|error| window.head.is_none() && matches!(error.status, 400 | 404 | 416))
        {
            problems.push(error.detail.clone());
            view.place = if error.status == 416 { Place::End } else { Place::Top };
            window = fetch(api, &task, &view, view.place.start(FIRST_LINES), 0).await;
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
        Self { task, query: view.query(), window, target, from_end, problems }
    }
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
        Place::Line(n) => window.records.iter().position(|record| record.n == Some(*n)),
        Place::Time(_) => by_number().or(Some(0)),
        Place::Anchor(_) => window.records.iter().position(|record| Place::of(record) == *place).or_else(by_number),
    }
}
