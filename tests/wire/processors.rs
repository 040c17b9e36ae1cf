//! `--lambda`: processors whose functions are somebody else's, a server and a command in Python.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use integration_tests::FirehoseLocal;

use crate::clients::{check, python, python_program, sources};

/// A function behind a port; it is ended when dropped.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn boto3_makes_streams_with_lambda_processors() {
    let Some(program) = python("processors.py") else { return };
    let Some(interpreter) = python_program() else { return };
    let function = sources("python").join("function.py");
    let mut serve = Command::new(&interpreter);
    serve.arg("-B").arg(&function).arg("serve").stdout(Stdio::piped());
    let mut served = Served(serve.spawn().expect("a function is served"));
    let mut port = String::new();
    let stdout = served.0.stdout.take().expect("stdout is piped");
    BufReader::new(stdout).read_line(&mut port).expect("it tells its port");
    let port = port.trim();
    // The path is that of Lambda's own emulator.
    let web = format!("web=http://127.0.0.1:{port}/2015-03-31/functions/function/invocations");
    let piped = format!("piped='{}' -B '{}'", interpreter.display(), function.display());
    let endpoint = FirehoseLocal::start(&["--lambda", &web, "--lambda", &piped]);
    check("boto3, Lambda processors", program, &endpoint);
}
