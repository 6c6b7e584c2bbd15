//! What a Socket.IO client can say that it should not.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Target, assert_refused, connect, converse, hear_out};
use crate::api::socket::Client;
use crate::sandbox::Site;

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A websocket, as soon as the server has said that it is one.
async fn websocket(site: &Site) -> TcpStream {
    let mut stream = connect(site).await;
    let head = format!("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    until(&mut stream, "\"pingInterval\"").await;
    stream
}

/// Reads until these words have come.
async fn until(stream: &mut TcpStream, words: &str) {
    let mut heard = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&heard).contains(words) {
            assert!(stream.read_buf(&mut heard).await.unwrap() > 0, "it ended: {}", String::from_utf8_lossy(&heard));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap_or_else(|_| panic!("never came: {words}"));
}

/// A frame of a client, masked with zeros (RFC 6455, 5.2).
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode, 0x80 | 127];
    frame.extend_from_slice(&u64::try_from(payload.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

async fn websockets(site: &Site) -> f64 {
    // The one that asks is none.
    site.metric("hemicycle_connections").await.unwrap() - 1.0
}

#[tokio::test]
async fn requests_that_are_no_engine_io_4_are_4xx() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let long = "x".repeat(4000);
    let wrong = [
        String::new(),
        "?".into(),
        "?EIO=4".into(),
        "?transport=polling".into(),
        "?EIO=4&transport=".into(),
        "?EIO=4&transport=grpc".into(),
        "?EIO=4&transport=websocket".into(),
        "?EIO=%34&transport=polling".into(),
        "?EIO=4&transport=polling&sid=".into(),
        "?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA".into(),
        "?EIO=4&transport=polling&sid=../../etc/passwd".into(),
        format!("?EIO=4&transport=polling&sid={long}"),
        format!("?EIO=4&transport={long}"),
    ];
    let versions = ["", "0", "2", "3", "5", "44", "-1", "x"].map(|version| format!("?EIO={version}&transport=polling"));
    for query in wrong.iter().chain(&versions) {
        for method in [Method::GET, Method::POST] {
            let request = site.http.request(method.clone(), site.url(&format!("/socket.io/{query}"))).body("40");
            let answer = request.send().await.unwrap();
            let status = answer.status();
            assert_eq!(status, StatusCode::BAD_REQUEST, "{method} {query:.80}");
            let text = answer.text().await.unwrap();
            assert!(text.starts_with('{'), "no JSON: {text}");
        }
    }
    let address = site.url("/socket.io/?EIO=4&transport=polling");
    let post = site.http.post(&address).body("40").send().await.unwrap();
    assert_eq!(post.status(), StatusCode::BAD_REQUEST, "nobody's packet");
    let head = site.http.head(&address).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::BAD_REQUEST);
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = site.http.request(method, &address).send().await.unwrap();
        assert_refused(answer, StatusCode::METHOD_NOT_ALLOWED, "method").await;
    }
    assert_eq!(site.http.get(site.url("/socket.io/x")).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    target.assert_unharmed().await;
}

#[tokio::test]
async fn packets_that_are_none_end_their_session_and_nothing_else() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let deep = format!("42[\"subscribe\",{}", "[".repeat(3000));
    let many = ["40"; 1000].join("\u{1e}");
    let places = ["40/elsewhere,"; 200].join("\u{1e}");
    let packets = [
        "",
        "x",
        "9",
        "4",
        "49",
        "0{}",
        "2probe",
        "5",
        "6",
        "42",
        "42[",
        "42[1]",
        "42{}",
        "42[]",
        "44{}",
        "43",
        "431",
        "45",
        "451-[\"x\",{\"_placeholder\":true,\"num\":0}]",
        "45999999999999-[\"x\"]",
        "bAAAA",
        "b!",
        "40{",
        "41\u{1e}40\u{1e}41",
        "\u{1e}\u{1e}",
        "42/x,[\"a\"]",
        "42999999999999999999999[\"a\"]",
        "1\u{1e}40",
        &deep,
        &many,
        &places,
    ];
    for packet in packets {
        let client = Client::connect(site).await;
        let status = client.send(packet).await.status();
        assert!(status == StatusCode::OK || status.is_client_error(), "{packet:.60}: {status}");
    }
    let client = Client::connect(site).await;
    let broken = site.http.post(client.url()).body(vec![b'4', 0xff, 0xfe]).send().await.unwrap();
    assert_refused(broken, StatusCode::BAD_REQUEST, "no UTF-8").await;
    let client = Client::connect(site).await;
    let large = client.send(&"4".repeat(5000)).await;
    assert_refused(large, StatusCode::PAYLOAD_TOO_LARGE, "a large body").await;
    let mut good = Client::connect(site).await;
    assert_eq!(good.event().await.unwrap().0, "message", "others are served");
    target.assert_unharmed().await;
}

