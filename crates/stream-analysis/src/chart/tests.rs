use proptest::prelude::*;

use super::*;

fn heights(svg: &str) -> usize {
    svg.matches("<rect class=\"m\"").count() + svg.matches("<rect class=\"o\"").count()
}

#[test]
fn numbers_read_well() {
    for (value, text) in [
        (0.0, "0"),
        (-0.0, "0"),
        (999.0, "999"),
        (1_000.0, "1,000"),
        (-1_234_567.891_2, "-1,234,567.891"),
        (0.5, "0.5"),
        (1e-9, "1e-9"),
        (1e18, "1e18"),
        (f64::NAN, "-"),
    ] {
        assert_eq!(readable(value), text);
    }
}

#[test]
fn every_mark_has_a_tooltip_and_text_is_escaped() {
    let chart = Chart::columns("a <b> & \"c\"", "rows")
        .with_marks([Mark::new("<script>", 3.0), Mark::new("none", 0.0).with_tip("gap & all")])
        .with_line(Some(2.0));
    let svg = chart.to_svg();
    assert_eq!(svg.matches("<title>").count(), 2);
    assert!(svg.contains("<title>gap &amp; all</title>"), "{svg}");
    assert!(svg.contains("aria-label=\"a &lt;b&gt; &amp; &quot;c&quot;\""), "{svg}");
    assert!(!svg.contains("<script>"), "{svg}");
    assert_eq!(heights(&svg), 1, "an empty column is not drawn");
    assert!(svg.contains("class=\"l\""), "{svg}");
}

#[test]
fn a_logarithmic_scale_shows_one_beside_a_million() {
    let marks = [Mark::new("few", 1.0), Mark::new("many", 1e6), Mark::new("none", 0.0)];
    let chart = Chart::bars("x", "rows").with_marks(marks).with_log(true);
    let scale = chart.scale();
    assert_eq!(scale.ticks.first().copied().zip(scale.ticks.last().copied()), Some((1.0, 1e6)));
    let few = chart.reach(1.0, &scale);
    assert!(few > 0.01 && few < 0.1, "{few}");
    assert_eq!((chart.reach(1e6, &scale), chart.reach(0.0, &scale)), (1.0, 0.0));
}

#[test]
fn a_gap_is_one_line_of_text() {
    let mut marks = vec![Mark::new("0", 8.0)];
    marks.extend((1..9).map(|at| Mark::new(at.to_string(), 0.0)));
    marks.push(Mark::new("9", 4.0).marked());
    let text = Chart::columns("x", "rows").with_marks(marks).to_text(40);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[1], "⋮  nothing in 8, 1 to 8");
    assert!(lines[0].matches('█').count() >= 2 * lines[2].matches('█').count() - 1, "{text}");
    assert!(lines[2].ends_with("4 ◀"), "{text}");
}

proptest! {
    #[test]
    fn any_numbers_can_be_drawn(
        values in prop::collection::vec(prop::num::f64::ANY, 0..40),
        log in any::<bool>(),
        width in 0..200_usize,
    ) {
        let marks: Vec<Mark> =
            values.iter().map(|value| Mark::new("a\x1b", *value)).collect();
        for chart in [Chart::bars("t", "u"), Chart::columns("t", "u"), Chart::dots("t", "u")] {
            let chart = chart.with_marks(marks.clone()).with_log(log);
            let svg = chart.to_svg();
            prop_assert!(!svg.contains("NaN") && !svg.contains("\"inf") && !svg.contains("=\"-"), "{}", svg);
            let text = chart.to_text(width);
            prop_assert!(!text.contains('\x1b'));
        }
    }
}
