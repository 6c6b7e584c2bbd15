//! The table of rights, held against every route there is: those that the sources name, and those that a running product
//! answers, asked by everybody who can ask.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use hemicycle::domain::rights::Need;
use hemicycle::http::table::{Limit, Row, TABLE};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::sandbox::{InProcess, KEY, Site};

/// Somebody who asks.
struct Asker {
    name: &'static str,
    header: Option<(&'static str, String)>,
    /// What they meet by what they are and what they show.
    meets: &'static [Need],
    /// Whose polls they run.
    runs: Runs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    /// The one it is about.
    This,
    Others,
    All,
}

/// What is wanted of an answer.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Passes,
    SignIn,
    Forbidden,
}

const MEMBER: &[Need] = &[Need::Anybody, Need::Member, Need::Author, Need::InPerson];
const ORGANISER: &[Need] = &[Need::Anybody, Need::Member, Need::Author, Need::InPerson, Need::Organiser];
const ADMIN: &[Need] = &[Need::Anybody, Need::Member, Need::Author, Need::InPerson, Need::Organiser, Need::Admin];

#[test]
fn every_route_of_the_sources_has_its_rows_and_no_row_is_of_no_route() {
    let mut routes = BTreeSet::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut routes);
    assert!(routes.len() > 50, "they are written in another way now: {routes:?}");
    let rows: BTreeSet<_> = TABLE.iter().map(|row| (row.path.to_owned(), row.method.to_owned())).collect();
    let without_row: Vec<_> = routes.difference(&rows).collect();
    assert!(without_row.is_empty(), "not in src/http/table.rs, so served to nobody: {without_row:?}");
    let without_route: Vec<_> = rows.difference(&routes).collect();
    assert!(without_route.is_empty(), "in src/http/table.rs, but no route: {without_route:?}");
}

/// The paths and methods of all `.route("…", get(…).post(…))`.
fn sources(folder: &Path, found: &mut BTreeSet<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        // What is said while a process starts is said at every address; and tests have routes of their own.
        let source = if path.ends_with("app/run.rs") { "" } else { &source };
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        for route in source.split(".route(").skip(1) {
            let Some((path, handlers)) = route.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'))
            else {
                continue;
            };
            found.extend(methods(handlers).into_iter().map(|method| (path.to_owned(), method)));
        }
    }
}

fn methods(handlers: &str) -> Vec<String> {
    let mut depth = 1_i32;
    let is_inside = |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth > 0
    };
    let call: String = handlers
        .chars()
        .take_while({
            let mut is_inside = is_inside;
            move |c| is_inside(*c)
        })
        .collect();
    let mut methods: Vec<String> = Vec::new();
    for (word, names) in [
        ("get(", &["GET"][..]),
        ("post(", &["POST"]),
        ("patch(", &["PATCH"]),
        ("delete(", &["DELETE"]),
        ("any(", &["GET", "POST"]),
    ] {
        let is_call = |(place, _): (usize, &str)| {
            call[..place].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
        };
        if call.match_indices(word).any(is_call) {
            methods.extend(names.iter().map(ToString::to_string));
        }
    }
    methods
}

#[tokio::test]
async fn every_route_serves_whom_its_row_says_and_nobody_else() {
    let limits = ["--rate-limit", "1000000", "--rate-limit-credential", "1000000", "--signup", "open"];
    let product = InProcess::start(&limits).await;
    let site = &product.site;
    let askers = askers(site).await;
    let ann = askers.iter().find(|asker| asker.name == "ann").unwrap().header.clone().unwrap();
    let mut asked = 0;
    for row in TABLE {
        for asker in &askers {
            // What anybody may use is asked by nobody: it may end the session of somebody.
            if row.need == Need::Anybody && asker.header.is_some() {
                continue;
            }
            let path = fresh(site, row, &ann, asked).await;
            asked += 1;
            let verdict = ask(site, row.method, &path, asker).await;
            assert_eq!(verdict, wanted(row, asker), "{} {path} by {}", row.method, asker.name);
        }
    }
    product.running.stop().await;
}

/// What the row says of the asker, found another way than the product finds it.
fn wanted(row: &Row, asker: &Asker) -> Verdict {
    let about_anns_poll = row.path.contains("{poll}") && row.need == Need::Organiser;
    let about_an_account = row.path.starts_with("/users/{id}");
    let about_anns_quote = row.path.starts_with("/quotes/{id}") && row.need == Need::Author;
    let is_an_admin = asker.meets.contains(&Need::Admin);
    if row.need == Need::Anybody {
        Verdict::Passes
    } else if asker.header.is_none() {
        Verdict::SignIn
    } else if !asker.meets.contains(&row.need)
        || (about_anns_poll && asker.runs == Runs::Others)
        || (about_an_account && !is_an_admin)
        || (about_anns_quote && asker.runs != Runs::This && !is_an_admin)
    {
        Verdict::Forbidden
    } else {
        Verdict::Passes
    }
}

