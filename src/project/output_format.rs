//! How the table that a simulator writes is laid out, as the project states it.
//!
//! Only a description: [`crate::execute::output`] reads such tables, and what is hashed of it is named field by field in
//! [`crate::plan::recipe`].

/// What stands between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// One tab.
    Tab,
    /// One comma.
    Comma,
    /// One semicolon.
    Semicolon,
    /// Any number of blanks and tabs, also before the first cell.
    Whitespace,
}

/// What the project states about a simulator's table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputFormat {
    /// `None`: recognised from the header, the first that it has of tab, semicolon, comma, white space.
    pub separator: Option<Separator>,
    /// Cells that stand for a missing value. One that is a number stands for all cells of that value: `-9999` for
    /// `-9999.000` too. The empty text stands for empty cells.
    pub missing: Vec<String>,
    /// How many lines after the header are skipped.
    pub skip_rows: usize,
}
