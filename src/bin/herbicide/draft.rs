//! The elements of a layout as they stand in the XML, before it is known whether they make sense together.

use std::collections::BTreeMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// A model unit as written.
pub(crate) struct Unit {
    /// `application` or `transfer`, if valid.
    pub kind: String,
    /// The name that connections use.
    pub id: String,
    /// The `<parameter>` elements within.
    pub parameters: BTreeMap<String, f64>,
}

/// The elements met so far.
#[derive(Default)]
pub(crate) struct Draft {
    /// The id of the catchment.
    pub catchment: Option<String>,
    /// The path of the series table.
    pub series_file: Option<String>,
    /// The computed columns.
    pub columns: Vec<String>,
    /// The `<model>` elements.
    pub units: Vec<Unit>,
    /// The attributes of the `<connection>` elements.
    pub connections: Vec<BTreeMap<String, String>>,
}

impl Draft {
    /// Reads a whole document; the reader stays where an error was met.
    pub(crate) fn read(&mut self, reader: &mut Reader<&[u8]>) -> Result<(), String> {
        let mut open = Vec::new();
        let mut column = String::new();
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(element) => {
                    self.element(&element, &open)?;
                    open.push(element.name().as_ref().to_owned());
                    column.clear();
                }
                Event::Empty(element) => self.element(&element, &open)?,
                Event::Text(text) => column.push_str(&text.xml_content(XmlVersion::Explicit1_0)),
                Event::CData(text) => column.push_str(&text.xml_content(XmlVersion::Explicit1_0)),
                Event::GeneralRef(reference) => {
                    let name = reference.xml_content(XmlVersion::Explicit1_0);
                    match reference
                        .resolve_char_ref()
                        .map_err(|error| error.to_string())?
                    {
                        Some(character) => column.push(character),
                        None => column.push_str(
                            quick_xml::escape::resolve_predefined_entity(&name)
                                .ok_or_else(|| format!("unknown entity &{name};"))?,
                        ),
                    }
                }
                Event::End(_) => {
                    if open.pop().as_deref() == Some("column") {
                        self.column(column.trim())?;
                    }
                }
                Event::Eof if open.is_empty() => return Ok(()),
                Event::Eof => return Err(format!("<{}> is not closed", open.join("><"))),
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
            }
        }
    }

    fn column(&mut self, name: &str) -> Result<(), String> {
        if name.is_empty() || name.contains(['\t', '\n', '\r']) {
            return Err(format!(
                "'{}' cannot be the name of a column",
                name.escape_debug()
            ));
        }
        self.columns.push(name.to_owned());
        Ok(())
    }

    fn element(&mut self, element: &BytesStart<'_>, open: &[String]) -> Result<(), String> {
        let mut attributes = BTreeMap::new();
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|error| error.to_string())?;
            attributes.insert(attribute.key.as_ref().to_owned(), value.into_owned());
        }
        let name = element.name();
        let name = name.as_ref();
        let mut take = |key: &str| {
            attributes
                .remove(key)
                .ok_or_else(|| format!("<{name}> has no attribute {key}"))
        };
        match (open.last().map(String::as_str), name) {
            (None, "layout") => self.catchment = Some(take("catchment")?),
            (Some("layout"), "data") => self.series_file = Some(take("src")?),
            (Some("data"), "column") => {}
            (Some("layout"), "model") => {
                self.units.push(Unit {
                    kind: take("type")?,
                    id: take("id")?,
                    parameters: BTreeMap::new(),
                });
            }
            (Some("model"), "parameter") => {
                let (key, value) = (take("name")?, take("value")?);
                let number = value
                    .trim()
                    .parse()
                    .ok()
                    .filter(|number: &f64| number.is_finite());
                let number = number.ok_or_else(|| format!("{key} is not a number: '{value}'"))?;
                if let Some(unit) = self.units.last_mut() {
                    unit.parameters.insert(key, number);
                }
            }
            (Some("layout"), "connection") => self.connections.push(attributes),
            (Some(parent), _) => return Err(format!("<{name}> has no place in <{parent}>")),
            (None, _) => return Err(format!("<{name}> is not a layout")),
        }
        Ok(())
    }
}
