use super::*;
use crate::Mark;

fn report() -> HtmlReport {
    let mut table = ReportTable::new([("name", false), ("size", true)]);
    table.rows.push(vec![ReportCell::text("<b>&\"x\""), ReportCell::shown_as("2048", "2.0 KiB")]);
    table.rows.push(vec![ReportCell::text("y"), ReportCell::default()]);
    let chart = Chart::columns("sizes", "objects").with_marks([Mark::new("2 KiB", 1.0)]);
    let section = ReportSection::new("Object sizes")
        .with_text("a < b")
        .with_chart(chart)
        .with_table(table)
        .folded();
    HtmlReport::new("R & D").with_fact("rows", "2").with_section(section)
}

#[test]
fn the_same_parts_give_the_same_bytes_and_need_no_network() {
    let html = report().to_html();
    assert_eq!(html, report().to_html());
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn what_comes_from_the_data_is_escaped() {
    let html = report().to_html();
    assert!(html.contains("<title>R &amp; D</title>"), "{html}");
    assert!(html.contains("<td>&lt;b&gt;&amp;&quot;x&quot;</td>"), "{html}");
    assert!(html.contains("<p>a &lt; b</p>") && !html.contains("<b>"), "{html}");
    assert!(html.contains("<td class=\"n\" data-v=\"2048\">2.0 KiB</td>"), "{html}");
    assert_eq!(escape("a\u{0}\u{7}b"), "ab");
}

#[test]
fn a_section_without_rows_has_no_table() {
    let empty = ReportSection::new("None").with_table(ReportTable::new([("a", false)]));
    let html = HtmlReport::new("x").with_section(empty).to_html();
    assert!(html.contains("<h2>None</h2>") && !html.contains("<table>"), "{html}");
    let folded = report().to_html();
    assert!(folded.contains("<details>") && !folded.contains("<details open>"), "{folded}");
}
