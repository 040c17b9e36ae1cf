//! Logs of the libraries, on stderr, when asked for.

use tracing_subscriber::filter::LevelFilter;

/// Starts logging: errors by default, for what the libraries warn of is told in sentences of our
/// own; more for each `-v`. A second call changes nothing.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::ERROR,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let format = tracing_subscriber::fmt().with_max_level(level).without_time();
    // It fails only where a logger is set already, which then serves.
    let _ = format.with_ansi(false).with_writer(std::io::stderr).try_init();
}
