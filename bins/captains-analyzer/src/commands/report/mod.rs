//! `report`: one page with all that an analyst asks first. `gather` reads, `sections` writes.

mod gather;
mod sections;

use std::io::Write;
use std::path::Path;

use crate::args::{ReportArgs, Shared};
use crate::source;
use crate::{Answer, Cell, Section};

use gather::Findings;

/// A page is at most so large, in bytes.
const PAGE_BYTES: usize = 500_000;

pub(super) async fn run(
    shared: &Shared,
    args: &ReportArgs,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Option<Answer>> {
    let findings = gather::gather(shared, args).await?;
    let page = page(args, &findings);
    if args.output == Path::new("-") {
        out.write_all(page.as_bytes())?;
        return Ok(None);
    }
    std::fs::write(&args.output, &page)
        .map_err(|error| super::export::not_written(&args.output, error))?;
    let mut section = Section::new("written", ["file", "bytes"]);
    let file = args.output.display().to_string();
    section.rows = vec![vec![Cell::text(file), Cell::Bytes(page.len() as u64)]];
    let answer = Answer { sections: vec![section], ..Answer::default() };
    Ok(Some(source::with_report(answer, &args.read, &findings.report)))
}

/// The page, with as many rows in its tables as fit.
fn page(args: &ReportArgs, findings: &Findings) -> String {
    let mut rows = 300;
    loop {
        let page = sections::report(args, findings, rows).to_html();
        if page.len() <= PAGE_BYTES || rows == 0 {
            return page;
        }
        rows /= 2;
    }
}
