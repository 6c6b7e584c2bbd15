//! The examples of the API, sent to the product: those of its description, and those of its document.

use std::path::Path;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use super::openapi::{Operation, description, operations};
use crate::sandbox::{InProcess, KEY, Site};

/// Who sends them: an administrator in person, whose account the examples name.
async fn tintin(site: &Site) -> String {
    site.make_user("tintin", "correct horse battery", "admin").await;
    site.sign_in_as("tintin", "correct horse battery").await
}

/// The operation's path, with the examples of its parameters.
fn path(operation: &Operation<'_>) -> String {
    let parameters = operation.value["parameters"].as_array().into_iter().flatten();
    parameters.filter(|parameter| parameter["in"] == "path").fold(operation.path.to_owned(), |path, parameter| {
        let example = parameter["example"].as_str().map_or_else(|| parameter["example"].to_string(), str::to_owned);
        path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), &example)
    })
}

/// The fields of an example, as a form has them.
fn fields(example: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = example.as_object().unwrap().iter();
    let each = |(name, value): (&String, &Value)| match value.as_array() {
        Some(list) => list.iter().map(|one| (name.clone(), text(one))).collect::<Vec<_>>(),
        None => vec![(name.clone(), text(value))],
    };
    fields.flat_map(each).collect()
}

/// Sends an example to a product that has seen none before; the status, and where it leads.
async fn send(operation: &Operation<'_>, kind: &str, example: &Value) -> (u16, String) {
    let product = InProcess::start(&["--signup", "open"]).await;
    let site = &product.site;
    // The one that makes the account is sent with the admin key.
    let (header, shown) = match operation.value["operationId"].as_str() {
        Some("create_user") => ("authorization", KEY.to_owned()),
        _ => ("cookie", tintin(site).await),
    };
    site.organise("/quotes", &json!({ "user_id": "tintin", "quote": "Quote 1" })).await;
    let method: Method = operation.method.parse().unwrap();
    let mut request = site.http.request(method, site.url(&path(operation))).header(header, shown);
    if operation.path == "/" {
        request = request.header("host", "vote.localhost");
    }
    let is_form = kind == "application/x-www-form-urlencoded";
    request = if is_form { request.form(&fields(example)) } else { request.json(example) };
    let answer = request.send().await.unwrap();
    let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    let status = answer.status().as_u16();
    drop(answer);
    product.running.stop().await;
    (status, to)
}

#[tokio::test]
async fn every_example_of_the_description_is_taken_as_it_stands() {
    let whole = description().await;
    let mut sent = 0;
    for operation in operations(&whole) {
        for (kind, content) in operation.bodies() {
            let (status, to) = send(&operation, kind, operation.example(content).unwrap()).await;
            // The default poll does not vote by code.
            let wanted = if operation.path == "/polls/{poll}/codes" { status == 409 } else { status < 400 };
            assert!(wanted && !to.contains("failed="), "{} as {kind}: {status} {to}", operation.name());
            sent += 1;
        }
    }
    assert!(sent > 20, "{sent} examples");
}

#[tokio::test]
async fn every_example_of_a_schema_has_its_fields_and_no_others() {
    let whole = description().await;
    let schemas = whole["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        let (Some(example), Some(known)) = (schema["example"].as_object(), schema["properties"].as_object()) else {
            continue;
        };
        let unknown: Vec<_> = example.keys().filter(|field| !known.contains_key(*field)).collect();
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let missing: Vec<_> = required.filter(|field| !example.contains_key(*field)).collect();
        assert!(unknown.is_empty() && missing.is_empty(), "{name}: unknown {unknown:?}, missing {missing:?}");
    }
}

#[tokio::test]
async fn the_commands_of_the_document_do_what_it_says() {
    let product = InProcess::start(&[]).await;
    let document = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md")).unwrap();
    let commands = document.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let commands = commands.replace("localhost:8080", product.site.base.trim_start_matches("http://"));
    let folder = tempfile::tempdir().unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &commands]).current_dir(folder.path()).env("no_proxy", "*");
    let done = tokio::task::spawn_blocking(move || bash.output().unwrap()).await.unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{said}");
    let ballots: Vec<_> = said.match_indices("\"ballot\":").map(|(place, _)| &said[place..place + 27]).collect();
    assert!(matches!(ballots[..], [first, again] if first == again), "{said}");
    for wanted in [
        "\"slug\":\"drinks\"",
        "\"status\":\"closed\"",
        "Utilisateur ajouté",
        "HTTP/1.1 403",
        "rel=\"next\"",
        "\"id\":\"ann\"",
    ] {
        assert!(said.contains(wanted), "{wanted} is not in {said}");
    }
    product.running.stop().await;
}