#[tokio::test]
async fn upgrades_that_are_none_are_400() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let wrong = [
        String::new(),
        UPGRADE.replace("Connection: Upgrade\r\n", ""),
        UPGRADE.replace("Upgrade: websocket\r\n", ""),
        UPGRADE.replace("websocket", "h2c"),
        UPGRADE.replace("13", "8"),
        UPGRADE.replace("dGhlIHNhbXBsZSBub25jZQ==", "short"),
        UPGRADE.replace("dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ];
    for headers in wrong {
        let address = "/socket.io/?EIO=4&transport=websocket";
        let head = format!("GET {address} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\nGET /livez HTTP/1.1\r\n");
        let answer = converse(site, format!("{head}Host: localhost\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("{\"error\":"), "{headers}: {answer}");
        assert!(answer.ends_with("alive\n"), "the connection went on as something else: {answer}");
    }
    target.assert_unharmed().await;
}

#[tokio::test]
async fn websockets_that_send_garbage_are_closed() {
    let target = Target::start(&["--head-seconds", "1"]).await;
    let site = target.site();
    let garbage = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0xff; 100],
        vec![0x81, 0x02, b'4', b'0'],
        frame(1, b"x"),
        frame(1, &[0xff, 0xfe]),
        frame(1, &[b'4'; 5000]),
        frame(2, b"garbage"),
        frame(1, b"2probe"),
        frame(3, b"reserved"),
        frame(8, b""),
        [&[0x81, 0x80 | 127][..], &u64::MAX.to_be_bytes()].concat(),
    ];
    for bytes in garbage {
        let mut stream = websocket(site).await;
        stream.write_all(&bytes).await.unwrap();
        // The other side may be gone before it has read it all.
        let _ = stream.write_all(&frame(1, b"40")).await;
        hear_out(&mut stream).await;
    }
    let mut patient = websocket(site).await;
    patient.write_all(&frame(1, b"40")).await.unwrap();
    until(&mut patient, "42[\"message\"").await;
    // That is longer than a head may take: a websocket has none.
    for _ in 0..3 {
        until(&mut patient, "42[\"scores\"").await;
    }
    drop(patient);
    target.assert_unharmed().await;
}

#[tokio::test]
async fn websockets_are_connections_and_those_that_say_nothing_are_let_go() {
    let target = Target::start(&["--max-connections", "4"]).await;
    let site = target.site();
    let silent = [websocket(site).await, websocket(site).await, websocket(site).await];
    assert!((websockets(site).await - 3.0).abs() < f64::EPSILON);
    let began = Instant::now();
    for mut stream in silent {
        hear_out(&mut stream).await;
    }
    assert!(began.elapsed() < Duration::from_secs(10), "they were kept for {:?}", began.elapsed());
    while websockets(site).await > 0.5 {
        assert!(began.elapsed() < Duration::from_secs(20), "they are still counted");
    }
    target.assert_unharmed().await;
}

#[tokio::test]
async fn a_websocket_holds_up_no_shutdown() {
    let target = Target::start(&[]).await;
    let mut shown = websocket(target.site()).await;
    shown.write_all(&frame(1, b"40")).await.unwrap();
    until(&mut shown, "42[\"scores\"").await;
    let began = Instant::now();
    target.product.running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(4), "it took {:?}", began.elapsed());
    hear_out(&mut shown).await;
}

#[tokio::test]
async fn two_polls_at_a_time_end_the_session() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let client = Client::open(site, "/socket.io/").await;
    // The first answer is the ping; then there is nothing to be sent.
    assert_eq!(client.poll().await.unwrap().text().await.unwrap(), "2");
    let (one, other) = tokio::join!(client.poll(), client.poll());
    let statuses = [one, other].map(|answer| answer.unwrap().status());
    assert!(statuses.contains(&StatusCode::BAD_REQUEST) && statuses.contains(&StatusCode::OK), "{statuses:?}");
    assert_eq!(client.poll().await.unwrap().status(), StatusCode::BAD_REQUEST, "it is over");
    target.assert_unharmed().await;
}
