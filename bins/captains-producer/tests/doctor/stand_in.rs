//! A stand-in for AWS: answers each question as a table says, and closes the connection after it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread::spawn,
};

/// What is answered to whom: the first line whose word is in the request counts.
#[derive(Debug, Clone)]
pub(crate) struct Answers(pub(crate) Vec<(&'static str, &'static str, String)>);

impl Answers {
    /// The same, but for one question.
    pub(crate) fn with(mut self, word: &'static str, status: &'static str, body: &str) -> Self {
        self.0.insert(0, (word, status, body.to_owned()));
        self
    }

    /// Serves them for as long as the test runs; `http://127.0.0.1:PORT`.
    pub(crate) fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                // A client that goes away early is its own affair.
                let _ = self.answer(connection);
            }
        });
        endpoint
    }

    fn answer(&self, connection: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(connection.try_clone()?);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let request = head + &String::from_utf8_lossy(&body);
        let found = self.0.iter().find(|(word, _, _)| request.contains(word));
        let (_, status, body) = found.expect("every question has an answer");
        // A status may carry headers behind it.
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
            if request.starts_with("HEAD") { 0 } else { body.len() },
            if request.starts_with("HEAD") { "" } else { body },
        );
        (&connection).write_all(answer.as_bytes())
    }
}
