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

/// Shows the current page in every look: nothing may stick out sideways, all text must stand out from its ground, and
/// a picture of it is written to `target/screenshots/`.
pub async fn inspect(browser: &Browser, page: &str) {
    for look in Look::ALL {
        browser.look(look).await;
        // Colours that fade into each other are judged when they have arrived.
        browser.until("document.getAnimations().every((one) => !(one instanceof CSSTransition))").await;
        let name = format!("{page}-{}.png", look.name());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        browser.photograph(&folder.join(&name)).await;
        let too_wide = browser.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
        assert!(too_wide.as_i64() <= Some(0), "{name}: sticks out by {too_wide} pixels");
        let faint = browser.evaluate(FAINT).await;
        assert_eq!(faint, Value::Array(vec![]), "{name}: text that does not stand out from its ground");
    }
    browser.look(Look::PHONE).await;
}

/// The texts of the page whose contrast is under 4.5, as WCAG 2.2 (1.4.3, level AA) reckons it.
const FAINT: &str = r"(() => {
    const parse = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
    const shine = (rgb) => {
        const [r, g, b] = rgb.map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const [r, g, b, alpha = 1] = parse(getComputedStyle(at).backgroundColor);
            if (alpha > 0.99) return [r, g, b];
        }
        return [255, 255, 255];
    };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        const words = texts.currentNode.textContent.trim();
        const unseen = !words || !element.checkVisibility() || element.closest('option, script, noscript, :disabled');
        if (unseen) continue;
        const [low, high] = [shine(parse(getComputedStyle(element).color).slice(0, 3)), shine(ground(element))].sort((a, b) => a - b);
        const contrast = (high + 0.05) / (low + 0.05);
        if (contrast < 4.5) faint.push(`${words}: ${contrast.toFixed(2)}`);
    }
    return faint;
})()";
