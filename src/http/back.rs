//! Where a form leads back to: the page it was on, which it says itself.

/// The longest address that is led back to, in bytes.
const LONGEST: usize = 1000;

/// `wanted`, if it is an address of this site, else `otherwise`: a form must not lead through us to another site. What
/// browsers take for another host (`//host`, `/\host`) or drop from an address (tabs, ends of lines) is none of ours.
#[must_use]
pub fn back<'a>(wanted: Option<&'a str>, otherwise: &'a str) -> &'a str {
    let is_ours = |address: &&str| {
        address.starts_with('/')
            && !address[1..].starts_with('/')
            && !address.contains('\\')
            && address.len() <= LONGEST
            && address.bytes().all(|c| c.is_ascii_graphic())
    };
    wanted.filter(is_ours).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_our_own_pages_and_nowhere_else() {
        for ours in ["/", "/wall", "/wall?order=top&after=1.2#quote-7", "/vote/drinks"] {
            assert_eq!(back(Some(ours), "/wall"), ours);
        }
        for other in [
            "",
            "wall",
            "//example.org",
            "///example.org",
            "/\\example.org",
            "\\/example.org",
            "https://example.org",
            "javascript:alert(1)",
            "/\t/example.org",
            "/\n/example.org",
            " /wall",
            "/é",
            &format!("/{}", "x".repeat(LONGEST)),
        ] {
            assert_eq!(back(Some(other), "/wall"), "/wall", "{other:?}");
        }
        assert_eq!(back(None, "/wall"), "/wall");
    }
}
