//! `completions` and `man`: what packages put beside the program.

use std::io::Write;

use clap::{Command, CommandFactory};

use crate::args::{Args, CompletionsArgs, ManArgs};

const NAME: &str = "captains-analyzer";

pub(super) fn completions(
    args: CompletionsArgs,
    out: &mut (dyn Write + Send),
) -> std::io::Result<()> {
    // Into memory first: the generator panics where a pipe is closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), NAME, &mut script);
    out.write_all(&script)
}

pub(super) fn man(args: &ManArgs, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let Some(dir) = &args.dir else {
        return Ok(page(Args::command(), out)?);
    };
    let failed = |error| super::export::not_written(dir, error);
    std::fs::create_dir_all(dir).map_err(failed)?;
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    let mut pages = vec![(NAME.to_owned(), command.clone())];
    pages.extend(command.get_subcommands().map(|sub| {
        let name = format!("{NAME}-{}", sub.get_name());
        (name, sub.clone())
    }));
    for (name, command) in pages {
        let path = dir.join(format!("{name}.1"));
        let mut file = std::fs::File::create(&path).map_err(failed)?;
        page(command, &mut file)?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(())
}

fn page(command: Command, out: &mut dyn Write) -> std::io::Result<()> {
    clap_mangen::Man::new(command).render(out)
}
