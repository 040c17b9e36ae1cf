//! A function as a command: the event by stdin, the answer by stdout.

use std::{
    io::{Read, Write},
    process::{Child, ChildStdout, Command as Process, Stdio},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use firehose_delivery::{FunctionError, LambdaFunction, LambdaProcessor};

/// A line for the shell, run once for each event. What it says on stderr is seen where the
/// endpoint's own is.
#[derive(Debug)]
pub(super) struct Command {
    line: String,
}

impl Command {
    pub(super) fn new(line: &str) -> Self {
        Self { line: line.to_owned() }
    }

    fn process(&self) -> Process {
        #[cfg(windows)]
        let mut process = {
            let mut process = Process::new("cmd");
            process.args(["/C", &self.line]);
            process
        };
        #[cfg(not(windows))]
        let mut process = {
            use std::os::unix::process::CommandExt;
            let mut process = Process::new("sh");
            // A group of its own, so that whatever the shell started can be ended with it.
            process.args(["-c", &self.line]).process_group(0);
            process
        };
        process.stdin(Stdio::piped()).stdout(Stdio::piped());
        process
    }
}

#[async_trait]
impl LambdaFunction for Command {
    async fn invoke(&self, event: Bytes) -> Result<Bytes, FunctionError> {
        let failed = |problem: String| FunctionError::new(format!("`{}`: {problem}", self.line));
        let mut child = self.process().spawn().map_err(|why| failed(why.to_string()))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let mut running = Running(child);
        // Whoever has no use for its input may close it: what counts is the answer.
        let written = tokio::task::spawn_blocking(move || {
            let _ = stdin.map(|mut stdin| stdin.write_all(&event));
        });
        let read = tokio::task::spawn_blocking(move || answer(stdout));
        let answer = read.await.map_err(|why| failed(why.to_string()))?;
        let answer = answer.map_err(|why| failed(why.to_string()))?;
        if answer.len() > LambdaProcessor::MOST_BYTES {
            // It may never end by itself: nobody reads the rest.
            drop(running);
            return Ok(answer.into());
        }
        let status = loop {
            match running.0.try_wait().map_err(|why| failed(why.to_string()))? {
                Some(status) => break status,
                // It has closed its output: the end is near, unless the call is given up first.
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let _ = written.await;
        if status.success() {
            Ok(answer.into())
        } else {
            Err(failed(format!("ended with {status}")))
        }
    }
}

/// What it prints, up to one byte more than is allowed.
fn answer(stdout: Option<ChildStdout>) -> std::io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    if let Some(stdout) = stdout {
        let most = LambdaProcessor::MOST_BYTES as u64 + 1;
        stdout.take(most).read_to_end(&mut answer)?;
    }
    Ok(answer)
}

/// A process that is ended when its call is over, however that comes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            #[cfg(not(windows))]
            let _ = Process::new("sh")
                .args(["-c", &format!("kill -s KILL -- -{}", self.0.id())])
                .stderr(Stdio::null())
                .status();
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    async fn run(line: &str, event: &str) -> Result<String, String> {
        let answer = Command::new(line).invoke(event.to_owned().into()).await;
        answer.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(|e| e.to_string())
    }

    #[tokio::test]
    async fn a_command_answers_what_it_prints_and_fails_by_its_status() {
        let big = "x".repeat(1 << 20);
        assert_eq!(run("cat", &big).await, Ok(big.clone()));
        assert_eq!(run("tr a-z A-Z | cat", "ab").await, Ok("AB".to_owned()));
        assert_eq!(run("echo fixed", &big).await, Ok("fixed\n".to_owned()), "it need not read");
        let told = run("cat; exit 3", "ab").await.unwrap_err();
        assert!(told.contains("`cat; exit 3`: ended with exit status: 3"), "{told}");
        assert!(run("no-such-command-here", "").await.unwrap_err().contains("127"));
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut() {
        let answer = run("yes", "").await.unwrap();
        assert_eq!(answer.len(), LambdaProcessor::MOST_BYTES + 1);
    }

    #[tokio::test]
    async fn a_call_that_is_given_up_ends_its_process() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let line =
            format!("echo $$ > {0}; sleep 1000 | cat; echo late >> {0}", file.path().display());
        let began = Instant::now();
        let command = Command::new(&line);
        let call = command.invoke(Bytes::new());
        assert!(tokio::time::timeout(Duration::from_millis(500), call).await.is_err());
        // The blocking tasks end with the process; otherwise the runtime would wait for them.
        let group = std::fs::read_to_string(file.path()).unwrap().trim().to_owned();
        let alive =
            Process::new("sh").args(["-c", &format!("kill -0 -- -{group}")]).status().unwrap();
        assert!(!alive.success(), "{group}");
        assert!(began.elapsed() < Duration::from_secs(60));
    }
}
