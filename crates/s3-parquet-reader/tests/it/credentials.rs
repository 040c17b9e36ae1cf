//! Whose keys sign the requests: profiles, roles, tokens in files, services on the machine.
//!
//! What aws-config reads from its surroundings is given to a process of its own: this test program
//! once more, in which only [`in_the_process_of_another_test`] runs.

use std::path::Path;
use std::process::{Command, Output};

use s3_parquet_reader::{ParquetSet, ReadOptions};

use crate::endpoint::{Answer, Endpoint, Request};

const LOCATION: &str = "READER_TEST_LOCATION";

/// Lists what the environment says, and prints what became of it.
#[tokio::test]
async fn in_the_process_of_another_test() {
    let Ok(location) = std::env::var(LOCATION) else { return };
    let mut options = ReadOptions::default();
    if let Ok(profile) = std::env::var("READER_TEST_PROFILE") {
        options = options.with_profile(profile);
    }
    options = options.with_anonymous(std::env::var("READER_TEST_ANONYMOUS").is_ok());
    options = options.with_requester_pays(std::env::var("READER_TEST_PAYS").is_ok());
    let set = ParquetSet::open(&location, &options).await.unwrap();
    match set.list().await {
        Ok(objects) => println!("told: {} objects", objects.len()),
        Err(error) => {
            println!("told: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                println!("because: {error}");
                cause = error.source();
            }
        }
    }
}

/// Lists in a process with these variables and no others, and a home with these files.
fn list(s3: &Endpoint, home: &Path, variables: &[(&str, &str)]) -> String {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command
        .args(["--exact", "credentials::in_the_process_of_another_test", "--nocapture"])
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var("PATH").unwrap_or_default())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ENDPOINT_URL_S3", &s3.url)
        .env(LOCATION, "s3://captains-rating/ratings");
    for (name, value) in variables {
        command.env(name, value);
    }
    let Output { stdout, stderr, .. } = command.output().unwrap();
    let out = String::from_utf8_lossy(&stdout).into_owned();
    assert!(out.contains("told: "), "{out}{}", String::from_utf8_lossy(&stderr));
    out
}

fn s3() -> Endpoint {
    Endpoint::start(|_, _| Answer::listing("ratings/a.parquet", 100))
}

fn home(config: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    home
}

fn signers(s3: &Endpoint) -> Vec<Option<String>> {
    s3.requests().iter().map(|request| request.access_key().map(str::to_owned)).collect()
}

const KEYS: &str = "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = secret\n";

#[test]
fn a_profile_signs_by_option_and_by_environment() {
    let home = home(KEYS);
    for name in ["READER_TEST_PROFILE", "AWS_PROFILE"] {
        let s3 = s3();
        let told = list(&s3, home.path(), &[(name, "base")]);
        assert!(told.contains("told: 1 objects"), "{told}");
        assert_eq!(signers(&s3), [Some("BASE".to_owned())]);
    }
}

#[test]
fn a_program_can_give_the_keys() {
    let answer =
        r#"{"Version":1,"AccessKeyId":"PROGRAM","SecretAccessKey":"s","SessionToken":"t"}"#;
    let home = home("");
    let script = home.path().join("keys.json");
    std::fs::write(&script, answer).unwrap();
    let config = format!("[profile p]\ncredential_process = cat {}\n", script.display());
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    let s3 = s3();
    list(&s3, home.path(), &[("AWS_PROFILE", "p")]);
    assert_eq!(signers(&s3), [Some("PROGRAM".to_owned())]);
    assert_eq!(s3.requests()[0].header("x-amz-security-token"), Some("t"));
}

#[test]
fn a_role_is_assumed_with_the_keys_of_another_profile() {
    let sts = Endpoint::start(|_, _| {
        let body = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
            <AssumeRoleResult><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId>\
            <Arn>arn:aws:sts::123456789012:assumed-role/reader/s</Arn></AssumedRoleUser>\
            <Credentials><AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
            <SessionToken>t</SessionToken><Expiration>2122-01-08T06:00:00Z</Expiration>\
            </Credentials></AssumeRoleResult></AssumeRoleResponse>";
        let mut answer = Answer::new("200 OK", body);
        answer.headers = "Content-Type: text/xml\r\n".to_owned();
        answer
    });
    let role =
        "[profile r]\nrole_arn = arn:aws:iam::123456789012:role/reader\nsource_profile = base\n";
    let home = home(&format!("{KEYS}{role}"));
    let s3 = s3();
    list(&s3, home.path(), &[("AWS_PROFILE", "r"), ("AWS_ENDPOINT_URL_STS", &sts.url)]);
    assert_eq!(signers(&s3), [Some("ROLE".to_owned())]);
    assert_eq!(signers(&sts), [Some("BASE".to_owned())]);
}

/// SHA-1 of `work`, which names the file of a session's token.
const SESSION_FILE: &str = "e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json";

const SSO: &str = "[profile s]\nsso_session = work\nsso_account_id = 123456789012\n\
    sso_role_name = reader\n[sso-session work]\nsso_region = eu-west-1\n\
    sso_start_url = https://example.awsapps.com/start\n";

/// The file that `aws sso login` writes, under each name that it may have.
fn sign_in(home: &Path, name: &str, expires: &str) {
    let cache = home.join(".aws/sso/cache");
    std::fs::create_dir_all(&cache).unwrap();
    let token = format!(
        r#"{{"accessToken":"token","expiresAt":"{expires}","region":"eu-west-1",
        "startUrl":"https://example.awsapps.com/start"}}"#
    );
    std::fs::write(cache.join(name), token).unwrap();
}

