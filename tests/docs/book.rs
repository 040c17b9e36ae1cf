//! The book: every command in it is run, its links lead somewhere, and mdbook makes a book of it.
//!
//! A block of `sh` is run in the page's own shell, one after the other, in an empty folder. A comment above a
//! block says otherwise:
//!
//! | comment | |
//! |---|---|
//! | `background` | a server: runs on while the page goes on |
//! | `fails` | must fail |
//! | `exactly` | above `text`: what the block before it prints |
//! | `says` | above `text`: what the block before it tells on stderr, among other things |
//! | `not run here: …` | why, and who does it |
//! | `endpoint: MiniStack` | on the first line of a page: an emulator of AWS is there already |

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use integration_tests::{
    build_directory,
    foreign::{say, transcript},
    program, workspace,
};

use crate::{
    cloudformation::{local, ministack},
    markdown::{self, Block},
    tools::{checks_programs, with_environment},
};

const PROGRAMS: [&str; 3] = ["captains-producer", "captains-analyzer", "captains-demo"];

fn pages() -> Vec<PathBuf> {
    let folder = workspace().join("docs/src");
    let summary = fs::read_to_string(folder.join("SUMMARY.md")).expect("a summary");
    let named: Vec<_> = markdown::links(&summary).iter().map(|link| folder.join(link)).collect();
    let mut there: Vec<_> = fs::read_dir(&folder)
        .expect("a folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .filter(|path| !path.ends_with("SUMMARY.md"))
        .collect();
    there.sort();
    for page in &there {
        assert!(named.contains(page), "{} is not in SUMMARY.md", page.display());
    }
    there
}

#[test]
fn every_command_in_the_book_runs() {
    let Some(aws) = checks_programs() else { return };
    let (mut run, mut left) = (0, Vec::new());
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        let blocks = markdown::blocks(&text);
        let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let commands = blocks.iter().filter(|block| block.language == "sh");
        for block in commands.clone() {
            if let Some(why) = block.note.strip_prefix("not run here: ") {
                left.push(format!("{name}: {why}"));
            }
        }
        let runnable = commands.filter(|block| !block.note.starts_with("not run here")).count();
        if runnable > 0 {
            run_page(&name, &text, &blocks, &aws);
            run += runnable;
        }
    }
    assert!(run > 20, "{run}");
    say(&format!(
        "the book: {run} blocks of commands run; {} left out:\n  {}",
        left.len(),
        left.join("\n  ")
    ));
}

/// Runs a page's blocks in one shell.
fn run_page(name: &str, text: &str, blocks: &[Block], aws: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let (bin, cwd) = (folder.path().join("bin"), folder.path().join("cwd"));
    fs::create_dir(&bin).expect("a folder");
    fs::create_dir(&cwd).expect("a folder");
    symlink(workspace().join("docs"), cwd.join("docs")).expect("a link");
    for program_name in PROGRAMS {
        symlink(program(program_name), bin.join(program_name)).expect("a link");
    }
    let port = free_port();
    wrapper(&bin.join("firehose-local"), port);
    let emulator =
        text.starts_with("<!-- endpoint: MiniStack -->").then(|| ministack(aws, folder.path()));
    let environment = emulator.as_ref().map(|server| local(&server.endpoint)).unwrap_or_default();

    let mut script = Command::new("bash");
    script.arg("-c").arg(session(folder.path(), blocks, port)).current_dir(&cwd);
    with_environment(&mut script, folder.path(), &environment);
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [bin, aws.to_owned()].into_iter().chain(env::split_paths(&path));
    script.env("PATH", env::join_paths(folders).expect("a path"));
    script.env("AWS_EC2_METADATA_DISABLED", "true");
    let output = script.output().expect("bash runs");
    let last = fs::read_to_string(folder.path().join("step")).unwrap_or_default();
    let of = |kind: &str| {
        let file = folder.path().join(format!("{kind}{}", last.trim()));
        fs::read_to_string(file).unwrap_or_default()
    };
    let told = of("err") + &of("out");
    assert!(output.status.success(), "{name}, block {last}:\n{told}\n{}", transcript(&output));
    compare(name, folder.path(), blocks);
}

