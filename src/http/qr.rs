//! Addresses as QR codes.

use qrcode::QrCode;
use qrcode::render::svg::Color;

/// The least width of a picture, in units of SVG.
const WIDTH: u32 = 200;

/// The address as a picture in SVG; `None` where it is too long for a QR code.
#[must_use]
pub fn svg(address: &str) -> Option<String> {
    Some(QrCode::new(address).ok()?.render::<Color>().min_dimensions(WIDTH, WIDTH).build())
}

/// The same as an address that an `img` can show.
#[must_use]
pub fn data(address: &str) -> Option<String> {
    svg(address).map(|image| format!("data:image/svg+xml;base64,{}", data_encoding::BASE64.encode(image.as_bytes())))
}
