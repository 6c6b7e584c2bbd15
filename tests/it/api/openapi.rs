//! The description of the API, held against the table of rights and against the product itself.

use std::collections::BTreeSet;

use hemicycle::domain::rights::Need;
use hemicycle::http::openapi::row_of;
use hemicycle::http::table::{Kind, Row, TABLE};
use serde_json::Value;

use crate::sandbox::InProcess;

/// What is described of pages: their formats for programs.
const FORMATS: [(&str, &str); 3] =
    [("GET", "/results/{poll}.json"), ("GET", "/results/{poll}.csv"), ("GET", "/results/{poll}.svg")];
const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

/// Why a row of the table is not described, if it is not to be.
fn left_out(row: &Row) -> Option<&'static str> {
    match row {
        Row { kind: Kind::Page, .. } => Some("a page, or what pages load: for people"),
        row if row.path.starts_with("/socket.io") => Some("Engine.IO: a protocol of its own, for clients of old"),
        _ => None,
    }
}

/// An operation of the description.
pub struct Operation<'a> {
    pub method: String,
    pub path: &'a str,
    pub value: &'a Value,
    whole: &'a Value,
}

impl<'a> Operation<'a> {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// What a reference leads to, or the value itself.
    fn resolved(&self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                self.whole.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference}"))
            }
            None => value,
        }
    }

    /// The answers, by status.
    fn answers(&self) -> impl Iterator<Item = (u16, &'a Value)> {
        let answers = self.value["responses"].as_object().unwrap();
        answers.iter().map(|(status, answer)| (status.parse().unwrap(), self.resolved(answer)))
    }

    /// The contents of what is sent, by media type.
    pub fn bodies(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.value["requestBody"]["content"].as_object().into_iter().flatten()
    }

    /// The example of a content, or of its schema.
    pub fn example(&self, content: &'a Value) -> Option<&'a Value> {
        let schema = self.resolved(&content["schema"]);
        let item = self.resolved(&schema["items"]);
        [content, schema, item].into_iter().find_map(|part| part.get("example"))
    }
}

pub fn operations(whole: &Value) -> Vec<Operation<'_>> {
    let paths = whole["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let of = move |method: &&str| {
                let value = item.get(*method)?;
                Some(Operation { method: method.to_uppercase(), path, value, whole })
            };
            METHODS.iter().filter_map(of).collect::<Vec<_>>()
        })
        .collect()
}

pub async fn description() -> Value {
    let product = InProcess::start(&[]).await;
    let whole = product.site.json("/openapi.json").await;
    product.running.stop().await;
    whole
}

#[tokio::test]
async fn every_route_for_programs_is_described_and_nothing_else() {
    let whole = description().await;
    let described: BTreeSet<_> = operations(&whole).iter().map(Operation::name).collect();
    let wanted = TABLE.iter().filter(|row| left_out(row).is_none()).map(|row| (row.method, row.path)).chain(FORMATS);
    let wanted: BTreeSet<_> = wanted.map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(described, wanted);
    let methods = whole["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().keys());
    assert!(methods.clone().all(|method| METHODS.contains(&method.as_str())), "{:?}", methods.collect::<Vec<_>>());
}

#[tokio::test]
async fn every_operation_says_what_it_is_for_and_what_it_answers() {
    let whole = description().await;
    let mut ids = BTreeSet::new();
    for operation in operations(&whole) {
        let (name, value) = (operation.name(), operation.value);
        assert!(value["summary"].as_str().is_some_and(|text| text.len() > 5), "{name}");
        assert!(ids.insert(value["operationId"].as_str().unwrap()), "{name}: another operation has this id");
        assert_eq!(value["tags"].as_array().map(Vec::len), Some(1), "{name}");
        for (kind, content) in operation.bodies() {
            assert!(operation.example(content).is_some(), "{name}: no example of {kind}");
        }
        assert!(operation.answers().any(|(status, _)| status < 400), "{name}: never does well");
        for (status, answer) in operation.answers() {
            for (kind, content) in answer["content"].as_object().into_iter().flatten() {
                let is_error =
                    status >= 400 && !(kind == "text/html" || (operation.path == "/readyz" && status == 503));
                let is_shown = content["schema"]["$ref"] == "#/components/schemas/Error";
                assert_eq!(is_error, is_shown, "{name}: {status}");
                let says_what = !kind.ends_with("json") || is_error || operation.example(content).is_some();
                assert!(says_what || operation.path == "/openapi.json", "{name}: no example of {status}");
            }
            // The connection itself says 431, without a body.
            assert!(matches!(status, ..400 | 431) || !answer["content"].is_null(), "{name}: {status} says nothing");
        }
    }
}

#[tokio::test]
async fn an_operation_asks_for_what_its_row_of_the_table_asks_for() {
    let whole = description().await;
    for operation in operations(&whole) {
        let row = row_of(&operation.method, operation.path).unwrap();
        let asked = operation.value["security"].as_array().unwrap();
        let schemes: BTreeSet<_> =
            asked.iter().flat_map(|one| one.as_object().unwrap().keys()).map(String::as_str).collect();
        let may_be_nobody = asked.is_empty() || asked.iter().any(|one| one.as_object().unwrap().is_empty());
        let (name, statuses) = (operation.name(), operation.answers().map(|(status, _)| status).collect::<Vec<_>>());
        assert_eq!(may_be_nobody, row.need == Need::Anybody, "{name}");
        assert!(row.need == Need::Anybody || [401, 403].iter().all(|status| statuses.contains(status)), "{name}");
        match row.need {
            Need::Anybody => {}
            Need::InPerson => assert_eq!(schemes, BTreeSet::from(["adminKey", "session"]), "{name}"),
            _ => assert_eq!(schemes, BTreeSet::from(["adminKey", "session", "token"]), "{name}"),
        }
    }
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_refused_and_the_others_are_named() {
    let product = InProcess::start(&[]).await;
    for path in TABLE.iter().filter(|row| left_out(row).is_none()).map(|row| row.path).collect::<BTreeSet<_>>() {
        let taken: Vec<_> = TABLE.iter().filter(|row| row.path == path).map(|row| row.method).collect();
        for method in ["GET", "POST", "PATCH", "DELETE", "PUT"].into_iter().filter(|method| !taken.contains(method)) {
            let request =
                product.site.http.request(method.parse().unwrap(), product.site.url(&path.replace(['{', '}'], "")));
            let answer = request.send().await.unwrap();
            let allowed = answer.headers().get("allow").map(|allow| allow.to_str().unwrap().to_owned());
            assert_eq!(answer.status(), 405, "{method} {path}");
            assert_eq!(allowed, Some(taken.join(", ").replace("GET", "GET, HEAD")), "{method} {path}");
        }
    }
    product.running.stop().await;
}
