//! The product's secrets.

use clap::Args;

/// The shortest admin key.
const MIN_ADMIN_KEY: usize = 8;
/// The shortest secret key.
const MIN_SECRET_KEY: usize = 16;

/// The product's secrets. In the environment rather than on the command line, where other users could read them.
#[derive(Args, Clone)]
#[command(next_help_heading = "Secrets")]
pub struct Keys {
    /// Key that organisers show to make and change polls, 8 characters or more; made at the first start of `up` and
    /// kept in DATA_DIR where it is not given; `run` needs it, the same in all processes
    #[arg(long, env = "ADMIN_KEY", value_name = "KEY", hide_env_values = true, value_parser = parse_admin_key)]
    pub admin_key: Option<String>,
    /// Secret that signs voter cookies, 16 characters or more. Several are separated by commas: the first signs, all
    /// are recognised. Made at the first start of `up` and kept in DATA_DIR where it is not given; `run` needs it, the same
    /// in all processes
    #[arg(long, env = "SECRET_KEY", value_name = "KEYS", hide_env_values = true, value_delimiter = ',', value_parser = parse_secret_key)]
    pub secret_key: Vec<String>,
}

fn parse_admin_key(text: &str) -> Result<String, String> {
    parse_key(text, MIN_ADMIN_KEY)
}

fn parse_secret_key(text: &str) -> Result<String, String> {
    parse_key(text, MIN_SECRET_KEY)
}

fn parse_key(text: &str, min: usize) -> Result<String, String> {
    let text = text.trim();
    if text.len() < min {
        return Err(format!("a key of at least {min} characters is needed"));
    }
    if !text.bytes().all(|c| c.is_ascii_graphic()) {
        return Err("a key is made of printable ASCII characters without spaces: it travels in a header".into());
    }
    Ok(text.to_owned())
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Keys")
    }
}
