//! Logs of the libraries, on stderr, when asked for.

use tracing_subscriber::EnvFilter;

/// Starts logging: nothing by default, for what matters is said in the answer or the error; with
/// `-v` what the reader does, with `-vv` what lies below it too. A second call changes nothing.
pub fn start(verbose: u8) {
    let filter = match verbose {
        0 => "off",
        1 => "warn,s3_parquet_reader=debug",
        _ => "warn,s3_parquet_reader=trace,object_store=debug,aws_config=debug",
    };
    let format = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).without_time();
    // It fails only where a logger is set already, which then serves.
    let _ = format.with_ansi(false).with_writer(std::io::stderr).try_init();
}
