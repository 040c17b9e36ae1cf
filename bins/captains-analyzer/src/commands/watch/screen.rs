//! Windows on a terminal: the latest one by group, and those before it by their totals.

use std::collections::VecDeque;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::widgets::{Block, Paragraph, Row, Table};
use stream_analysis::{Window, WindowGroup, readable};

use super::{Standing, View};
use crate::args::WatchArgs;
use crate::cell::counted;
use crate::commands::ongoing::{Screen, people};
use crate::commands::timeline::time;

/// Closed windows that are listed.
const KEPT: usize = 100;

/// The table on the terminal.
pub(super) struct Display {
    screen: Screen,
    board: Board,
}

/// What is drawn; apart from the terminal, so that a test can draw it.
struct Board {
    title: String,
    closed: VecDeque<Window>,
    colour: bool,
}

impl Display {
    pub(super) fn start(args: &WatchArgs) -> anyhow::Result<Self> {
        Ok(Self { screen: Screen::start()?, board: Board::new(args) })
    }
}

impl View for Display {
    fn closed(&mut self, windows: &[Window]) -> anyhow::Result<()> {
        self.board.close(windows);
        Ok(())
    }

    fn tick(&mut self, now: &Standing) -> anyhow::Result<bool> {
        Ok(self.screen.draw(|frame| self.board.draw(frame, now))?)
    }
}

impl Board {
    fn new(args: &WatchArgs) -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
        let title = format!("{} by {} of {}", args.column, args.group_by, args.read.location);
        Self { title, closed: VecDeque::new(), colour }
    }

    fn close(&mut self, windows: &[Window]) {
        for window in windows {
            self.closed.push_front(window.clone());
        }
        self.closed.truncate(KEPT);
    }

    fn draw(&self, frame: &mut Frame<'_>, now: &Standing) {
        let [head, groups, closed, foot] = Layout::vertical([
            Constraint::Length(2),
            Constraint::Min(8),
            Constraint::Length(9),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let Standing { objects, rows, late, .. } = now;
        let last = now.last_key.as_deref().unwrap_or("nothing has arrived yet");
        let counts =
            format!("{}, {rows} rows, {late} late; last: {last}", counted(*objects, "object"));
        frame.render_widget(
            Paragraph::new(vec![people(&self.title).bold().into(), people(&counts).into()]),
            head,
        );
        // The latest window, open or closed.
        let latest = now.open.last().or_else(|| self.closed.front());
        self.groups(frame, groups, latest);
        self.totals(frame, closed);
        frame.render_widget(Paragraph::new("q leaves").dim(), foot);
    }

    fn groups(&self, frame: &mut Frame<'_>, area: Rect, window: Option<&Window>) {
        let title = match window {
            Some(window) => format!(" window {} to {} ", time(window.start), time(window.end)),
            None => " no window yet ".to_owned(),
        };
        let rows = window.iter().flat_map(|window| &window.groups).map(|group| self.group(group));
        let widths = [
            Constraint::Fill(2),
            Constraint::Fill(1),
            Constraint::Fill(1),
            Constraint::Fill(1),
            Constraint::Fill(1),
            Constraint::Fill(1),
        ];
        let table = Table::new(rows.collect::<Vec<_>>(), widths)
            .header(Row::new(["group", "rows", "mean", "min", "max", "anomalies"]).bold())
            .block(Block::bordered().title(title));
        frame.render_widget(table, area);
    }

    fn group<'b>(&self, group: &WindowGroup) -> Row<'b> {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), readable);
        let row = Row::new([
            people(group.group.as_deref().unwrap_or("(null)")),
            group.rows.to_string(),
            number(group.mean.map(|mean| (mean * 10.0).round() / 10.0)),
            number(group.min),
            number(group.max),
            group.anomalies.to_string(),
        ]);
        match group.anomalies {
            0 => row,
            _ if self.colour => row.style(Style::new().red()),
            _ => row.style(Style::new().bold()),
        }
    }

    fn totals(&self, frame: &mut Frame<'_>, area: Rect) {
        let rows = self.closed.iter().map(|window| {
            let cells = [window.rows, window.groups.len() as u64, window.anomalies];
            Row::new(std::iter::once(time(window.start)).chain(cells.map(|cell| cell.to_string())))
        });
        let widths =
            [Constraint::Fill(2), Constraint::Fill(1), Constraint::Fill(1), Constraint::Fill(1)];
        let table = Table::new(rows.collect::<Vec<_>>(), widths)
            .header(Row::new(["closed windows", "rows", "groups", "anomalies"]).bold())
            .block(Block::bordered());
        frame.render_widget(table, area);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int32Array, RecordBatch, StringArray};
    use clap::Parser;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use stream_analysis::{TumblingWindows, WindowOptions};

    use super::*;
    use crate::{Args, Command};

    #[test]
    fn the_latest_window_and_the_totals_are_drawn() {
        let args = Args::parse_from(["captains-analyzer", "watch", "s3://b/ratings"]);
        let Command::Watch(args) = args.command else { panic!("it is `watch`") };
        let names = StringArray::from(vec!["Kirk", "Neil Armstrong\x1b[2J"]);
        let batch = RecordBatch::try_from_iter([
            ("favoritecaptain", Arc::new(names) as _),
            ("rating", Arc::new(Int32Array::from(vec![10, 8_000])) as _),
        ])
        .unwrap();
        let options = WindowOptions::default().with_lateness_seconds(0);
        let by = Some("favoritecaptain");
        let mut windows = TumblingWindows::new(batch.schema_ref(), by, "rating", &options).unwrap();
        windows.push(&batch, 0.0, None).unwrap();
        windows.push(&batch, 61.0, None).unwrap();
        let mut board = Board::new(&args);
        board.close(&windows.close_due());
        let now = Standing { open: windows.open(), objects: 2, rows: 4, ..Standing::default() };

        let mut terminal = Terminal::new(TestBackend::new(100, 24)).unwrap();
        terminal.draw(|frame| board.draw(frame, &now)).unwrap();
        let drawn = terminal.backend().to_string();
        for words in [
            "rating by favoritecaptain of s3://b/ratings",
            "2 objects, 4 rows, 0 late",
            "window 1970-01-01T00:01:00Z to 1970-01-01T00:02:00Z",
            "8,000",
            "closed windows",
            "1970-01-01T00:00:00Z",
        ] {
            assert!(drawn.contains(words), "`{words}` is not in\n{drawn}");
        }
        assert!(!drawn.contains('\x1b'), "{drawn}");
        // A terminal of any size is drawn on.
        for (width, height) in [(1, 1), (20, 5), (300, 100)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| board.draw(frame, &now)).unwrap();
        }
    }
}
