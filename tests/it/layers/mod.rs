//! The import rule: which part of `src` may know which other part.
//!
//! domain, config and gather import nothing of ours; store and link import domain and config, live and rate also link
//! (connections to Redis); queue also imports store (its embedded backend is a file of the same kind, and its errors wrap
//! the store's), and so do items; http imports those; roles import all of that and never another role; app wires the roles; cli types; main
//! only calls cli.

mod paths;

use std::path::Path;

use self::paths::{Reference, references};

/// What each part may import besides itself.
const RULES: [(&str, &[&str]); 15] = [
    ("domain", &[]),
    ("config", &[]),
    ("gather", &[]),
    ("store", &["domain", "config"]),
    ("link", &["domain", "config"]),
    ("live", &["domain", "config", "link"]),
    ("queue", &["domain", "config", "link", "store"]),
    ("rate", &["domain", "config", "link"]),
    ("items", &["domain", "config", "link", "store", "gather"]),
    ("http", &["domain", "config", "store", "queue", "live", "rate", "items", "gather"]),
    ("roles", &["domain", "config", "store", "queue", "live", "rate", "items", "gather", "http"]),
    ("app", &["domain", "config", "store", "queue", "live", "rate", "items", "gather", "http", "roles"]),
    ("cli", &["domain", "config", "store", "queue", "live", "rate", "items", "gather", "http", "roles", "app"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// The sources of one file that break the rule: `file:line: what, and which rule`.
fn violations(file: &str, source: &str) -> Vec<String> {
    let module = paths::module_of(file);
    let broken = |reference: &Reference| {
        let why = forbids(&module, &reference.path)?;
        Some(format!("src/{file}:{}: imports {}: {why}", reference.line, reference.path.join("::")))
    };
    references(&module, source).iter().filter_map(broken).collect()
}

/// Why the module may not import the path; `None` where it may.
fn forbids(module: &[String], path: &[String]) -> Option<String> {
    let (part, target) = (module.first()?.as_str(), path.first()?.as_str());
    if part == target {
        let (role, other) = (module.get(1), path.get(1));
        let another = part == "roles" && role.is_some() && other.is_some_and(|other| other != "*") && role != other;
        return another.then(|| "a role never imports another role".into());
    }
    let Some((_, allowed)) = RULES.iter().find(|(name, _)| *name == part) else {
        return Some(format!("the import rule does not say what {part} may import; add it there"));
    };
    let nothing = "nothing of ours".to_owned();
    let wanted = if allowed.is_empty() { nothing } else { allowed.join(", ") };
    (!allowed.contains(&target)).then(|| format!("{part} may import {wanted}"))
}

/// Calls `visit` with the path below `root` and the text of every Rust file.
fn every_source(root: &Path, folder: &Path, visit: &mut dyn FnMut(&str, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            every_source(root, &path, visit);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            visit(&name, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn in_all_sources(check: impl Fn(&str, &str) -> Vec<String>) -> (usize, Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut found) = (0, Vec::new());
    every_source(&root, &root, &mut |file, source| {
        files += 1;
        found.extend(check(file, source));
    });
    (files, found)
}

#[test]
fn every_import_follows_the_rule_of_layers() {
    let (files, found) = in_all_sources(violations);
    assert!(files > 40, "only {files} sources were found: the checker looks in the wrong place");
    assert!(found.is_empty(), "imports against the rule of layers:\n{}", found.join("\n"));
}

#[test]
fn sql_is_spoken_only_by_the_store() {
    let sql = |file: &str, source: &str| -> Vec<String> {
        let code = paths::without_comments(source);
        let spoken = code.lines().enumerate().filter(|(_, line)| line.contains("sqlx::query"));
        let outside = spoken.filter(|_| !file.starts_with("store/"));
        outside.map(|(line, _)| format!("src/{file}:{}: SQL lives only under store/", line + 1)).collect()
    };
    let (_, found) = in_all_sources(sql);
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(sql("http/ops.rs", "fn f() {\n  sqlx::query(\"SELECT 1\");\n}\n").len(), 1);
}

#[test]
fn a_violation_is_reported_with_file_line_and_rule() {
    let found = violations("domain/gate.rs", "//! Text.\n\nuse jiff::Timestamp;\nuse crate::store::Store;\n");
    assert_eq!(found, ["src/domain/gate.rs:4: imports store::Store: domain may import nothing of ours"]);
    let found = violations("http/ops.rs", "fn f() -> crate::roles::vote::Needs { todo!() }");
    let rule = "http may import domain, config, store, queue, live, rate, items, gather";
    assert_eq!(found, [format!("src/http/ops.rs:1: imports roles::vote::Needs: {rule}")]);
    assert_eq!(violations("cellar/mod.rs", "use crate::domain::fold;").len(), 1, "a part without a rule");
    assert_eq!(violations("main.rs", "fn main() { hemicycle::app::up() }").len(), 1);
    assert_eq!(violations("main.rs", "fn main() { hemicycle::cli::main() }"), [""; 0]);
}

#[test]
fn a_role_is_kept_from_other_roles_however_they_are_spelled() {
    for spelling in [
        "use crate::roles::polls::Needs;",
        "use crate::roles::{self, polls};",
        "use crate::{domain::fold, roles::{vote::Needs as Mine, polls::Needs}};",
        "use super::super::polls::Needs;",
        "fn f(needs: &crate::roles::polls::Needs) {}",
        "use crate::roles::\n    polls::Needs;",
    ] {
        assert_eq!(violations("roles/vote/page.rs", spelling).len(), 1, "{spelling}");
    }
    for spelling in ["use super::polls::PollCache;", "use crate::roles::vote::polls;", "// use crate::roles::polls;"] {
        assert_eq!(violations("roles/vote/page.rs", spelling), [""; 0], "{spelling}");
    }
}
