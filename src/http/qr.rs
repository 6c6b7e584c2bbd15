//! Addresses as QR codes.

use std::fmt::Write;

use qrcode::render::svg;
use qrcode::{Color, QrCode};
use serde::Serialize;

/// The least width of a picture, in units of SVG.
const WIDTH: u32 = 200;

/// The address as a picture in SVG; `None` where it is too long for a QR code.
#[must_use]
pub fn svg(address: &str) -> Option<String> {
    Some(QrCode::new(address).ok()?.render::<svg::Color>().min_dimensions(WIDTH, WIDTH).build())
}

/// The same as an address that an `img` can show.
#[must_use]
pub fn data(address: &str) -> Option<String> {
    svg(address).map(|image| format!("data:image/svg+xml;base64,{}", data_encoding::BASE64.encode(image.as_bytes())))
}

/// A QR code for a page with many: a few kilobytes of SVG, to be drawn with a stroke as wide as a module.
#[derive(Debug, Serialize)]
pub struct Modules {
    /// Its side, with the quiet zone around it, in modules.
    pub side: usize,
    /// Its dark modules, as the `d` of a path: a line for each run of them.
    pub path: String,
}

/// The quiet zone that readers need, in modules.
const QUIET: usize = 4;

/// The address as dark modules; `None` where it is too long for a QR code.
#[must_use]
pub fn modules(address: &str) -> Option<Modules> {
    let code = QrCode::new(address).ok()?;
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(code.width()).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, next| one == next) {
            if run[0] == Color::Dark {
                // Writing to a string does not fail.
                let _ = write!(path, "M{} {}.5h{}", x + QUIET, y + QUIET, run.len());
            }
            x += run.len();
        }
    }
    Some(Modules { side: code.width() + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_modules_are_drawn_where_they_are_and_nowhere_else() {
        let address = "http://127.0.0.1:8080/vote/tea/ABCD-EFGH-JKMN";
        let (drawn, code) = (modules(address).unwrap(), QrCode::new(address).unwrap());
        let mut dark = vec![false; drawn.side * drawn.side];
        for line in drawn.path.split('M').skip(1) {
            let (x, rest) = line.split_once(' ').unwrap();
            let (y, length) = rest.split_once(".5h").unwrap();
            let [x, y, length] = [x, y, length].map(|number| number.parse::<usize>().unwrap());
            dark[y * drawn.side + x..][..length].fill(true);
        }
        let inner = (0..code.width()).flat_map(|y| (0..code.width()).map(move |x| (x, y)));
        let (mut expected, colors) = (vec![false; dark.len()], code.to_colors());
        for (x, y) in inner {
            expected[(y + QUIET) * drawn.side + x + QUIET] = colors[y * code.width() + x] == Color::Dark;
        }
        assert_eq!(dark, expected);
        assert!(modules(&"x".repeat(3000)).is_none());
    }
}
