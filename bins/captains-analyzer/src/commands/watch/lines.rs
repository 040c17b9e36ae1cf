//! Windows in a pipe: a JSON object on each line, or CSV.

use std::io::Write;

use stream_analysis::{Window, WindowGroup};

use super::{Standing, View};
use crate::commands::ongoing::CsvLines;
use crate::commands::timeline::time;
use crate::{Cell, Section};

/// A line for each window, as it closes.
pub(super) struct Json<'a>(&'a mut (dyn Write + Send));

/// A line for each group of each window, below one header.
pub(super) struct Csv<'a>(CsvLines<'a>);

impl<'a> Json<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> Self {
        Self(out)
    }
}

impl<'a> Csv<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> Self {
        Self(CsvLines::new(out))
    }
}

impl View for Json<'_> {
    fn closed(&mut self, windows: &[Window]) -> anyhow::Result<()> {
        for window in windows {
            let groups = window.groups.iter().map(|group| {
                let names = GROUP.map(str::to_owned).into_iter();
                Cell::Map(names.zip(cells(group)).collect())
            });
            let line = Cell::Map(vec![
                ("window_start".to_owned(), Cell::text(time(window.start))),
                ("window_end".to_owned(), Cell::text(time(window.end))),
                ("rows".to_owned(), Cell::Int(window.rows.into())),
                ("anomalies".to_owned(), Cell::Int(window.anomalies.into())),
                ("groups".to_owned(), Cell::List(groups.collect())),
            ]);
            serde_json::to_writer(&mut self.0, &line)?;
            writeln!(self.0)?;
        }
        // A reader downstream waits for whole windows.
        Ok(self.0.flush()?)
    }

    fn tick(&mut self, _now: &Standing) -> anyhow::Result<bool> {
        Ok(false)
    }
}

impl View for Csv<'_> {
    fn closed(&mut self, windows: &[Window]) -> anyhow::Result<()> {
        let columns = ["window_start", "window_end"].into_iter().chain(GROUP);
        let mut section = Section::new("windows", columns);
        for window in windows {
            for group in &window.groups {
                let mut row = vec![Cell::text(time(window.start)), Cell::text(time(window.end))];
                row.extend(cells(group));
                section.rows.push(row);
            }
        }
        self.0.write(section)
    }

    fn tick(&mut self, _now: &Standing) -> anyhow::Result<bool> {
        Ok(false)
    }
}

/// Names of a group's fields.
const GROUP: [&str; 7] = ["group", "rows", "mean", "min", "max", "sum", "anomalies"];

fn cells(group: &WindowGroup) -> [Cell; 7] {
    [
        group.group.as_ref().map_or(Cell::Null, Cell::text),
        Cell::Int(group.rows.into()),
        Cell::stat(group.mean),
        Cell::stat(group.min),
        Cell::stat(group.max),
        Cell::stat(group.sum),
        Cell::Int(group.anomalies.into()),
    ]
}
