//! Finding the paths into our own crate that a source file names: in `use` trees and inline, absolute and relative.

/// A path named in a source file, from the root of the crate.
pub struct Reference {
    /// Its line, from 1.
    pub line: usize,
    /// Its segments; the last may be `*`.
    pub path: Vec<String>,
}

/// The module that a file below `src` is: `roles/vote/mod.rs` is `[roles, vote]`.
pub fn module_of(file: &str) -> Vec<String> {
    let file = file.trim_end_matches(".rs");
    let file = file.strip_suffix("/mod").unwrap_or(file);
    file.split('/').map(str::to_owned).collect()
}

/// The source with line comments blanked out, line by line; ours has no block comments.
pub fn without_comments(source: &str) -> String {
    let code = source.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    code.collect::<Vec<_>>().join("\n")
}

/// The paths into the crate that `source`, the file of `module`, names.
pub fn references(module: &[String], source: &str) -> Vec<Reference> {
    let code = without_comments(source);
    let mut found = Vec::new();
    for (root, base) in [("crate::", vec![]), ("hemicycle::", vec![]), ("super::", parent(module))] {
        for (place, _) in code.match_indices(root) {
            let before = code[..place].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '"' | '$')) {
                continue;
            }
            let line = code[..place].matches('\n').count() + 1;
            let mut paths = Vec::new();
            tree(&mut code[place + root.len()..].trim_start(), base.clone(), &mut paths);
            found.extend(paths.into_iter().map(|path| Reference { line, path }));
        }
    }
    found
}

fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// Reads one branch of a `use` tree, or an inline path, and leaves `rest` behind it.
fn tree(rest: &mut &str, mut path: Vec<String>, found: &mut Vec<Vec<String>>) {
    loop {
        *rest = rest.trim_start();
        if let Some(branches) = rest.strip_prefix('{') {
            *rest = branches.trim_start();
            while !rest.is_empty() && !rest.starts_with('}') {
                tree(rest, path.clone(), found);
                let next = rest.find([',', '}']).unwrap_or(rest.len());
                *rest = rest[next..].trim_start_matches(',').trim_start();
            }
            *rest = rest.strip_prefix('}').unwrap_or(rest);
            return;
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').unwrap_or(rest.len());
        let (segment, after) = rest.split_at(end);
        *rest = after.trim_start();
        match segment {
            "super" => path = parent(&path),
            "self" | "" => {}
            segment => path.push(segment.to_owned()),
        }
        match rest.strip_prefix("::") {
            Some(deeper) => *rest = deeper,
            None => break,
        }
    }
    found.push(path);
}
