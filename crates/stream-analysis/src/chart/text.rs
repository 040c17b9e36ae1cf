//! Charts as text: a line for each mark, with a bar in eighths of a character.

use std::fmt::Write as _;

use super::{Chart, Mark, Scale, readable};

/// Parts of a character cell, from one eighth to all eight.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Runs of more empty marks than this are told in one line.
const EMPTY_RUN: usize = 3;

/// Labels are cut to so many characters.
const LABEL: usize = 40;

impl Chart {
    /// The chart as lines of at most `width` characters (at least 40): label, bar, value. A run of
    /// empty marks becomes one line that says how many there are, so that a gap is seen and does
    /// not fill the screen. Marks that are odd end in `◀`. Control characters in labels are left
    /// out.
    #[must_use]
    pub fn to_text(&self, width: usize) -> String {
        let scale = self.scale();
        let labels = self.marks.iter().map(|mark| clean(&mark.label).chars().count()).max();
        let labels = labels.unwrap_or_default();
        let values = self.marks.iter().map(|mark| readable(mark.value).len()).max();
        // Two spaces on either side of the bar, and two characters for the sign of oddness.
        let room = width.max(40).saturating_sub(labels + values.unwrap_or_default() + 6).max(8);
        let mut text = String::new();
        let mut rest = self.marks.as_slice();
        while let Some(mark) = rest.first() {
            let empty = rest.iter().take_while(|mark| mark.value <= 0.0).count();
            if empty > EMPTY_RUN {
                let until = rest.get(empty - 1).unwrap_or(mark);
                let (from, until) = (clean(&mark.label), clean(&until.label));
                let _ = writeln!(text, "{:>labels$}  nothing in {empty}, {from} to {until}", "⋮");
                rest = rest.get(empty..).unwrap_or_default();
                continue;
            }
            self.line_of(mark, &scale, (labels, room), &mut text);
            rest = rest.get(1..).unwrap_or_default();
        }
        text
    }

    fn line_of(&self, mark: &Mark, scale: &Scale, widths: (usize, usize), text: &mut String) {
        let (labels, room) = widths;
        let label = clean(&mark.label);
        let bar = bar(self.reach(mark.value, scale), room, mark.value > 0.0);
        let sign = if mark.marked { " ◀" } else { "" };
        let value = readable(mark.value);
        let _ = writeln!(text, "{label:>labels$}  {bar}  {value}{sign}");
    }
}

/// A bar over a part of the room; what is there has at least an eighth.
fn bar(part: f64, room: usize, present: bool) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of 0 to 1 of a few hundred characters"
    )]
    let eighths = (part * room as f64 * 8.0).round() as usize;
    let eighths = eighths.max(usize::from(present));
    let mut bar = "█".repeat(eighths / 8);
    if let Some(rest) = (eighths % 8).checked_sub(1).and_then(|at| EIGHTHS.get(at)) {
        bar.push(*rest);
    }
    bar
}

fn clean(label: &str) -> String {
    let label: String = label.chars().filter(|c| !c.is_control()).collect();
    match label.char_indices().nth(LABEL) {
        Some((at, _)) => format!("{}…", label.get(..at).unwrap_or_default()),
        None => label,
    }
}
