//! Numbers, ids and tables as all sections write them: the same way in which the page's scripts do.

use std::fmt::Write;

use maud::{Markup, html};

use crate::data::scenario::ScenarioName;
use crate::page::Page;
use crate::page::array::Array;
use crate::page::failures::PageUnit;
use crate::system::progress::seconds;

/// How many digits a number has for people.
const DIGITS: i32 = 4;

/// What stands for a number that is missing.
const MISSING: &str = "–";

/// The ids and scenarios to which the facts refer by their places.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    ids: &'a [String],
    scenarios: &'a [ScenarioName],
}

impl<'a> Names<'a> {
    /// Those of a page.
    pub(super) fn of(page: &'a Page) -> Self {
        let ids = match page.arrays.get(&page.drawn.ids) {
            Some(Array::Text(ids)) => ids.as_slice(),
            _ => &[],
        };
        Self {
            ids,
            scenarios: &page.drawn.scenarios,
        }
    }

    /// The name of a scenario, empty if it has none.
    pub(super) fn scenario(self, scenario: usize) -> &'a str {
        self.scenarios
            .get(scenario)
            .map_or("", ScenarioName::as_str)
    }

    /// Whether there are several scenarios, or one with a name.
    pub(super) fn has_scenarios(self) -> bool {
        self.scenarios.iter().any(|name| !name.is_unnamed())
    }

    /// A link to a catchment, which shows it on the map and its curves.
    pub(super) fn link(self, unit: PageUnit) -> Markup {
        let id = self.ids.get(unit.catchment).map_or("", String::as_str);
        let mut address = format!("#catchment={}", encoded(id));
        let scenario = self.scenario(unit.scenario);
        if !scenario.is_empty() {
            address.push_str(&format!("&scenario={}", encoded(scenario)));
        }
        html! { a class="id" href=(address) { (id) } }
    }
}

/// A document without control characters, which no text of it needs: ids and what simulators print may have any.
pub(super) fn without_controls(mut document: String) -> String {
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if document.contains(is_control) {
        document.retain(|c| !is_control(c));
    }
    document
}

/// A text within an address, as `URLSearchParams` of a browser reads it.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                encoded.push(char::from(byte));
            }
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

/// A table that can be scrolled sideways where it is too wide.
pub(super) fn table(caption: &str, head: &Markup, body: &Markup) -> Markup {
    html! {
        div class="wide" tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { (head) } }
                tbody { (body) }
            }
        }
    }
}

/// A number as people write it, to four digits: `12,345`, `0.01234`, `1.234 × 10⁻⁷`; a dash where it is missing.
pub(super) fn number(number: Option<f64>) -> String {
    let Some(number) = number.filter(|number| number.is_finite()) else {
        return MISSING.to_owned();
    };
    if number == 0.0 {
        return "0".to_owned();
    }
    let sign = if number < 0.0 { "−" } else { "" };
    let size = number.abs();
    if !(1e-4..1e9).contains(&size) {
        let text = format!("{size:.*e}", (DIGITS - 1) as usize);
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{sign}{} × 10{}", plain(digits), superscript(exponent));
    }
    let whole = size.log10().floor() as i32 + 1;
    let decimals = (DIGITS - whole).max(0) as usize;
    let text = format!("{size:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    format!(
        "{sign}{}",
        plain(&format!("{}{point}{fraction}", grouped(whole)))
    )
}

/// The same with its sign: what is a difference.
pub(super) fn signed(difference: f64) -> String {
    let plus = if difference > 0.0 { "+" } else { "" };
    format!("{plus}{}", number(Some(difference)))
}

/// A count with commas between thousands.
pub(super) fn count(count: usize) -> String {
    grouped(&count.to_string())
}

/// A noun with its count: `1 catchment`, `1,200 catchments`.
pub(super) fn counted(many: usize, noun: &str) -> String {
    let plural = if many == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(many))
}

/// What something is called, with its units, if it has any: `mean discharge, m³ s⁻¹`.
pub(super) fn titled(name: &str, long_name: Option<&str>, units: Option<&str>) -> String {
    let name = long_name.unwrap_or(name);
    match units.filter(|units| !matches!(*units, "" | "1")) {
        Some(units) => format!("{name}, {}", units_of(units)),
        None => name.to_owned(),
    }
}

/// `m3 s-1` as `m³ s⁻¹`.
fn units_of(units: &str) -> String {
    let signs: Vec<char> = units.chars().collect();
    let is_letter = |c: char| c.is_ascii_alphabetic() || matches!(c, 'µ' | '°');
    let (mut text, mut at) = (String::new(), 0);
    while at < signs.len() {
        text.push(signs[at]);
        at += 1;
        if !is_letter(signs[at - 1]) {
            continue;
        }
        let start = at + usize::from(signs.get(at) == Some(&'^'));
        let digits = start + usize::from(signs.get(start) == Some(&'-'));
        let behind = &signs[digits.min(signs.len())..];
        let many = behind.iter().take_while(|c| c.is_ascii_digit()).count();
        if many > 0 && behind.get(many) != Some(&'.') {
            let power: String = signs[start..digits + many].iter().collect();
            text.push_str(&superscript(&power));
            at = digits + many;
        }
    }
    text
}

/// A duration: `20 ms`, `0.3 s`, `2 min 7 s`.
pub(super) fn took(duration: f64) -> String {
    match duration {
        short if short > 0.0 && short < 0.1 => format!("{:.0} ms", (short * 1e3).max(1.0)),
        duration => seconds(duration),
    }
}

/// A time as JSON has it, for people: `2026-11-22 20:15`.
pub(super) fn time(utc: &str) -> Markup {
    let short = utc.get(..16).unwrap_or(utc).replace('T', " ");
    html! { time datetime=(utc) { (short) } }
}

fn superscript(text: &str) -> String {
    let sign = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '0' | '4'..='9' => {
            char::from_u32(u32::from('⁰') + u32::from(c) - u32::from('0')).unwrap_or(c)
        }
        _ => c,
    };
    text.chars().map(sign).collect()
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Without zeros at the end that say nothing.
fn plain(number: &str) -> String {
    match number.contains('.') {
        true => number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        false => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_people_write_them() {
        for (value, text) in [
            (12_345.6, "12,346"),
            (0.012_34, "0.01234"),
            (-1.5, "−1.5"),
            (99.996, "100"),
            (1.234e-7, "1.234 × 10⁻⁷"),
            (-2e12, "−2 × 10¹²"),
            (100.0, "100"),
            (0.0, "0"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(Some(value)), text);
        }
        assert_eq!(signed(3.0), "+3");
        assert_eq!([0.0002, 0.0214, 0.3].map(took), ["1 ms", "21 ms", "0.3 s"]);
        assert_eq!(counted(1, "catchment"), "1 catchment");
        assert_eq!(counted(1_234_567, "catchment"), "1,234,567 catchments");
    }

    #[test]
    fn units_have_powers() {
        for (units, text) in [
            ("m3 s-1", "m³ s⁻¹"),
            ("kg/m^2", "kg/m²"),
            ("mm d-1", "mm d⁻¹"),
            ("%", "%"),
            ("1e3 m", "1e³ m"),
            ("m2.5", "m2.5"),
            ("m-", "m-"),
        ] {
            assert_eq!(units_of(units), text);
        }
    }

    #[test]
    fn addresses_have_any_id() {
        assert_eq!(encoded("k=1 &<\"ä"), "k%3D1%20%26%3C%22%C3%A4");
    }
}
