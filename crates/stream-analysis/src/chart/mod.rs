//! Small charts: bars, columns and dots, as SVG for pages and as text for terminals.
//!
//! A chart is data and labels; nothing is measured, fetched or random, so the same data give the
//! same bytes. Colours are CSS variables with a fallback, see [`CHART_CSS`]; every mark has a
//! tooltip that a browser shows by itself.

mod svg;
mod text;

use crate::histogram::round_up;

pub use svg::CHART_CSS;

/// A chart of one series.
///
/// ```
/// use stream_analysis::{Chart, Mark};
///
/// let chart = Chart::bars("mean rating by captain", "rating")
///     .with_marks([Mark::new("Kirk", 501.6), Mark::new("Armstrong", 8_011.3).marked()]);
/// assert!(chart.to_svg().contains("<title>Armstrong: 8,011.3</title>"));
/// assert!(chart.to_text(60).contains("Armstrong  █"));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Chart {
    /// How marks are drawn.
    pub shape: Shape,
    /// What the chart shows; read out by screen readers.
    pub title: String,
    /// What the values are.
    pub unit: String,
    /// Whether values stand on a logarithmic scale.
    pub log: bool,
    /// What is drawn, in order.
    pub marks: Vec<Mark>,
    /// A value at which a line is drawn across, such as a threshold.
    pub line: Option<f64>,
}

/// How the marks of a chart are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// One below the other, to the right: for a few named things.
    Bars,
    /// Side by side, upwards: for bins and steps of time.
    Columns,
    /// A dot for each, in order, from left to right.
    Dots,
}

/// One bar, column or dot.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Mark {
    /// What stands at the axis.
    pub label: String,
    /// Its value; what is negative or not finite is drawn as nothing.
    pub value: f64,
    /// What the tooltip says, if not label and value.
    pub tip: Option<String>,
    /// Drawn in the colour for what is odd.
    pub marked: bool,
}

impl Chart {
    /// Horizontal bars.
    #[must_use]
    pub fn bars(title: impl Into<String>, unit: impl Into<String>) -> Self {
        Self::new(Shape::Bars, title.into(), unit.into())
    }

    /// Columns side by side.
    #[must_use]
    pub fn columns(title: impl Into<String>, unit: impl Into<String>) -> Self {
        Self::new(Shape::Columns, title.into(), unit.into())
    }

    /// A dot for each mark.
    #[must_use]
    pub fn dots(title: impl Into<String>, unit: impl Into<String>) -> Self {
        Self::new(Shape::Dots, title.into(), unit.into())
    }

    /// Adds marks.
    #[must_use]
    pub fn with_marks(mut self, marks: impl IntoIterator<Item = Mark>) -> Self {
        self.marks.extend(marks);
        self
    }

    /// Sets the values on a logarithmic scale, on which one and ten are as far apart as ten and a
    /// hundred. Values below one lie on the ground.
    #[must_use]
    pub fn with_log(mut self, log: bool) -> Self {
        self.log = log;
        self
    }

    /// Draws a line across at this value.
    #[must_use]
    pub fn with_line(mut self, value: Option<f64>) -> Self {
        self.line = value;
        self
    }

    fn new(shape: Shape, title: String, unit: String) -> Self {
        Self { shape, title, unit, log: false, marks: Vec::new(), line: None }
    }

    /// How far a value reaches, 0..=1 of the chart.
    fn reach(&self, value: f64, scale: &Scale) -> f64 {
        let part = match self.log {
            true if value < 1.0 => 0.0,
            // One is seen: it stands a little above the ground.
            true => (value.log10() + 0.15) / (scale.top.log10() + 0.15),
            false => value / scale.top,
        };
        // The sum makes zero of minus zero.
        if part.is_finite() { part.clamp(0.0, 1.0) + 0.0 } else { 0.0 }
    }

    /// The end of the axis and the values with a line on the way there.
    fn scale(&self) -> Scale {
        let values = self.marks.iter().map(|mark| mark.value).chain(self.line);
        let most = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
        if self.log {
            let powers = most.max(10.0).log10().ceil();
            let mut ticks = vec![1.0];
            while ticks.len() as f64 <= powers {
                ticks.push(10_f64.powi(i32::try_from(ticks.len()).unwrap_or(i32::MAX)));
            }
            return Scale { top: 10_f64.powf(powers), ticks };
        }
        if most <= 0.0 {
            return Scale { top: 1.0, ticks: vec![0.0, 1.0] };
        }
        let step = round_up(most / 5.0, 0.0);
        let steps = (most / step * (1.0 - 1e-9)).ceil().max(1.0);
        let mut ticks = vec![0.0];
        while ticks.len() as f64 <= steps {
            ticks.push(ticks.len() as f64 * step);
        }
        Scale { top: steps * step, ticks }
    }
}

struct Scale {
    top: f64,
    ticks: Vec<f64>,
}

impl Mark {
    /// A mark with this label and value.
    #[must_use]
    pub fn new(label: impl Into<String>, value: f64) -> Self {
        Self { label: label.into(), value, tip: None, marked: false }
    }

    /// Says something else in the tooltip.
    #[must_use]
    pub fn with_tip(mut self, tip: impl Into<String>) -> Self {
        self.tip = Some(tip.into());
        self
    }

    /// Draws it as odd.
    #[must_use]
    pub fn marked(mut self) -> Self {
        self.marked = true;
        self
    }
}

/// A number as people read it: digits in groups of three, at most three behind the point.
#[must_use]
pub fn readable(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    if value.abs() >= 1e15 || (value != 0.0 && value.abs() < 1e-3) {
        return format!("{value:e}");
    }
    let text = format!("{:.3}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0.0 && (grouped != "0" || !fraction.is_empty()) { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{fraction}")
}

#[cfg(test)]
mod tests;
