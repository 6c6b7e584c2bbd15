//! Templates, assets and texts: built in, or read from a folder in which somebody works on them.

use std::borrow::Cow;
use std::path::PathBuf;

use rust_embed::{Embed, EmbeddedFile};
use sha2::{Digest, Sha256};

#[derive(Embed)]
#[folder = "templates"]
struct Templates;

#[derive(Embed)]
#[folder = "assets"]
struct Assets;

#[derive(Embed)]
#[folder = "locales"]
struct Locales;

/// What a file is for, and so in which folder it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `templates/`: the pages.
    Template,
    /// `assets/`: what pages load.
    Asset,
    /// `locales/`: the texts, a file a language.
    Locale,
}

/// Where the files come from.
#[derive(Clone, Debug)]
pub enum Files {
    /// The program itself.
    BuiltIn,
    /// A folder with `templates/`, `assets/` and `locales/`, read at each request; what is missing there is built in.
    Folder(PathBuf),
}

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Self::Template => "templates",
            Self::Asset => "assets",
            Self::Locale => "locales",
        }
    }

    fn built_in(self, name: &str) -> Option<EmbeddedFile> {
        match self {
            Self::Template => Templates::get(name),
            Self::Asset => Assets::get(name),
            Self::Locale => Locales::get(name),
        }
    }
}

impl Files {
    /// The file of this name; `None` where there is none. Only names of built-in files exist: a folder can change
    /// them, not add to them, so that no name leads out of it.
    #[must_use]
    pub fn read(&self, kind: Kind, name: &str) -> Option<Cow<'static, [u8]>> {
        let built_in = kind.built_in(name)?;
        let Self::Folder(folder) = self else { return Some(built_in.data) };
        std::fs::read(folder.join(kind.folder()).join(name)).map_or(Some(built_in.data), |file| Some(file.into()))
    }

    /// The names of all templates.
    pub fn templates() -> impl Iterator<Item = Cow<'static, str>> {
        Templates::iter()
    }

    /// A hash of all built-in assets, short enough for addresses: it changes whenever one of them does. `None` where they
    /// may change any time.
    #[must_use]
    pub fn assets_version(&self) -> Option<String> {
        match self {
            Self::BuiltIn => {
                let mut hash = Sha256::new();
                for asset in Assets::iter().filter_map(|name| Assets::get(&name)) {
                    hash.update(asset.metadata.sha256_hash());
                }
                Some(data_encoding::HEXLOWER.encode(&hash.finalize()[..8]))
            }
            Self::Folder(_) => None,
        }
    }
}
