//! The same template rendered again and again while only some names change: what stands between their places is filled in once.

use super::placeholder::{Place, Placeholder, Scope};
use super::uses::{Use, Within, collect};
use super::{Piece, RenderError, Template, Wanted, render_pieces};
use crate::language::xml::XmlPlace;

/// A template in which all is filled in but the pieces that change.
pub(crate) struct Filled {
    text: Vec<u8>,
    /// Where each of these pieces goes.
    gaps: Vec<usize>,
}

/// Appends what goes into the gap with this number.
type Put<'p, E> = dyn FnMut(usize, &mut Vec<u8>) -> Result<(), E> + 'p;

impl Template {
    /// The numbers of the pieces that change with the values of these names; `None` if a piece may become another text for what
    /// stands around it, so that all has to be rendered anew.
    pub(crate) fn changing(&self, names: &[String]) -> Option<Vec<usize>> {
        let is_cdata = |hole: &Placeholder| matches!(hole.place, Place::Xml(XmlPlace::CData));
        if !self.charset.is_utf_8() || self.has_rows() || self.placeholders().any(is_cdata) {
            return None;
        }
        let changes = |piece: &Piece| {
            let mut found = Vec::new();
            collect(&mut std::iter::once(piece), Within::Text, &mut found);
            found.iter().any(|used| uses_any(used, names))
        };
        let pieces = self.pieces.iter().enumerate();
        let changing = pieces.filter(|(_, piece)| changes(piece));
        Some(changing.map(|(at, _)| at).collect())
    }

    /// Fills in all pieces but those with these numbers, which ascend.
    pub(crate) fn fill(
        &self,
        changing: &[usize],
        scope: &dyn Scope,
    ) -> Result<Filled, RenderError> {
        let (mut text, mut gaps) = (Vec::new(), Vec::with_capacity(changing.len()));
        let mut from = 0;
        for &piece in changing {
            render_pieces(&self.pieces[from..piece], scope, self.charset, &mut text)?;
            gaps.push(text.len());
            from = piece + 1;
        }
        render_pieces(&self.pieces[from..], scope, self.charset, &mut text)?;
        Ok(Filled { text, gaps })
    }

    /// Appends one piece.
    pub(crate) fn render_piece(
        &self,
        piece: usize,
        scope: &dyn Scope,
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        render_pieces(&self.pieces[piece..=piece], scope, self.charset, out)
    }
}

impl Filled {
    /// Appends the text, with what `put` appends in each gap, by their numbers.
    pub(crate) fn render<E>(&self, out: &mut Vec<u8>, put: &mut Put<'_, E>) -> Result<(), E> {
        let mut from = 0;
        for (number, &gap) in self.gaps.iter().enumerate() {
            out.extend_from_slice(&self.text[from..gap]);
            put(number, out)?;
            from = gap;
        }
        out.extend_from_slice(&self.text[from..]);
        Ok(())
    }
}

