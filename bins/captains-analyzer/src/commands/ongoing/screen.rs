//! A terminal while something is drawn on it.

use std::io;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::{DefaultTerminal, Frame};

use crate::Cell;

/// The terminal; it is given back when this is dropped.
pub(in crate::commands) struct Screen(DefaultTerminal);

impl Screen {
    pub(in crate::commands) fn start() -> io::Result<Self> {
        // Also gives the terminal back when the program panics.
        ratatui::try_init().map(Self)
    }

    /// Draws, and says whether the reader has had enough.
    pub(in crate::commands) fn draw(
        &mut self,
        draw: impl FnOnce(&mut Frame<'_>),
    ) -> io::Result<bool> {
        self.0.draw(draw)?;
        // Keys that are there already; the table does not wait for any.
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Char('q') | KeyCode::Esc => return Ok(true),
                    // Not Ctrl-D, which a terminal whose input has ended sends by itself.
                    KeyCode::Char('c') if control => return Ok(true),
                    _ => {}
                }
            }
        }
        Ok(false)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// What comes from the data cannot steer the terminal.
pub(in crate::commands) fn people(text: &str) -> String {
    Cell::text(text).for_people()
}
