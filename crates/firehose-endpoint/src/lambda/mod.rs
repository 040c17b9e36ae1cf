//! What stands for Lambda functions here: an HTTP server or a command, by the function's name.

mod command;
mod http;

use std::{str::FromStr, sync::Arc};

use firehose_delivery::LambdaFunction;

use self::{command::Command, http::HttpFunction};

/// A local stand-in for a Lambda function: `NAME=URL` or `NAME=COMMAND`.
///
/// - `NAME` is the function's name, which also stands for its versions and aliases, or its ARN.
/// - `URL` begins with `http://`. Firehose's event is posted to it and the body of the answer is
///   the function's: any server will do, also Lambda's own Runtime Interface Emulator. A status
///   other than 2xx, or the header `X-Amz-Function-Error`, says that the function failed.
/// - `COMMAND` is a line for the shell, run once for each event: the event comes by stdin, the
///   answer goes to stdout. A status other than 0 says that the function failed.
///
/// ```
/// use firehose_endpoint::LambdaHook;
///
/// let hook: LambdaHook = "shout=http://127.0.0.1:9001/".parse()?;
/// assert_eq!(hook.name(), "shout");
/// let hook: LambdaHook = "shout=python3 shout.py".parse()?;
/// # Ok::<(), firehose_endpoint::LambdaHookError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LambdaHook {
    name: String,
    function: Arc<dyn LambdaFunction>,
}

/// A hook that does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` {problem}; write it as NAME=http://HOST:PORT/PATH or NAME='COMMAND'")]
pub struct LambdaHookError {
    given: String,
    problem: String,
}

impl LambdaHook {
    /// A function in this process stands for the one of this name or ARN.
    pub fn new(name: impl Into<String>, function: Arc<dyn LambdaFunction>) -> Self {
        Self { name: name.into(), function }
    }

    /// The name or the ARN of the function.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it stands for the function of this ARN, or of this name.
    fn is(&self, arn: &str) -> bool {
        self.name == arn || self.name == name_of(arn)
    }
}

/// The function that stands for the one with this ARN.
pub(crate) fn function(hooks: &[LambdaHook], arn: &str) -> Option<Arc<dyn LambdaFunction>> {
    let found = hooks.iter().find(|hook| hook.is(arn))?;
    Some(Arc::clone(&found.function))
}

/// The name in `arn:aws:lambda:<region>:<account>:function:<name>[:<version or alias>]`; a text
/// that is no such ARN is a name itself.
pub(crate) fn name_of(arn: &str) -> &str {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "lambda", _, _, "function", name, ..] => name,
        _ => arn,
    }
}

impl FromStr for LambdaHook {
    type Err = LambdaHookError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |problem: String| LambdaHookError { given: text.to_owned(), problem };
        let (name, target) = text.split_once('=').ok_or_else(|| refuse("has no `=`".to_owned()))?;
        let target = target.trim();
        if name.is_empty() || target.is_empty() {
            return Err(refuse("lacks a name or what stands for it".to_owned()));
        }
        let function: Arc<dyn LambdaFunction> = if target.contains("://") && !target.contains(' ') {
            Arc::new(HttpFunction::new(target).map_err(refuse)?)
        } else {
            Arc::new(Command::new(target))
        };
        Ok(Self::new(name, function))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_stands_for_a_name_its_versions_or_one_arn() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
        let other = "arn:aws:lambda:eu-west-1:123456789012:function:f";
        let table = [
            ("f", arn, true),
            ("f", "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST", true),
            ("f", "f", true),
            ("f", "arn:aws:lambda:us-east-1:123456789012:function:ff", false),
            (arn, arn, true),
            (arn, other, false),
        ];
        for (name, asked, expected) in table {
            let hook: LambdaHook = format!("{name}=cat").parse().unwrap();
            assert_eq!(function(&[hook], asked).is_some(), expected, "{name} for {asked}");
        }
    }

    #[test]
    fn what_is_no_hook_is_told() {
        let table = [
            ("f", "has no `=`"),
            ("=cat", "lacks a name"),
            ("f=", "lacks a name"),
            ("f=https://host/", "must begin with http://"),
            ("f=http://", "is no URL"),
            ("f=http://user@host/", "must not have a user"),
        ];
        for (text, words) in table {
            let told = text.parse::<LambdaHook>().unwrap_err().to_string();
            assert!(told.contains(words) && told.contains(text), "{told}");
        }
    }
}
