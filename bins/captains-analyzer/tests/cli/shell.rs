//! `completions` and `man`.

use crate::fixture::{done, run};

#[test]
fn completions_exist_for_every_shell() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = done(dir.path(), &["completions", shell]);
        assert!(script.contains("captains-analyzer") && script.contains("anomalies"), "{shell}");
    }
    let unknown = run(dir.path(), &["completions", "tcsh"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
}

#[test]
fn the_manual_has_a_page_for_the_program_and_for_each_command() {
    let dir = tempfile::tempdir().unwrap();
    let page = done(dir.path(), &["man"]);
    assert!(page.contains(".TH captains-analyzer 1") && page.contains("Exit codes"), "{page}");
    let written = done(dir.path(), &["man", "--dir", "pages"]);
    // The program's, and one for each command.
    let built =
        [(cfg!(feature = "s3"), 2), (cfg!(feature = "sql"), 1), (cfg!(feature = "stream"), 1)];
    let pages: usize =
        19 + built.iter().filter(|(is, _)| *is).map(|(_, pages)| pages).sum::<usize>();
    assert_eq!(written.lines().count(), pages, "{written}");
    let page = std::fs::read_to_string(dir.path().join("pages/captains-analyzer-hist.1")).unwrap();
    assert!(page.contains("captains\\-analyzer\\-hist") && page.contains("bins"), "{page}");
}
