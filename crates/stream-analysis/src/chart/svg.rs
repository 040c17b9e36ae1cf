//! Charts as SVG. Coordinates have one digit behind the point; text is escaped.

use std::fmt::Write as _;

use super::{Chart, Mark, Scale, Shape, readable};
use crate::report::escape;

/// Style for the charts of a page, in light and dark: variables that a page may set itself, and the
/// classes of the marks.
pub const CHART_CSS: &str = "\
:root{--chart-mark:#2f6db3;--chart-odd:#c9462c;--chart-grid:#d8dce2;--chart-text:#4a5261}
@media (prefers-color-scheme:dark){:root{--chart-mark:#6ba4e6;--chart-odd:#ff8d70;--chart-grid:#333a45;--chart-text:#aab3c2}}
.chart{width:100%;height:auto;font:12px system-ui,sans-serif}
.chart text{fill:var(--chart-text)}
.chart .m{fill:var(--chart-mark)}
.chart .o{fill:var(--chart-odd)}
.chart .h{fill:transparent}
.chart g:hover>.m,.chart g:hover>.o{opacity:.7}
.chart line{stroke:var(--chart-grid)}
.chart .l{stroke:var(--chart-odd);stroke-dasharray:4 3}
";

/// Width of every chart, in its own units; a page scales it.
const WIDTH: f64 = 860.0;
/// Height of the part with marks, for columns and dots.
const HEIGHT: f64 = 240.0;
/// Height of a bar with the space around it.
const BAR: f64 = 22.0;
/// Labels below columns are at least so far apart.
const LABEL: f64 = 90.0;

impl Chart {
    /// The chart as one `svg` element, to be put into a page that has [`CHART_CSS`]. Every mark
    /// has a `title`, which browsers show as a tooltip.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let scale = self.scale();
        let (height, body) = match self.shape {
            Shape::Bars => self.bars_svg(&scale),
            Shape::Columns | Shape::Dots => self.columns_svg(&scale),
        };
        let title = escape(&self.title);
        format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" \
             aria-label=\"{title}\">\n{body}</svg>"
        )
    }

    fn bars_svg(&self, scale: &Scale) -> (f64, String) {
        let longest = self.marks.iter().map(|mark| mark.label.chars().count()).max();
        let left = (longest.unwrap_or(0) as f64 * 7.0 + 12.0).clamp(40.0, 320.0);
        let width = WIDTH - left - 90.0;
        let height = self.marks.len() as f64 * BAR;
        let mut body = String::new();
        for tick in &scale.ticks {
            let x = left + self.reach(*tick, scale) * width;
            line(&mut body, (x, 0.0), (x, height), "");
            text(&mut body, (x, height + 16.0), "middle", &readable(*tick));
        }
        for (at, mark) in self.marks.iter().enumerate() {
            let y = at as f64 * BAR;
            let reach = self.reach(mark.value, scale) * width;
            open(&mut body, mark);
            text(&mut body, (left - 8.0, y + 15.0), "end", &mark.label);
            rect(&mut body, (left, y + 3.0), (reach, BAR - 6.0), class(mark));
            text(&mut body, (left + reach + 6.0, y + 15.0), "start", &readable(mark.value));
            body.push_str("</g>\n");
        }
        if let Some(value) = self.line {
            let x = left + self.reach(value, scale) * width;
            line(&mut body, (x, 0.0), (x, height), " class=\"l\"");
        }
        text(&mut body, (left + width, height + 32.0), "end", &self.unit);
        (height + 38.0, body)
    }

    fn columns_svg(&self, scale: &Scale) -> (f64, String) {
        let (left, top) = (70.0, 18.0);
        let width = WIDTH - left - 12.0;
        let base = top + HEIGHT;
        let mut body = String::new();
        text(&mut body, (left, 10.0), "start", &self.unit);
        for tick in &scale.ticks {
            let y = base - self.reach(*tick, scale) * HEIGHT;
            line(&mut body, (left, y), (left + width, y), "");
            text(&mut body, (left - 6.0, y + 4.0), "end", &readable(*tick));
        }
        let step = width / self.marks.len().max(1) as f64;
        let mut labelled = f64::NEG_INFINITY;
        for (at, mark) in self.marks.iter().enumerate() {
            let x = left + at as f64 * step;
            let reach = self.reach(mark.value, scale) * HEIGHT;
            open(&mut body, mark);
            // The whole height answers to the pointer, so that empty bins have their tooltip too.
            rect(&mut body, (x, top), (step, HEIGHT), "h");
            if self.shape == Shape::Dots {
                let (x, y) = (x + step / 2.0, base - reach);
                let _ = write!(
                    body,
                    "<circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>",
                    class(mark)
                );
            } else if mark.value > 0.0 {
                // What is there is seen, however little it is.
                let tall = reach.max(1.0);
                let gap = (step * 0.1).min(1.5);
                rect(&mut body, (x + gap, base - tall), (step - 2.0 * gap, tall), class(mark));
            }
            body.push_str("</g>\n");
            if x - labelled >= LABEL && x + LABEL / 2.0 <= left + width {
                labelled = x;
                text(&mut body, (x, base + 16.0), "start", &mark.label);
            }
        }
        if let Some(value) = self.line {
            let y = base - self.reach(value, scale) * HEIGHT;
            line(&mut body, (left, y), (left + width, y), " class=\"l\"");
        }
        (base + 24.0, body)
    }
}

fn class(mark: &Mark) -> &'static str {
    if mark.marked { "o" } else { "m" }
}

fn open(body: &mut String, mark: &Mark) {
    let tip = match &mark.tip {
        Some(tip) => escape(tip),
        None => escape(&format!("{}: {}", mark.label, readable(mark.value))),
    };
    let _ = write!(body, "<g><title>{tip}</title>");
}

fn line(body: &mut String, from: (f64, f64), to: (f64, f64), class: &str) {
    let ((a, b), (c, d)) = (from, to);
    let _ =
        writeln!(body, "<line{class} x1=\"{a:.1}\" y1=\"{b:.1}\" x2=\"{c:.1}\" y2=\"{d:.1}\"/>");
}

fn rect(body: &mut String, at: (f64, f64), size: (f64, f64), class: &str) {
    let ((x, y), (width, height)) = (at, size);
    let _ = write!(
        body,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
    );
}

fn text(body: &mut String, at: (f64, f64), anchor: &str, words: &str) {
    let ((x, y), words) = (at, escape(words));
    let _ = write!(body, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>");
}
