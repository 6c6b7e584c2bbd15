//! What browsers call themselves, in words that their owners recognise.
//!
//! A browser's `User-Agent` names others that it wants to be taken for: what is looked for first is what fewest pretend
//! to be (<https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Browser_detection_using_the_user_agent>).

/// What browsers say of themselves, the rarest pretence first, and their names.
const BROWSERS: [(&str, &str); 10] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// What they say of the system, the rarest pretence first, and its name.
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
    ("X11", "Unix"),
];

/// The names of a browser and of the system it runs on, such as `Chrome` and `Android`; `None` of what is no browser we
/// know.
#[must_use]
pub fn browser_and_system(agent: &str) -> Option<(&'static str, &'static str)> {
    let named =
        |names: &[(&str, &'static str)]| names.iter().find(|(said, _)| agent.contains(said)).map(|(_, name)| *name);
    agent.starts_with("Mozilla/").then(|| Some((named(&BROWSERS)?, named(&SYSTEMS)?)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_recognised_by_what_fewest_pretend_to_be() {
        for (agent, known) in [
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
                ("Chrome", "Android"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
                ("Edge", "Windows"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                ("Safari", "iPhone"),
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", ("Firefox", "Linux")),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
                ("Safari", "macOS"),
            ),
        ] {
            assert_eq!(browser_and_system(agent), Some(known), "{agent}");
        }
    }

    #[test]
    fn what_is_no_browser_we_know_is_left_as_it_is() {
        for agent in
            ["", "curl/8.11.1", "python-requests/2.32 on Linux with Chrome/1", "Mozilla/5.0", "Mozilla/5.0 (Linux)"]
        {
            assert_eq!(browser_and_system(agent), None, "{agent}");
        }
    }
}