fn uses_any(used: &Use<'_>, names: &[String]) -> bool {
    match used {
        Use::List { name, .. } => names.iter().any(|known| known == name),
        Use::Value(hole, _) if hole.wanted == Wanted::InAnyCase => {
            let name = hole.name.to_lowercase();
            names.iter().any(|known| known.to_lowercase() == name)
        }
        Use::Value(hole, _) => hole.names().iter().any(|name| names.contains(name)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::data::value::Value;
    use crate::text::charset::Charset;

    fn names(names: &str) -> Vec<String> {
        names.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_depends_on_its_surroundings_is_rendered_as_a_whole() {
        let cdata = Template::xml("<a b=\"{k}\"><![CDATA[{n}]]></a>").expect("a template");
        assert_eq!(cdata.changing(&names("k")), None);
        let rows = Template::text("{k}{#each step}{T}{/each}").expect("a template");
        assert_eq!(rows.changing(&names("k")), None);
        let latin = Charset::named("latin1").expect("an encoding");
        let latin = Template::text_of_bytes(b"{k}", latin).expect("a template");
        assert_eq!(latin.changing(&names("k")), None);
    }

    #[test]
    fn what_changes_is_found_by_its_names_in_all_that_asks_for_them() {
        let template = Template::text("{a}-{b}{#each l}{b}{/each} {l[1]} {c:.2f}");
        let template = template.expect("a template");
        for (changed, pieces) in [
            ("a", vec![0]),
            ("b", vec![2, 3]),
            ("l", vec![3, 5]),
            ("c a", vec![0, 7]),
            ("A d", vec![]),
        ] {
            assert_eq!(
                template.changing(&names(changed)),
                Some(pieces),
                "{changed}"
            );
        }
        let dakota = Template::in_style_of_bytes(
            crate::language::template::TemplateStyle::Dakota,
            b"{a} {b*2 + c}\n",
            Charset::UTF_8,
        )
        .expect("a template");
        assert_eq!(dakota.changing(&names("c")), Some(vec![2]));
        let pest = Template::in_style_of_bytes(
            crate::language::template::TemplateStyle::Pest,
            b"ptf ~\n~ HK    ~ ~ hk    ~\n",
            Charset::UTF_8,
        )
        .expect("a template");
        let found = pest.changing(&names("hk")).expect("it can be");
        assert_eq!(found.len(), 2, "{found:?}");
    }

    fn values() -> impl Strategy<Value = [Value; 4]> {
        let number = prop_oneof![
            any::<f64>().prop_map(Value::Number),
            any::<i64>().prop_map(Value::Integer),
            "[<>&\"a ]{0,4}".prop_map(Value::Text),
        ];
        let list = prop::collection::vec(any::<i64>().prop_map(Value::Integer), 0..3);
        (number.clone(), number.clone(), number, list)
            .prop_map(|(a, b, c, list)| [a, b, c, Value::List(list)])
    }

    proptest! {
        #[test]
        fn it_is_the_text_that_is_rendered_as_a_whole(
            parts in prop::collection::vec(0_usize..8, 0..9),
            is_xml: bool,
            mask in prop::collection::vec(any::<bool>(), 4),
            before in values(),
            after in values(),
        ) {
            let parts = parts.iter().map(|&part| match part {
                0 => "{a}",
                1 => "{b:.2f}",
                2 => "<x y=\"{c}\"/>",
                3 => "{l[0]}",
                4 => "{#each l}{a} {l}{/each}",
                5 => "ü {{",
                6 => "{b}{c}",
                _ => " - ",
            });
            let source = format!("<t>{}</t>", parts.collect::<String>());
            let template = match is_xml {
                true => Template::xml(&source),
                false => Template::text(&source),
            };
            let template = template.expect("a template");
            let all = ["a", "b", "c", "l"];
            let scope = |changed: bool| -> BTreeMap<String, Value> {
                let value = |at: usize| match changed && mask[at] {
                    true => after[at].clone(),
                    false => before[at].clone(),
                };
                all.iter().enumerate().map(|(at, name)| ((*name).to_owned(), value(at))).collect()
            };
            let changed: Vec<String> =
                (0..4).filter(|&at| mask[at]).map(|at| all[at].to_owned()).collect();
            let changing = template.changing(&changed).expect("it can be");
            let (then, now) = (scope(false), scope(true));
            let mut whole = Vec::new();
            let was_rendered = template.render(&then, &mut Vec::new()).is_ok();
            let rendered = template.render(&now, &mut whole);
            let Ok(filled) = template.fill(&changing, &then) else {
                prop_assert!(!was_rendered);
                return Ok(());
            };
            let mut again = b"text before".to_vec();
            let refilled = filled.render(&mut again, &mut |piece, out| {
                template.render_piece(changing[piece], &now, out)
            });
            prop_assert_eq!(&refilled, &rendered);
            if rendered.is_ok() {
                prop_assert_eq!(&again[b"text before".len()..], whole);
            }
        }
    }
}
