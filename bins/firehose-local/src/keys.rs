//! Keys to verify signatures with, in the form of `~/.aws/credentials`.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, bail, ensure};

/// Access key ids and their secrets, of every profile in the file.
///
/// # Errors
///
/// A file that cannot be read or has no keys; a line that is not understood, by its number, for
/// its contents may be a secret.
pub(crate) fn read(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read the keys in `{}`", path.display()))?;
    parse(&text).with_context(|| format!("failed to read the keys in `{}`", path.display()))
}

fn parse(text: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let mut keys = BTreeMap::new();
    let (mut id, mut secret) = (None, None);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with('[') {
            ensure!(
                id.is_none() && secret.is_none(),
                "line {} begins a profile before the last one has both keys",
                number + 1
            );
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            bail!("line {} is neither [profile] nor name = value", number + 1);
        };
        match name.trim() {
            "aws_access_key_id" => id = Some(value.trim().to_owned()),
            "aws_secret_access_key" => secret = Some(value.trim().to_owned()),
            // Other settings of a profile (region, output) say nothing about keys.
            _ => {}
        }
        if let (Some(id), Some(secret)) = (&id, &secret) {
            ensure!(
                !id.is_empty() && !secret.is_empty(),
                "line {} completes an empty key",
                number + 1
            );
            keys.insert(id.clone(), secret.clone());
        }
        if id.is_some() && secret.is_some() {
            (id, secret) = (None, None);
        }
    }
    ensure!(id.is_none() && secret.is_none(), "the last profile lacks one of its two keys");
    ensure!(!keys.is_empty(), "there is no aws_access_key_id in it");
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_gives_a_pair() {
        let text = "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=s=1\n\
                    region = eu-west-1\n\n[b]\naws_secret_access_key = t\naws_access_key_id = B\n";
        let keys = parse(text).unwrap();
        let expected = [("A", "s=1"), ("B", "t")];
        assert_eq!(keys, expected.map(|(id, secret)| (id.to_owned(), secret.to_owned())).into());
    }

    #[test]
    fn what_is_no_pair_is_refused_without_a_word_of_its_contents() {
        let table = [
            "",
            "[a]\naws_access_key_id = A\n",
            "[a]\naws_access_key_id = A\n[b]\naws_secret_access_key = canary\n",
            "canary",
            "[a]\naws_access_key_id =\naws_secret_access_key = canary\n",
        ];
        for text in table {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
