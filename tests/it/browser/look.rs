//! How a page looks on a device, and whether it can be read there.

use std::path::Path;

use serde_json::Value;

use super::driver::Browser;

/// A size of window in CSS pixels, and a taste.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
    /// Whether the viewer prefers dark pages.
    pub dark: bool,
}

impl Look {
    /// A phone of today, by day.
    pub const PHONE: Self = Self { width: 390, height: 844, dark: false };
    /// The smallest phone we support, by night.
    pub const SMALL_PHONE: Self = Self { width: 320, height: 568, dark: true };
    /// A laptop, by day.
    pub const DESKTOP: Self = Self { width: 1280, height: 800, dark: false };
    /// A laptop, by night.
    pub const DARK_DESKTOP: Self = Self { dark: true, ..Self::DESKTOP };
    /// A projector's.
    pub const WALL: Self = Self { width: 1920, height: 1080, dark: false };
    /// The looks in which every page is shown.
    pub const ALL: [Self; 4] = [Self::PHONE, Self::SMALL_PHONE, Self::DESKTOP, Self::DARK_DESKTOP];

    /// Whether it is a phone.
    pub fn phone(self) -> bool {
        self.width < 600
    }

    fn name(self) -> String {
        format!("{}-{}", self.width, if self.dark { "dark" } else { "light" })
    }
}

/// The checker of accessibility (<https://github.com/dequelabs/axe-core>).
const AXE: &str = include_str!("../../vendor/axe.min.js");

/// Asks the checker for what it finds, one line a violation: the rule, and the first element that breaks it.
const VIOLATIONS: &str = "const done = arguments[arguments.length - 1];
    const line = (one) => `${one.id}: ${one.help}: ${one.nodes[0].html} ${one.nodes[0].failureSummary}`;
    axe.run(document, { resultTypes: ['violations'] }).then((found) => done(found.violations.map(line)), (error) => done([String(error)]));";

/// Shows the current page in every look: nothing may stick out sideways, the checker must find nothing that keeps
/// people from using it, and a picture of it is written to `target/screenshots/`.
pub async fn inspect(browser: &Browser, page: &str) {
    browser.run(AXE).await;
    for look in Look::ALL {
        browser.look(look).await;
        // Colours that fade into each other are judged when they have arrived.
        browser.until("document.getAnimations().every((one) => !(one instanceof CSSTransition))").await;
        let name = picture(browser, page, look).await;
        let too_wide = browser.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
        assert!(too_wide.as_i64() <= Some(0), "{name}: sticks out by {too_wide} pixels");
        let violations = browser.run_async(VIOLATIONS).await;
        assert_eq!(violations, Value::Array(vec![]), "{name}");
    }
    browser.look(Look::PHONE).await;
}

/// Writes a picture of the current page as it looks; its name.
pub async fn picture(browser: &Browser, page: &str, look: Look) -> String {
    let name = format!("{page}-{}.png", look.name());
    browser.photograph(&Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots").join(&name)).await;
    name
}