/// What stands under a block is what it printed.
fn compare(name: &str, folder: &Path, blocks: &[Block]) {
    let mut before = 0;
    for (at, block) in blocks.iter().enumerate() {
        match (block.language.as_str(), block.note.as_str()) {
            ("sh", _) => before = at,
            ("text", "exactly") => {
                let printed =
                    fs::read_to_string(folder.join(format!("out{before}"))).expect("a file");
                assert_eq!(printed, block.text, "{name}");
            }
            ("text", "says") => {
                let told = fs::read_to_string(folder.join(format!("err{before}"))).expect("a file");
                assert!(
                    told.contains(block.text.trim()),
                    "{name}: {told}\nand not\n{}",
                    block.text
                );
            }
            _ => {}
        }
    }
}

/// A script of bash that runs the blocks and ends where one does not do what it should.
fn session(folder: &Path, blocks: &[Block], port: u16) -> String {
    let mut script = String::from(
        "set -eu\nservers=()\ntrap 'kill \"${servers[@]}\" 2>/dev/null || true' EXIT\n",
    );
    for (at, block) in blocks.iter().enumerate() {
        if block.language != "sh" || block.note.starts_with("not run here") {
            continue;
        }
        let file = folder.join(format!("{at}.sh"));
        // MiniStack writes an object for each record; what a page sends for minutes would take it hours.
        let text = block.text.replace("--duration 5m", "-n 20 --rate 20/s");
        fs::write(&file, text).expect("a file");
        let (file, to) = (file.display(), folder.display());
        script += &format!("echo {at} > {to}/step\n");
        let source = format!(". {file} > {to}/out{at} 2> {to}/err{at}");
        script += &match block.note.as_str() {
            "background" => format!(
                "( {source} ) &\nservers+=($!)\n\
                 for i in $(seq 600); do (: < /dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.1; done\n"
            ),
            "fails" => format!("if ( {source} ); then echo did not fail; exit 1; fi\n"),
            _ => format!("{source}\n"),
        };
    }
    script
}

/// `firehose-local` on a port that nobody else has.
fn wrapper(path: &Path, port: u16) {
    let program = program("firehose-local");
    let program = program.display();
    let script = format!(
        "#!/bin/sh\nif [ \"${{1-}}\" = env ]; then exec {program} \"$@\" --port {port}; fi\n\
         exec {program} --port {port} \"$@\"\n"
    );
    fs::write(path, script).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it may be run");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The pages that people read first, and where a link from each may lead.
#[test]
fn links_lead_somewhere() {
    let mut all = 0;
    let book = workspace().join("docs/src");
    let mut pages = pages();
    pages.push(book.join("SUMMARY.md"));
    for name in ["README.md", "CONTRIBUTING.md", "SECURITY.md", ".devcontainer/README.md"] {
        pages.push(workspace().join(name));
    }
    for parent in ["crates", "bins"] {
        let folders = fs::read_dir(workspace().join(parent)).expect("a folder");
        pages.extend(folders.filter_map(|folder| Some(folder.ok()?.path().join("README.md"))));
    }
    for page in pages.iter().filter(|page| page.exists()) {
        let text = fs::read_to_string(page).expect("a page");
        for link in markdown::links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = page.parent().expect("a page lies in a folder");
            let target = if path.is_empty() { page.clone() } else { folder.join(path) };
            let at = format!("{}: {link}", page.display());
            let target = target.canonicalize().unwrap_or_else(|why| panic!("{at}: {why}"));
            // A page of the book has no neighbours but the book's.
            assert!(!page.starts_with(&book) || target.starts_with(&book), "{at} leaves the book");
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).expect("a page");
                assert!(
                    markdown::anchors(&text).iter().any(|own| own == anchor),
                    "{at}: no such heading"
                );
            }
            all += 1;
        }
    }
    assert!(all > 30, "{all}");
    say(&format!("{all} links lead somewhere"));
}

#[test]
fn mdbook_makes_a_book_of_it() {
    let paths = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&paths).collect();
    folders.push(build_directory().join("../tools/bin"));
    let Some(mdbook) =
        folders.iter().map(|folder| folder.join("mdbook")).find(|path| path.is_file())
    else {
        assert!(env::var_os("CI").is_none(), "mdbook is not there; .ci/run installs it");
        return say("skipped: no mdbook: cargo install --locked mdbook");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut build = Command::new(mdbook);
    build.arg("build").arg("--dest-dir").arg(folder.path()).arg(workspace().join("docs"));
    let output = build.output().expect("mdbook runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !told.contains("WARN") && !told.contains("ERROR"), "{told}");
    for page in pages() {
        let name = page.with_extension("html");
        let page = folder.path().join(name.file_name().expect("a name"));
        assert!(page.exists(), "{}", page.display());
    }
}
