//! `report`: one page, the same each time, that works in a real browser without a network.

use std::fs;

use crate::browser::{Scheme, browser, visit};
use crate::fixture::{batch, done, json, program, ratings, run, write};

/// What a reader does, and what then has to be so. Each line of the results begins with `ok` or not.
const SCRIPT: &str = r"
const lines = [];
const check = (name, ok) => lines.push((ok ? 'ok ' : 'FAILED ') + name);
const show = () => { document.getElementById('results').textContent = lines.join('\n'); };
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
lines.push('scheme ' + (dark ? 'dark' : 'light'));
lines.push('page ' + getComputedStyle(document.body).backgroundColor);
lines.push('mark ' + getComputedStyle(document.querySelector('.chart .m')).fill);

check('five charts are there, and each mark has a tooltip', document.querySelectorAll('svg.chart').length >= 5
  && Array.from(document.querySelectorAll('svg.chart g')).every(g => g.firstChild.nodeName === 'title'));
check('each chart has a name', Array.from(document.querySelectorAll('svg.chart'))
  .every(svg => svg.getAttribute('role') === 'img' && svg.getAttribute('aria-label')));
check('each chart has a table behind it', Array.from(document.querySelectorAll('section'))
  .every(section => section.querySelector('table')));

const table = document.querySelectorAll('table')[1];
const column = name => Array.from(table.tHead.rows[0].cells).findIndex(head => head.textContent === name);
const cells = name => Array.from(table.tBodies[0].rows).map(row => row.cells[column(name)]);
const numbers = name => cells(name).map(cell => Number(cell.dataset.v ?? cell.textContent));
const press = name => table.tHead.rows[0].cells[column(name)].querySelector('button').click();
const rising = list => list.every((value, at) => at === 0 || list[at - 1] <= value);
check('it starts with the largest group', !rising(numbers('count')));
press('mean');
check('numbers rise at the first click', rising(numbers('mean')) && numbers('mean').length === 3);
press('mean');
check('and fall at the second', rising(numbers('mean').reverse()) && !rising(numbers('mean')));
check('the head says so', table.tHead.rows[0].cells[column('mean')].getAttribute('aria-sort') === 'descending');
press('favoritecaptain');
check('words sort as words', rising(cells('favoritecaptain').map(cell => cell.textContent)));
check('one head alone is marked', table.querySelectorAll('th[aria-sort]').length === 1);

let blob = null;
URL.createObjectURL = made => { blob = made; return '#'; };
table.closest('details').querySelector('.csv').click();
check('a click makes a CSV', blob !== null && blob.type === 'text/csv');
blob.text().then(text => {
  const rows = text.trim().split('\n');
  check('with the exact values', rows[0].startsWith('favoritecaptain,count,share,')
    && rows.some(row => row.startsWith('Neil Armstrong,6,0.04,7000,')));
  show();
}, error => { check('the CSV can be read: ' + error, false); show(); });
";

#[test]
fn the_page_works_in_a_browser_in_both_colour_schemes() {
    let Some(browser) = browser() else { return };
    let dir = ratings();
    let page = done(dir.path(), &["report", "ratings", "-o", "-"]);
    let mut colours = Vec::new();
    for (scheme, name) in [(Scheme::Light, "scheme light"), (Scheme::Dark, "scheme dark")] {
        let visit = visit(&browser, &page, scheme, SCRIPT);
        assert_eq!(visit.console, [""; 0], "{scheme:?}");
        assert_eq!(visit.results.first().map(String::as_str), Some(name), "{visit:?}");
        assert!(visit.results.len() > 12, "{visit:?}");
        let failed = visit.results.iter().filter(|line| line.starts_with("FAILED"));
        assert_eq!(failed.count(), 0, "{scheme:?}: {visit:#?}");
        colours.push(visit.results[1..3].to_vec());
    }
    assert_ne!(colours[0][0], colours[1][0], "the page follows the scheme");
    assert_ne!(colours[0][1], colours[1][1], "and so do the charts");
}

