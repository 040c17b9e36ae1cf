//! Answers on a terminal: the latest window's table, and the windows before it by their totals.

use std::collections::VecDeque;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Stylize;
use ratatui::widgets::{Block, Paragraph, Row, Table};
use stream_analysis::continuous::ClosedWindow;

use super::View;
use super::lines::{names, rows};
use super::live::Standing;
use crate::Cell;
use crate::args::StreamArgs;
use crate::commands::ongoing::{Screen, people};
use crate::commands::timeline;

/// Closed windows that are listed.
const KEPT: usize = 100;
/// Rows of an answer that are drawn, at most.
const DRAWN: usize = 200;

/// The table on the terminal.
pub(super) struct Display {
    screen: Screen,
    board: Board,
}

/// What is drawn; apart from the terminal, so that a test can draw it.
struct Board {
    title: String,
    names: Vec<String>,
    rows: Vec<Vec<Cell>>,
    /// Start and end in microseconds, rows in the window, rows of the answer.
    closed: VecDeque<(i64, i64, u64, usize)>,
}

impl Display {
    pub(super) fn start(args: &StreamArgs) -> anyhow::Result<Self> {
        Ok(Self { screen: Screen::start()?, board: Board::new(args) })
    }
}

impl View for Display {
    fn closed(&mut self, window: &ClosedWindow) -> anyhow::Result<()> {
        self.board.close(window)
    }

    fn tick(&mut self, now: &Standing) -> anyhow::Result<bool> {
        Ok(self.screen.draw(|frame| self.board.draw(frame, now))?)
    }
}

impl Board {
    fn new(args: &StreamArgs) -> Self {
        let title = format!("SQL on {}", args.source);
        Self { title, names: Vec::new(), rows: Vec::new(), closed: VecDeque::new() }
    }

    fn close(&mut self, window: &ClosedWindow) -> anyhow::Result<()> {
        let answer = &window.answer;
        let totals = (window.start_micros, window.end_micros, window.rows, answer.num_rows());
        self.closed.push_front(totals);
        self.closed.truncate(KEPT);
        self.names = names(answer);
        self.rows = rows(&answer.slice(0, answer.num_rows().min(DRAWN)))?;
        Ok(())
    }

    fn draw(&self, frame: &mut Frame<'_>, now: &Standing) {
        let [head, answer, closed, foot] = Layout::vertical([
            Constraint::Length(2),
            Constraint::Min(8),
            Constraint::Length(9),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let Standing { counts, bad, held_bytes, is_caught_up } = now;
        let held = bytesize::ByteSize::b(*held_bytes as u64);
        let state = if *is_caught_up { "up to date" } else { "catching up" };
        let counts = format!(
            "{} rows, {} late, {bad} bad records; open windows hold {held}; {state}",
            counts.rows, counts.late
        );
        let head_lines = vec![people(&self.title).bold().into(), counts.into()];
        frame.render_widget(Paragraph::new(head_lines), head);
        self.answer(frame, answer);
        self.totals(frame, closed);
        frame.render_widget(Paragraph::new("q leaves").dim(), foot);
    }

    fn answer(&self, frame: &mut Frame<'_>, area: Rect) {
        let title = match self.closed.front() {
            Some((start, end, ..)) => format!(" window {} to {} ", time(*start), time(*end)),
            None => " no window has closed yet ".to_owned(),
        };
        let row = |cells: &Vec<Cell>| Row::new(cells.iter().map(Cell::for_people));
        let widths = self.names.iter().map(|_| Constraint::Fill(1));
        let header = Row::new(self.names.iter().map(|name| people(name))).bold();
        let table = Table::new(self.rows.iter().map(row).collect::<Vec<_>>(), widths)
            .header(header)
            .block(Block::bordered().title(title));
        frame.render_widget(table, area);
    }

    fn totals(&self, frame: &mut Frame<'_>, area: Rect) {
        let row = |(start, _, rows, answer): &(i64, i64, u64, usize)| {
            Row::new([time(*start), rows.to_string(), answer.to_string()])
        };
        let widths = [Constraint::Fill(2), Constraint::Fill(1), Constraint::Fill(1)];
        let table = Table::new(self.closed.iter().map(row).collect::<Vec<_>>(), widths)
            .header(Row::new(["closed windows", "rows", "rows of the answer"]).bold())
            .block(Block::bordered());
        frame.render_widget(table, area);
    }
}

/// RFC 3339, seconds.
fn time(micros: i64) -> String {
    timeline::time(micros as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int32Array, RecordBatch, StringArray};
    use clap::Parser;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use stream_analysis::continuous::{ContinuousQuery, QueryOptions};

    use super::*;
    use crate::{Args, Command};

    #[tokio::test]
    async fn the_latest_answer_and_the_totals_are_drawn() {
        let args = Args::parse_from(["captains-analyzer", "stream", "kinesis://ratings"]);
        let Command::Stream(args) = args.command else { panic!("it is `stream`") };
        let names = StringArray::from(vec!["Kirk", "Solo\x1b[2J", "Kirk"]);
        let batch = RecordBatch::try_from_iter([
            ("favoritecaptain", Arc::new(names) as _),
            ("rating", Arc::new(Int32Array::from(vec![10, 8_000, 1])) as _),
            ("timestamp", Arc::new(Float64Array::from(vec![0.0, 1.0, 500.0])) as _),
        ])
        .unwrap();
        let options = QueryOptions::captain_scores("favoritecaptain", "rating");
        let options = options.with_event_time("timestamp");
        let mut query = ContinuousQuery::start(&batch.schema(), options).await.unwrap();
        query.push(&batch, 0.0).unwrap();
        let window = query.next_closed().await.unwrap().unwrap();
        let mut board = Board::new(&args);
        board.close(&window).unwrap();
        let now = Standing { counts: query.counts(), is_caught_up: true, ..Standing::default() };

        let mut terminal = Terminal::new(TestBackend::new(120, 24)).unwrap();
        terminal.draw(|frame| board.draw(frame, &now)).unwrap();
        let drawn = terminal.backend().to_string();
        for words in [
            "SQL on kinesis://ratings",
            "3 rows, 0 late, 0 bad records",
            "up to date",
            "window 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z",
            "average_rating",
            "8000",
            "closed windows",
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
