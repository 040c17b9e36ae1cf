//! The book: every command in it is run, its links lead somewhere, and mdbook makes a book of it.
//!
//! A block of `sh` is run in the page's own shell, one of `python` beside it, one after the other, in an empty folder. A comment above a
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

/// What a page may call, beside `firehose-local`.
pub(crate) const PROGRAMS: [&str; 3] = ["captains-producer", "captains-analyzer", "captains-demo"];

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
        for block in commands {
            if let Some(why) = block.note.strip_prefix("not run here: ") {
                left.push(format!("{name}: {why}"));
            }
        }
        run += Page::new(&name, &text).run(&aws);
    }
    assert!(run > 20, "{run}");
    say(&format!(
        "the book: {run} blocks of commands run; {} left out:\n  {}",
        left.len(),
        left.join("\n  ")
    ));
}

/// A page, taken apart.
pub(crate) struct Page<'a> {
    name: &'a str,
    text: &'a str,
    blocks: Vec<Block>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(name: &'a str, text: &'a str) -> Self {
        Self { name, text, blocks: markdown::blocks(text) }
    }

    /// Runs its blocks in one shell, with the AWS CLI in `aws`, and tells how many there were.
    pub(crate) fn run(&self, aws: &Path) -> usize {
        let count = self.blocks.iter().filter(|block| is_run(block)).count();
        if count == 0 {
            return 0;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let cwd = folder.join("cwd");
        fs::create_dir(&cwd).expect("a folder");
        symlink(workspace().join("docs"), cwd.join("docs")).expect("a link");
        let port = free_port();
        let bin = programs(folder, port);
        let emulator = self.text.starts_with("<!-- endpoint: MiniStack -->");
        let emulator = emulator.then(|| ministack(aws, folder));
        let environment = emulator.as_ref().map(|server| local(&server.endpoint));

        let mut script = Command::new("bash");
        script.arg("-c").arg(session(folder, &self.blocks, port)).current_dir(&cwd);
        with_environment(&mut script, folder, &environment.unwrap_or_default());
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [bin, aws.to_owned()].into_iter().chain(env::split_paths(&path));
        script.env("PATH", env::join_paths(folders).expect("a path"));
        script.env("AWS_EC2_METADATA_DISABLED", "true");
        let output = script.output().expect("bash runs");
        let last = fs::read_to_string(folder.join("step")).unwrap_or_default();
        let of = |kind: &str| {
            fs::read_to_string(folder.join(format!("{kind}{}", last.trim()))).unwrap_or_default()
        };
        let at = last.trim().parse().ok().and_then(|at: usize| self.blocks.get(at));
        let at = at.map(|block| block.text.as_str()).unwrap_or_default();
        let told = of("err") + &of("out");
        let name = self.name;
        assert!(output.status.success(), "{name}: {at}\n{told}\n{}", transcript(&output));
        compare(name, folder, &self.blocks);
        count
    }
}

/// Whether a block is run: by the shell, or by a Python that has boto3.
fn is_run(block: &Block) -> bool {
    matches!(block.language.as_str(), "sh" | "python") && !block.note.starts_with("not run here")
}

/// A folder with the programs.
fn programs(folder: &Path, port: u16) -> PathBuf {
    let bin = folder.join("bin");
    fs::create_dir(&bin).expect("a folder");
    for name in PROGRAMS {
        symlink(program(name), bin.join(name)).expect("a link");
    }
    wrapper(&bin.join("firehose-local"), port);
    bin
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
        if !is_run(block) {
            continue;
        }
        let file = folder.join(format!("{at}.{}", block.language));
        // MiniStack writes an object for each record; what a page sends for minutes would take it hours.
        let text = block.text.replace("--duration 5m", "-n 20 --rate 20/s");
        // The programs are built already.
        let text = text.replace("cargo run --release -p ", "").replace(" -- ", " ");
        fs::write(&file, text).expect("a file");
        let (file, to) = (file.display(), folder.display());
        script += &format!("echo {at} > {to}/step\n");
        let how = if block.language == "sh" { "." } else { "python3" };
        let source = format!("{how} {file} > {to}/out{at} 2> {to}/err{at}");
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
        "#!/bin/sh\n\
         case \" $* \" in *' --port '*) exec {program} \"$@\" ;; esac\n\
         if [ \"${{1-}}\" = env ]; then exec {program} \"$@\" --port {port}; fi\n\
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
