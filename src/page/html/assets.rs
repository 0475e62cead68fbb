//! The style sheet and the script of every page, and the policy that lets a browser take these two and nothing else.
//!
//! They are files of `src/page/assets`, one after the other as they are: there is no build step. uPlot is somebody else's, taken as it was
//! published, with its licence beside it; its digest is held by a test.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

macro_rules! joined {
    ($($name:literal)*) => {
        concat!($(include_str!(concat!("../assets/", $name)), "\n"),*)
    };
}

/// The style sheet. The rules for the dark are one block of it, which `theme.js` looks for.
pub(super) const STYLE: &str =
    joined!("uPlot.min.css" "colours.css" "text.css" "pictures.css" "print.css");

/// The script: first what others need, last what has everything drawn.
pub(super) const SCRIPT: &str = joined!(
    "uPlot.iife.min.js" "arrays.js" "numbers.js" "elements.js" "theme.js" "scale.js" "choice.js" "fills.js" "shapes.js" "map.js"
    "handling.js" "legend.js" "series.js" "plot.js" "hydrograph.js" "duration.js" "find.js" "card.js" "page.js"
);

/// What a browser may do for the page: run this script, use this style, and ask nobody for anything.
pub(super) fn policy() -> String {
    let digest = |text: &str| BASE64.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(SCRIPT),
        digest(STYLE),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uplot_is_what_its_author_published() {
        let digest = |bytes: &[u8]| -> String {
            let bytes = Sha256::digest(bytes);
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        // Those of the package uplot 1.6.32 at npm.
        assert_eq!(
            digest(include_bytes!("../assets/uPlot.iife.min.js")),
            "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"
        );
        assert_eq!(
            digest(include_bytes!("../assets/uPlot.min.css")),
            "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04"
        );
        assert!(include_str!("../assets/uPlot.LICENSE").starts_with("The MIT License"));
    }

    #[test]
    fn nothing_ends_them_early_makes_markup_or_asks_anybody() {
        for text in [STYLE, SCRIPT] {
            let lower = text.to_lowercase();
            for forbidden in [
                "</script",
                "</style",
                "<!--",
                "innerhtml",
                "outerhtml",
                "insertadjacenthtml",
                "document.write",
                "eval(",
                "fetch(",
                "xmlhttprequest",
                "import(",
                "@import",
                "url(",
            ] {
                assert!(!lower.contains(forbidden), "{forbidden}");
            }
        }
    }
}
