//! The size of a log's text.

/// A size, and with it the height of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// More lines at a glance.
    Small,
    /// As designed.
    #[default]
    Normal,
    /// For tired eyes.
    Large,
    /// For a screen across the room.
    Larger,
}

impl Size {
    /// All of them, the smallest first.
    pub const ALL: [Self; 4] = [Self::Small, Self::Normal, Self::Large, Self::Larger];

    /// Its name, as the style sheet has it in `data-size`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Normal => "normal",
            Self::Large => "large",
            Self::Larger => "larger",
        }
    }

    /// The size of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.name() == name)
    }

    /// The height of a row that is not wrapped, in CSS pixels: `--row` of the style sheet.
    #[must_use]
    pub const fn row_px(self) -> f64 {
        match self {
            Self::Small => 17.0,
            Self::Normal => super::scroll::ROW_PX,
            Self::Large => 24.0,
            Self::Larger => 30.0,
        }
    }
}
