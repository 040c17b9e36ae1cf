//! Logs of the libraries, on stderr, when asked for.

use tracing_subscriber::EnvFilter;

/// Starts logging: nothing by default, for what matters the programs tell in sentences of their
/// own; with `-v` what our library `own` does, with `-vv` what lies below it too. A second call
/// changes nothing.
pub fn start_logs(verbose: u8, own: &str) {
    let filter = match verbose {
        0 => "off".to_owned(),
        1 => format!("warn,{own}=debug"),
        _ => format!("info,{own}=trace,object_store=debug,aws_config=debug"),
    };
    let format = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).without_time();
    // It fails only where a logger is set already, which then serves.
    let _ = format.with_ansi(false).with_writer(std::io::stderr).try_init();
}
