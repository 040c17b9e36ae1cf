//! A second opinion on the AWS sinks: the suite that every sink is held to, against moto's server.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use aws_config::SdkConfig;
use firehose_sink::{AwsFirehoseSink, AwsKinesisSink, FirehoseSink, conformance};

use crate::clients::{moto_folder, say, sources, transcript};

/// Longer than a start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; it is killed when dropped.
struct Moto {
    child: Child,
    endpoint: String,
}

impl Moto {
    /// With its streams; `None` where it cannot be installed.
    fn start() -> Option<Self> {
        let programs = moto_folder()?.join("venv/bin");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let child = Command::new(programs.join("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto's server starts");
        let moto = Self { child, endpoint: format!("http://{address}") };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < PATIENCE, "moto's server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut script = Command::new(programs.join("python"));
        script.arg("-B").arg(sources("moto").join("streams.py")).arg(&moto.endpoint);
        let made = script.output().expect("Python runs");
        assert!(made.status.success(), "{}", transcript(&made));
        Some(moto)
    }

    async fn configuration(&self) -> SdkConfig {
        integration_tests::sdk_config(&self.endpoint).await
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_finds_every_promise_of_the_sinks_kept() {
    let Some(moto) = Moto::start() else { return };
    let config = moto.configuration().await;
    let firehose = || async {
        Arc::new(AwsFirehoseSink::from_config(&config, "ratings")) as Arc<dyn FirehoseSink>
    };
    let kinesis = || async {
        Arc::new(AwsKinesisSink::from_config(&config, "ratings")) as Arc<dyn FirehoseSink>
    };
    for sink in [firehose().await, kinesis().await] {
        let health = sink.check().await.expect("there").expect("it can tell");
        assert!(health.is_active() && !health.is_aws(), "{health:?}");
    }
    conformance::all(&firehose).await;
    conformance::all(&kinesis).await;
    say("moto: both AWS sinks keep every promise of the conformance suite");
}