/// So that the test above can fail.
#[test]
fn an_error_of_a_page_is_noticed() {
    let Some(browser) = browser() else { return };
    let page = "<!doctype html><html><body><p>x</p></body></html>";
    let thrown = visit(&browser, page, Scheme::Light, "throw new Error('as planned')");
    assert!(thrown.console.iter().any(|line| line.contains("as planned")), "{thrown:?}");
    let refused = visit(
        &browser,
        "<!doctype html><meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; script-src 'unsafe-inline'\"><body><img src='https://example.org/x.png'></body>",
        Scheme::Light,
        "",
    );
    assert!(
        refused.console.iter().any(|line| line.contains("Content Security Policy")),
        "{refused:?}"
    );
}

#[test]
fn the_same_objects_give_the_same_bytes() {
    let dir = ratings();
    let written = json(dir.path(), &["report", "ratings"]);
    let page = fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert_eq!(written["written"][0]["bytes"].as_u64(), Some(page.len() as u64));
    assert_eq!(done(dir.path(), &["report", "ratings", "-o", "-"]), page);
    // In another order of arrival, and on another day, too.
    let other = ratings();
    let mut command = program(other.path());
    let late =
        command.env("TZ", "Pacific/Auckland").args(["report", "ratings", "-o", "-"]).output();
    assert_eq!(String::from_utf8(late.unwrap().stdout).unwrap(), page);
    for outside in ["http:", "https:", " src=", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_page_says_what_an_analyst_asks_first() {
    let dir = ratings();
    let page = done(dir.path(), &["report", "ratings", "-o", "-"]);
    for words in [
        "<dt>rows</dt><dd>150</dd>",
        "<dt>objects</dt><dd>3</dd>",
        "All 6 values of rating with favoritecaptain Neil Armstrong lie above every other",
        "150 values of rating in bins of 100; nothing from 100 to 7,000.",
        "150 rows from 2022-01-08T06:20:00Z",
        "50 late, 0 ahead",
        "6 of 6 found, 0 wrong; precision 1.0000, recall 1.0000.",
        "rating 9000 lies",
        "Object",
    ] {
        assert!(page.contains(words), "`{words}` is not in the page");
    }
}

#[test]
fn a_page_of_many_objects_stays_below_half_a_megabyte() {
    let dir = tempfile::tempdir().unwrap();
    let long = "x".repeat(120);
    for object in 0..700_u32 {
        let key = format!("ratings2022/01/08/06/{long}-{object:04}.parquet");
        write(&dir.path().join(key), &batch(object));
    }
    let args = ["report", "ratings", "--group-by", "user", "-o", "-"];
    let page = done(dir.path(), &args);
    assert!(page.len() <= 500_000, "{}", page.len());
    assert!(page.contains("more are left out"), "the page says that it leaves rows out");
}

#[test]
fn a_page_without_times_or_with_damaged_objects_says_so() {
    let dir = ratings();
    fs::write(dir.path().join("ratings2022/01/08/06/bad.parquet"), "<html>").unwrap();
    let refused = run(dir.path(), &["report", "ratings"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(!dir.path().join("report.html").exists());
    let args = ["report", "ratings", "--on-bad", "skip", "-o", "-"];
    assert!(done(dir.path(), &args).contains("Left out: ratings2022/01/08/06/bad.parquet"));

    let bare = tempfile::tempdir().unwrap();
    write(&bare.path().join("a.parquet"), &batch(0).project(&[1, 2]).unwrap());
    let page = done(bare.path(), &["report", ".", "-o", "-"]);
    assert!(!page.contains("<h2>Arrivals</h2>"));
    let named = run(bare.path(), &["report", ".", "--time", "when"]);
    assert_eq!(named.code, 2, "{named:?}");
}
