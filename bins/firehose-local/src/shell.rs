//! The environment that points AWS clients at the endpoint.

use crate::args::{EnvArgs, Shell};

/// Lines for the shell to evaluate.
pub(crate) fn environment(args: &EnvArgs) -> String {
    let url = format!("http://127.0.0.1:{}", args.port);
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        // Any will do while signatures are not verified; clients insist on having some.
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", args.region.as_str()),
        ("AWS_DEFAULT_REGION", args.region.as_str()),
    ];
    variables.iter().map(|(name, value)| line(args.shell, name, value)).collect()
}

fn line(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Sh => format!("export {name}={}\n", quoted(value, r"'\''")),
        Shell::Fish => format!("set -gx {name} {}\n", quoted(value, r"\'")),
        Shell::Powershell => format!("$env:{name} = {}\n", quoted(value, "''")),
    }
}

/// In single quotes where it needs them, with those inside replaced.
fn quoted(value: &str, quote: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b":/.-_".contains(&b);
    if quote != "''" && value.bytes().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_reads_its_own_syntax() {
        let args = |shell| EnvArgs { port: 4567, region: "eu-west-1".to_owned(), shell };
        let table = [
            (Shell::Sh, "export AWS_ENDPOINT_URL=http://127.0.0.1:4567\n"),
            (Shell::Fish, "set -gx AWS_REGION eu-west-1\n"),
            (Shell::Powershell, "$env:AWS_DEFAULT_REGION = 'eu-west-1'\n"),
        ];
        for (shell, expected) in table {
            let text = environment(&args(shell));
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn a_quote_does_not_get_out_of_its_quotes() {
        assert_eq!(line(Shell::Sh, "A", "x'; rm"), "export A='x'\\''; rm'\n");
        assert_eq!(line(Shell::Powershell, "A", "x'y"), "$env:A = 'x''y'\n");
    }
}
