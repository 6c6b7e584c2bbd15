//! The files of `deploy/env` say what the product understands, and no secret.

use std::path::Path;

use super::{hemicycle, refusal, stdout};

const SECRETS: [&str; 6] =
    ["ADMIN_KEY", "SECRET_KEY", "DATABASE_URL", "DATABASE_REPLICAS_URL", "REDIS_URL", "BALLOTS_REDIS_URL"];

/// The variables of an environment, in order.
fn variables(environment: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("deploy/env/{environment}.env"));
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once('=').map(|(name, value)| (name.into(), value.into())).unwrap()).collect()
}

#[test]
fn each_environment_is_understood_and_has_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let help = stdout(&hemicycle(folder.path(), &["run", "--help"], &[]));
    for environment in ["qualification", "production"] {
        let variables = variables(environment);
        assert!(!variables.is_empty());
        for (name, _) in &variables {
            assert!(help.contains(&format!("[env: {name}=")), "{environment}: {name} is no variable of run");
            assert!(!SECRETS.contains(&name.as_str()), "{environment}: {name} is a secret");
        }
        let mut given: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        given.push(("ADMIN_KEY", "a-key-of-a-test"));
        // All of them are understood before the roles say what they lack.
        let line = refusal(&hemicycle(folder.path(), &["run", "--roles", "vote"], &given));
        assert_eq!(line, "hemicycle: role vote needs DATABASE_URL, REDIS_URL, SECRET_KEY\n", "{environment}");
    }
}

#[test]
fn the_two_environments_share_no_keys_of_redis() {
    let prefix = |environment| variables(environment).into_iter().find(|(name, _)| name == "REDIS_PREFIX").unwrap().1;
    let (one, other) = (prefix("qualification"), prefix("production"));
    assert!(!one.starts_with(&other) && !other.starts_with(&one), "{one} {other}");
}