#[test]
fn a_token_of_sso_is_changed_for_keys_and_an_old_one_is_told() {
    let portal = Endpoint::start(|_, _| {
        let keys = r#"{"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"s",
            "sessionToken":"t","expiration":4796690400000}}"#;
        Answer::new("200 OK", keys)
    });
    let home = home(SSO);
    let variables = [("AWS_PROFILE", "s"), ("AWS_ENDPOINT_URL_SSO", portal.url.as_str())];
    let told = list(&s3(), home.path(), &variables);
    assert!(told.contains("no usable AWS credentials") && told.contains("profile `s`"), "{told}");
    assert!(told.contains("aws sso login"), "{told}");
    let s3 = s3();
    sign_in(home.path(), SESSION_FILE, "2122-01-08T06:00:00Z");
    list(&s3, home.path(), &variables);
    assert_eq!(signers(&s3), [Some("SSO".to_owned())]);
    assert_eq!(portal.requests()[0].header("x-amz-sso_bearer_token"), Some("token"));
}

#[test]
fn a_machine_and_a_container_give_the_keys_of_their_role() {
    let metadata = Endpoint::start(|request, _| match request.target.as_str() {
        "/latest/api/token" => {
            let mut answer = Answer::new("200 OK", "token");
            answer.headers = "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n".to_owned();
            answer
        }
        path if path.ends_with("reader") => Answer::new("200 OK", keys_of("MACHINE", "2122")),
        path if path.contains("security-credentials") => Answer::new("200 OK", "reader"),
        _ => Answer::new("404 Not Found", ""),
    });
    let home = home("");
    let machine = s3();
    let variables = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url.as_str()),
        ("AWS_EC2_METADATA_DISABLED", "false"),
    ];
    list(&machine, home.path(), &variables);
    assert_eq!(signers(&machine), [Some("MACHINE".to_owned())]);

    let service = Endpoint::start(|_, _| Answer::new("200 OK", keys_of("CONTAINER", "2122")));
    let container = s3();
    let variable = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url.as_str());
    list(&container, home.path(), &[variable]);
    assert_eq!(signers(&container), [Some("CONTAINER".to_owned())]);
}

fn keys_of(name: &str, year: &str) -> String {
    format!(
        r#"{{"Code":"Success","LastUpdated":"2022-01-08T05:00:00Z","Type":"AWS-HMAC",
        "AccessKeyId":"{name}","SecretAccessKey":"s","Token":"t",
        "Expiration":"{year}-01-08T06:00:00Z","AccountId":"123456789012"}}"#
    )
}

#[test]
fn keys_that_run_out_during_a_scan_are_asked_for_again() {
    // Each set of keys is spent by the time that the next request is made.
    let service =
        Endpoint::start(|_, before| Answer::new("200 OK", keys_of(&format!("K{before}"), "2022")));
    let s3 = Endpoint::start(|request: &Request, before| {
        let more = before < 3;
        let mut answer = Answer::listing(&format!("ratings/{before}.parquet"), 100);
        if more && request.is_list() {
            let text = String::from_utf8(answer.body).unwrap().replace(
                "<IsTruncated>false</IsTruncated>",
                "<IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken>",
            );
            answer = Answer::new("200 OK", text);
        }
        answer
    });
    let variable = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url.as_str());
    let told = list(&s3, home("").path(), &[variable]);
    assert!(told.contains("told: 4 objects"), "{told}");
    let signers: Vec<_> = signers(&s3).into_iter().flatten().collect();
    assert_eq!(signers, ["K0", "K1", "K2", "K3"]);
}

#[test]
fn nobody_signs_when_anonymous_and_the_requester_says_that_they_pay() {
    let home = home(KEYS);
    let public = s3();
    list(&public, home.path(), &[("READER_TEST_ANONYMOUS", "1"), ("AWS_PROFILE", "base")]);
    assert_eq!(public.requests()[0].header("authorization"), None);
    assert_eq!(public.requests()[0].header("x-amz-request-payer"), None);
    let paid = s3();
    list(&paid, home.path(), &[("READER_TEST_PAYS", "1"), ("AWS_PROFILE", "base")]);
    assert_eq!(paid.requests()[0].header("x-amz-request-payer"), Some("requester"));
    assert_eq!(signers(&paid), [Some("BASE".to_owned())]);
}

#[test]
fn a_wrong_region_and_missing_rights_get_one_clear_sentence() {
    let home = home(KEYS);
    let elsewhere = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization \
        header is malformed; the region 'eu-west-1' is wrong; expecting 'us-east-2'</Message>\
        <Region>us-east-2</Region></Error>";
    for (answer, want) in [
        (
            Answer::new("400 Bad Request", elsewhere),
            "told: `s3://captains-rating/ratings` lies in region us-east-2: set the region by \
             ReadOptions or AWS_REGION\n",
        ),
        (
            Answer::error("403 Forbidden", "AccessDenied"),
            "told: access to `s3://captains-rating/ratings` is denied: the identity in use needs \
             s3:ListBucket on the bucket and s3:GetObject on its objects\n",
        ),
    ] {
        let s3 = Endpoint::start(move |_, _| answer.clone());
        let told = list(&s3, home.path(), &[("AWS_PROFILE", "base")]);
        assert!(told.contains(want), "{told}");
        assert_eq!(s3.requests().len(), 1);
    }
}
