//! How the pages look.

use std::path::PathBuf;

use clap::Args;

/// How the pages look.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Pages")]
pub struct Faces {
    /// Folder with templates/, assets/ and locales/ to use in place of the built-in files of the same names; read at each
    /// request, so that what is edited there shows at once
    #[arg(long, env = "ASSETS_DIR", value_name = "DIR")]
    pub assets: Option<PathBuf>,
}
