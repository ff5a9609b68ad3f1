//! Aligned columns.

use super::{Printer, Style};

/// A piece of text with its look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn new(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, style: Style::Plain }
    }
}
impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// Rows under headings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    headings: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

/// What stands between two columns.
const GAP: &str = "  ";

impl Table {
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { headings: headings.map(|heading| Cell::new(Style::Bold, heading)).to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    /// The lines, none wider than the terminal.
    pub(crate) fn lines(&self, printer: &Printer) -> Vec<String> {
        let all = || std::iter::once(&self.headings).filter(|row| !row.is_empty()).chain(&self.rows);
        let columns = all().map(Vec::len).max().unwrap_or(0);
        let widest =
            |column: usize| all().filter_map(|row| row.get(column)).map(|cell| length(&cell.text)).max();
        let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
        all().map(|row| line(row, &widths, printer)).collect()
    }
}

fn line(row: &[Cell], widths: &[usize], printer: &Printer) -> String {
    let mut line = String::new();
    let mut used = 0;
    for (column, cell) in row.iter().enumerate() {
        let left = printer.width().map_or(usize::MAX, |width| width.saturating_sub(used));
        let text = shortened(&cell.text, left);
        let width = length(&text);
        line.push_str(&printer.paint(cell.style, &text));
        let target = widths.get(column).copied().unwrap_or(0);
        used += target.max(width) + GAP.len();
        if column + 1 < row.len() {
            line.push_str(&" ".repeat(target.saturating_sub(width)));
            line.push_str(GAP);
        }
    }
    line.trim_end().to_owned()
}

/// Names with their values below each other.
pub(crate) fn fields(rows: impl IntoIterator<Item = (&'static str, Cell)>, printer: &Printer) -> Vec<String> {
    let mut table = Table::default();
    for (name, value) in rows {
        let mut lines = value.text.lines();
        let first = lines.next().unwrap_or_default();
        table.row([Cell::new(Style::Faint, name), Cell::new(value.style, first)]);
        for further in lines {
            table.row([Cell::default(), Cell::new(value.style, further)]);
        }
    }
    // Values are shown whole, however wide they are.
    table.lines(&Printer { width: None, ..*printer })
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn shortened(text: &str, width: usize) -> String {
    if length(text) <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    if width == 0 { kept } else { format!("{kept}…") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Output;

    fn printer(color: bool, width: Option<usize>) -> Printer {
        Printer { format: Output::Table, color, terminal: true, width }
    }

    fn table() -> Table {
        let mut table = Table::new(["ID", "STATUS", "WHAT"]);
        table.row(["a".into(), Cell::new(Style::Good, "Completed"), "long words".into()]);
        table.row(["bcdé".into(), "x".into(), Cell::default()]);
        table
    }

    #[test]
    fn columns_are_aligned_whatever_their_look() {
        let plain = ["ID    STATUS     WHAT", "a     Completed  long words", "bcdé  x"];
        assert_eq!(table().lines(&printer(false, None)), plain);
        let colored = table().lines(&printer(true, None));
        assert_eq!(colored.get(1).unwrap(), "a     \u{1b}[32mCompleted\u{1b}[0m  long words");
    }

    #[test]
    fn what_is_too_wide_is_cut() {
        assert_eq!(table().lines(&printer(false, Some(22))).get(1).unwrap(), "a     Completed  long…");
    }
}
