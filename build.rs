//! Rebuilds the package when what it embeds changes.

fn main() {
    for folder in ["migrations", "templates", "assets"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