/// The row's path, about a new poll or quote of Ann's or a new account, so that no question spoils the next.
async fn fresh(site: &Site, row: &Row, ann: &(&'static str, String), number: u32) -> String {
    let mut path =
        row.path.replace("{name}", "style.css").replace("{version}", "0").replace("{code}", "AAAA-AAAA-AAAA");
    path = path.replace("{action}", if row.method == "GET" { "reset" } else { "duplicate" }).replace("{batch}", "1");
    if path.contains("{poll}") {
        let (slug, status) = (format!("ann-{number}"), if row.need == Need::Anybody { "open" } else { "draft" });
        let wish =
            json!({ "title": "Ann's", "options": ["a", "b"], "slug": slug, "status": status, "one_vote_per": "code" });
        let made = site.http.post(site.url("/polls")).header(ann.0, &ann.1).json(&wish).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED);
        path = path.replace("{poll}", &slug);
    }
    if path.starts_with("/users/{id}") {
        let wish = json!({ "id": format!("spare-{number}"), "name": "Spare" });
        assert_eq!(site.organise("/users", &wish).await.0, StatusCode::CREATED);
        path = path.replace("{id}", &format!("spare-{number}"));
    }
    if path.starts_with("/quotes/{id}") {
        let wish = site.http.post(site.url("/quotes")).header(ann.0, &ann.1).json(&json!({ "quote": "Ann's" }));
        let made: serde_json::Value = wish.send().await.unwrap().json().await.unwrap();
        path = path.replace("{id}", &made["id"].to_string());
    }
    path.replace("{id}", "ann")
}

async fn ask(site: &Site, method: &str, path: &str, asker: &Asker) -> Verdict {
    let method: Method = method.parse().unwrap();
    let mut request = site.http.request(method, site.url(path));
    if let Some((name, value)) = &asker.header {
        request = request.header(*name, value);
    }
    let answer = request.send().await.unwrap();
    assert!(!answer.status().is_server_error(), "{path} by {}: {}", asker.name, answer.status());
    let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    match answer.status() {
        StatusCode::UNAUTHORIZED => Verdict::SignIn,
        StatusCode::SEE_OTHER if location.starts_with("/signin") => Verdict::SignIn,
        StatusCode::FORBIDDEN => Verdict::Forbidden,
        // Another's draft is not even there.
        StatusCode::NOT_FOUND if asker.runs == Runs::Others && path.contains("/ann-") => Verdict::Forbidden,
        _ => Verdict::Passes,
    }
}

/// Everybody who can ask: accounts by their sessions, the admin key, and tokens.
async fn askers(site: &Site) -> Vec<Asker> {
    let mut askers = vec![Asker { name: "nobody", header: None, meets: &[], runs: Runs::Others }];
    let by_key = ("authorization", KEY.to_owned());
    askers.push(Asker { name: "the admin key", header: Some(by_key), meets: ADMIN, runs: Runs::All });
    for (name, role, meets, runs) in [
        ("member", "member", MEMBER, Runs::Others),
        ("ann", "organiser", ORGANISER, Runs::This),
        ("bob", "organiser", ORGANISER, Runs::Others),
        ("carl", "admin", ADMIN, Runs::All),
    ] {
        let session = sign_up(site, name, role).await;
        for (token, scope, meets) in tokens(role) {
            let header = Some(("authorization", make_token(site, &session, scope).await));
            let name = Box::leak(format!("{name}'s token {token}").into_boxed_str());
            askers.push(Asker { name, header, meets, runs });
        }
        askers.push(Asker { name, header: Some(("cookie", session)), meets, runs });
    }
    askers
}

/// Tokens of a role: their name, scope, and what they meet.
fn tokens(role: &str) -> Vec<(&'static str, &'static str, &'static [Need])> {
    let mut tokens: Vec<(_, _, &'static [Need])> =
        vec![("to read", "read", &[Need::Member]), ("to vote", "vote", &[Need::Author])];
    if role != "member" {
        tokens.push(("to organise", "organise", &[Need::Member, Need::Author, Need::Organiser]));
    }
    if role == "admin" {
        tokens.push(("to administer", "admin", &[Need::Member, Need::Author, Need::Organiser, Need::Admin]));
    }
    tokens
}

/// A new account's session, as a cookie.
async fn sign_up(site: &Site, id: &str, role: &str) -> String {
    let wish = json!({ "id": id, "name": id, "password": "a long password", "role": role });
    assert_eq!(site.organise("/users", &wish).await.0, StatusCode::CREATED);
    let shown = json!({ "id": id, "password": "a long password" });
    let answer = site.http.post(site.url("/sessions")).json(&shown).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn make_token(site: &Site, session: &str, scope: &str) -> String {
    let wish = json!({ "name": scope, "scopes": [scope] });
    let request = site.http.post(site.url("/sessions/tokens")).header("cookie", session).json(&wish);
    let made: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    format!("Bearer {}", made["token"].as_str().unwrap_or_else(|| panic!("{made}")))
}

#[test]
fn the_docs_show_the_table_as_it_is() {
    let mut table = "| method | path | who | whose | limit |\n|---|---|---|---|---|\n".to_owned();
    for Row { method, path, need, limit, whose, .. } in TABLE {
        let limit = match limit {
            Limit::Open => "",
            Limit::Rate => "rate",
            Limit::Failures => "failures",
        };
        writeln!(table, "| {method} | `{path}` | {} | {whose} | {limit} |", need.word()).unwrap();
    }
    let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md")).unwrap();
    assert!(docs.contains(&table), "docs/security.md should have this table:\n{table}");
}
