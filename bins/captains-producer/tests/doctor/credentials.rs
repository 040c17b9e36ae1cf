//! Where credentials come from: each way that the AWS CLI knows and that can be stood in for, and the name
//! that the doctor gives it.

use std::{fs, path::Path};

use serde_json::json;

use crate::{doctor, good};

const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
/// Far enough away.
const UNTIL: &str = "2099-01-01T00:00:00Z";
/// SHA-1 of `captains`: where the AWS CLI keeps the token of the SSO session of that name.
const SESSION: &str = "f22a3d87588b2c1f309ea8b70fcae1f645f19f3d";

fn write(home: &Path, file: &str, text: &str) {
    let path = home.join(".aws").join(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// A home with a profile for each way.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a home");
    let keys = "[keys]\naws_access_key_id = test\naws_secret_access_key = test\n";
    write(home.path(), "credentials", keys);
    let process = json!({
        "Version": 1, "AccessKeyId": "test", "SecretAccessKey": "test", "SessionToken": "t",
        "Expiration": UNTIL,
    });
    write(home.path(), "process.json", &process.to_string());
    let config = format!(
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/rater\nsource_profile = keys\n\
         [profile web]\nrole_arn = arn:aws:iam::123456789012:role/rater\n\
         web_identity_token_file = {0}/.aws/token\n\
         [profile process]\ncredential_process = cat {0}/.aws/process.json\n\
         [sso-session captains]\nsso_region = us-east-1\nsso_start_url = https://example.com/start\n\
         [profile sso]\nsso_session = captains\nsso_account_id = 123456789012\nsso_role_name = Rater\n",
        home.path().display()
    );
    write(home.path(), "config", &config);
    write(home.path(), "token", "a.b.c");
    let token =
        json!({ "accessToken": "t", "expiresAt": UNTIL, "startUrl": "https://example.com/start" });
    write(home.path(), &format!("sso/cache/{SESSION}.json"), &token.to_string());
    home
}

#[test]
fn the_provider_that_answered_is_named() {
    let home = home();
    let role = |operation: &str| {
        format!(
            "<{operation}Response><{operation}Result><Credentials><AccessKeyId>test</AccessKeyId>\
             <SecretAccessKey>test</SecretAccessKey><SessionToken>t</SessionToken>\
             <Expiration>{UNTIL}</Expiration></Credentials></{operation}Result></{operation}Response>"
        )
    };
    let sso = json!({ "roleCredentials": {
        "accessKeyId": "test", "secretAccessKey": "test", "sessionToken": "t",
        "expiration": 4_070_908_800_000_u64,
    }});
    let web = role("AssumeRoleWithWebIdentity");
    let answers = good()
        .with("/federation/credentials", "200 OK", &sso.to_string())
        .with("Action=AssumeRole&", "200 OK", &role("AssumeRole"))
        .with("Action=AssumeRoleWithWebIdentity", "200 OK", &web);
    let endpoint = answers.serve();
    for (profile, expected) in [
        ("keys", "from keys in ~/.aws, profile `keys`".to_owned()),
        ("role", format!("from a role that was assumed, profile `role`, until {UNTIL}")),
        ("web", format!("from a role, by a web identity, profile `web`, until {UNTIL}")),
        ("process", format!("from a credential process, profile `process`, until {UNTIL}")),
        ("sso", format!("from SSO, profile `sso`, until {UNTIL}")),
    ] {
        let (code, document) = doctor(&endpoint, &["--profile", profile], &KEYS, home.path());
        let found = document["checks"][1]["found"].as_str().expect("a sentence");
        assert_eq!((code, found), (Some(0), expected.as_str()), "{document:#}");
    }
    let (_, document) = doctor(&endpoint, &[], &[], home.path());
    assert_eq!(document["checks"][1]["found"], "from the environment (AWS_ACCESS_KEY_ID)");
}

#[test]
fn what_is_missing_is_told_with_its_fix() {
    let home = home();
    fs::remove_dir_all(home.path().join(".aws/sso")).expect("nobody logged in");
    let endpoint = good().serve();
    let (code, document) = doctor(&endpoint, &["--profile", "sso"], &KEYS, home.path());
    let check = &document["checks"][1];
    assert_eq!((code, check["status"].as_str()), (Some(6), Some("fail")), "{document:#}");
    // Without any, and at an endpoint of one's own.
    let (code, document) = doctor(&endpoint, &[], &KEYS, home.path());
    let fix = document["checks"][1]["fix"].as_str().expect("a fix");
    assert!(code == Some(6) && fix.contains("firehose-local env"), "{document:#}");
    // Without a region.
    let (code, document) = doctor(&endpoint, &[], &["AWS_REGION"], home.path());
    assert_eq!((code, document["checks"][0]["status"].as_str()), (Some(2), Some("fail")));
}
