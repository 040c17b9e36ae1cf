//! A real browser, headless: opens a page in either colour scheme, runs a script in it, and hands
//! back what the script found and what the console said.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names that Chromium goes by; `CHROMIUM` in the environment wins.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The colour scheme that the page is to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Dark,
    Light,
}

/// What became of a page.
#[derive(Debug)]
pub(crate) struct Visit {
    /// What the script left in the element `results`, line by line.
    pub(crate) results: Vec<String>,
    /// What the console said: errors, warnings, and what the page wrote itself.
    pub(crate) console: Vec<String>,
}

/// The browser; `None` where there is none, which is said, and fails where `CI` is set.
pub(crate) fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = named.or_else(|| {
        let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
        let all = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        all.into_iter().find(|path| path.is_file())
    });
    if found.is_none() {
        let said = "there is no Chromium: apt-get install chromium, or set CHROMIUM";
        assert!(std::env::var_os("CI").is_none(), "{said}");
        let _ = writeln!(std::io::stderr(), "skipped: {said}");
    }
    found
}

/// Opens the page with `script` at its end.
pub(crate) fn visit(browser: &Path, page: &str, scheme: Scheme, script: &str) -> Visit {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("page.html");
    let script = format!("<pre id=\"results\"></pre><script>{script}</script></body>");
    assert!(page.contains("</body>"));
    fs::write(&file, page.replacen("</body>", &script, 1)).unwrap();
    let scheme = match scheme {
        Scheme::Dark => 0,
        Scheme::Light => 1,
    };
    let output = Command::new(browser)
        // A sandbox of its own it cannot have as root, in a container.
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom"])
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(format!("--user-data-dir={}", dir.path().join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let (dom, log) = (text(&output.stdout), text(&output.stderr));
    let start = dom.find("<pre id=\"results\">").unwrap_or_else(|| panic!("{output:?}"));
    let results = dom[start..].split_once('>').unwrap().1.split_once("</pre>").unwrap().0;
    Visit {
        results: results.lines().map(str::to_owned).collect(),
        console: log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
