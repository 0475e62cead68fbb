//! What makes a run a good one and what is taken from its outputs, as it is hashed, and in words for `why`.
//!
//! Field by field and by hand: a field that is added here is left out where it has the value that was implied before, so that
//! keys stay. What differs from catchment to catchment is not here but in the walk over a catchment's own parts. Nor is what
//! shows in the product alone, such as the name and the dates of a stated time axis.

use crate::data::record::{Described, record, tuple};
use crate::project::output_format::{
    Condition, Dates, DimensionPlaces, DimensionSpec, NetcdfFormat, OutputFormat, OutputTime,
    RowAxes, Separator,
};
use crate::project::{Output, Requirement, Simulator};

/// All of it, field by field, as it is hashed. In whichever order several outputs stand in the project file, it is the same.
pub(super) fn extraction(simulator: &Simulator) -> String {
    let mut outputs: Vec<String> = simulator
        .outputs
        .iter()
        .map(Described::description)
        .collect();
    outputs.sort();
    let mut text = outputs.join(" ");
    let columns = simulator.columns.iter().map(|column| &column.source);
    let columns: Vec<_> = columns.collect();
    let others: [&dyn Described; 4] = [
        &simulator.exit_codes,
        &simulator.fail_on_stdout,
        &simulator.require,
        &columns,
    ];
    for other in others {
        text.push(' ');
        other.describe(&mut text);
    }
    text
}

/// Its file is hashed with what is a catchment's own.
impl Described for Output {
    fn describe(&self, text: &mut String) {
        self.format.describe(text);
        let RowAxes { time, dimension } = &self.axes;
        if *time != OutputTime::Steps {
            text.push(' ');
            time.describe(text);
        }
        if let Some(dimension) = dimension {
            text.push(' ');
            dimension.describe(text);
        }
    }
}

impl Described for OutputFormat {
    fn describe(&self, text: &mut String) {
        let Self {
            separator,
            missing,
            skip_rows,
            skip_lines,
            headless,
            comments,
            decimal_comma,
            skip_last,
            until,
            conditions,
            blocks,
            dates,
            netcdf,
        } = self;
        let blocks = blocks.as_ref().map(|text| text.source());
        let mut fields: Vec<(&str, &dyn Described)> = vec![
            ("separator", separator),
            ("missing", missing),
            ("skip_rows", skip_rows),
        ];
        let others: [(&str, &dyn Described, bool); 10] = [
            ("skip_lines", skip_lines, *skip_lines != 0),
            ("headless", headless, *headless),
            ("comments", comments, !comments.is_empty()),
            ("decimal_comma", decimal_comma, *decimal_comma),
            ("skip_last", skip_last, *skip_last != 0),
            ("until", until, until.is_some()),
            ("conditions", conditions, !conditions.is_empty()),
            ("blocks", &blocks, blocks.is_some()),
            ("dates", dates, dates.is_some()),
            ("netcdf", netcdf, netcdf.is_some()),
        ];
        let stated = others.into_iter().filter(|(_, _, is_stated)| *is_stated);
        fields.extend(stated.map(|(name, value, _)| (name, value)));
        record(text, "OutputFormat", &fields);
    }
}

impl Described for Separator {
    fn describe(&self, text: &mut String) {
        text.push_str(match self {
            Self::Tab => "Tab",
            Self::Comma => "Comma",
            Self::Semicolon => "Semicolon",
            Self::Whitespace => "Whitespace",
        });
    }
}

impl Described for Condition {
    fn describe(&self, text: &mut String) {
        tuple(text, "", &[&self.column, &self.text.source()]);
    }
}

impl Described for Dates {
    fn describe(&self, text: &mut String) {
        record(
            text,
            "Dates",
            &[("columns", &self.columns), ("format", &self.format)],
        );
    }
}

impl Described for NetcdfFormat {
    fn describe(&self, text: &mut String) {
        tuple(text, "", &[&self.compares_times]);
        for (axis, index) in &self.indices {
            tuple(text, "", &[axis, index]);
        }
    }
}

impl Described for OutputTime {
    fn describe(&self, text: &mut String) {
        match self {
            Self::Steps => text.push_str("Steps"),
            Self::None => text.push_str("None"),
            Self::Stated { axis, .. } => tuple(text, "Stated", &[&axis.len()]),
            Self::Read { name } => tuple(text, "Read", &[name]),
        }
    }
}

impl Described for DimensionSpec {
    fn describe(&self, text: &mut String) {
        match &self.places {
            DimensionPlaces::Stated(values) => tuple(text, "Places", &[&values.len()]),
            DimensionPlaces::Count(count) => tuple(text, "Places", &[count]),
            DimensionPlaces::Read(column) => tuple(text, "Read", &[&self.name, column]),
        }
    }
}

impl Described for Requirement {
    fn describe(&self, text: &mut String) {
        tuple(text, "", &[&self.file.source(), &self.contains]);
    }
}

/// What [`extraction`] describes, in words: fields with their values.
pub(super) fn contract(simulator: &Simulator) -> Vec<(String, String)> {
    let list = |items: &mut dyn Iterator<Item = String>| match items.collect::<Vec<_>>() {
        items if items.is_empty() => "nothing".to_owned(),
        items => items.join(", "),
    };
    let quoted = |texts: &[String]| list(&mut texts.iter().map(Described::description));
    let mut fields = Vec::new();
    for (at, output) in simulator.outputs.iter().enumerate() {
        // An only one is the output.
        let field = |name: &str| match simulator.outputs.len() {
            1 => name.to_owned(),
            _ => format!("output.{at}.{name}"),
        };
        fields.push((field("file"), output.file.source().to_owned()));
        let stated = layout(output)
            .into_iter()
            .map(|(name, text)| (field(name), text));
        fields.extend(stated);
    }
    let require = simulator.require.iter();
    let require = require.map(|r| format!("{} in {}", r.contains.description(), r.file.source()));
    let columns = simulator.columns.iter().map(|column| column.source.clone());
    let rest = [
        (
            "exit_codes",
            list(&mut simulator.exit_codes.iter().map(i32::to_string)),
        ),
        ("fail_on_stdout", quoted(&simulator.fail_on_stdout)),
        ("require", list(&mut { require })),
        ("columns", list(&mut { columns })),
    ];
    fields.extend(rest.map(|(name, text)| (name.to_owned(), text)));
    fields
}

/// The places along axes, in words.
fn indices(netcdf: &NetcdfFormat) -> String {
    let places = netcdf.indices.iter();
    let places: Vec<String> = places
        .map(|(axis, place)| format!("{axis} {place}"))
        .collect();
    match places.is_empty() {
        true => "none".to_owned(),
        false => places.join(", "),
    }
}

/// What an output's table looks like, in words: what is always told, and what is stated of the rest.
fn layout(output: &Output) -> Vec<(&'static str, String)> {
    let format = &output.format;
    let separator = match format.separator {
        None => "recognised",
        Some(Separator::Tab) => "tab",
        Some(Separator::Comma) => "comma",
        Some(Separator::Semicolon) => "semicolon",
        Some(Separator::Whitespace) => "white space",
    };
    let quoted = |texts: &[String]| match texts {
        [] => "nothing".to_owned(),
        texts => texts
            .iter()
            .map(Described::description)
            .collect::<Vec<_>>()
            .join(", "),
    };
    let mut fields = match &format.netcdf {
        None => vec![
            ("separator", separator.to_owned()),
            ("missing", quoted(&format.missing)),
            ("skip_rows", format.skip_rows.to_string()),
        ],
        Some(netcdf) => vec![
            ("format", "NetCDF".to_owned()),
            ("missing", quoted(&format.missing)),
            ("index", indices(netcdf)),
        ],
    };
    let conditions = format.conditions.iter();
    let conditions = conditions.map(|c| format!("{} = {}", c.column, c.text.source()));
    let conditions: Vec<String> = conditions.collect();
    let is_counted = (format.netcdf.as_ref()).is_some_and(|netcdf| !netcdf.compares_times);
    let time = match (&output.axes.time, &format.dates) {
        (OutputTime::Steps, None) if is_counted => Some("the project's, not compared".to_owned()),
        (OutputTime::Steps, None) => None,
        (OutputTime::Steps, Some(dates)) => {
            Some(format!("the input's, as {} tell", dates.columns.join(", ")))
        }
        (OutputTime::None, _) => Some("none".to_owned()),
        (OutputTime::Stated { name, axis }, _) => Some(format!("{name}, {axis}")),
        (OutputTime::Read { name }, None) => Some(name.clone()),
        (OutputTime::Read { name }, Some(dates)) => {
            Some(format!("{name}, as {} tell", dates.columns.join(", ")))
        }
    };
    let dimension = output
        .axes
        .dimension
        .as_ref()
        .map(|dimension| match &dimension.places {
            DimensionPlaces::Stated(values) => {
                format!("{} of {} values", dimension.name, values.len())
            }
            DimensionPlaces::Count(count) => format!("{}, 1 to {count}", dimension.name),
            DimensionPlaces::Read(column) => format!("{}, as {column} tells", dimension.name),
        });
    let number = |number: usize| (number > 0).then(|| number.to_string());
    let others = [
        ("skip_lines", number(format.skip_lines)),
        ("header", format.headless.then(|| "none".to_owned())),
        (
            "comments",
            (!format.comments.is_empty()).then(|| quoted(&format.comments)),
        ),
        ("decimal", format.decimal_comma.then(|| "comma".to_owned())),
        ("skip_last", number(format.skip_last)),
        ("until", format.until.clone()),
        (
            "where",
            (!conditions.is_empty()).then(|| conditions.join(" and ")),
        ),
        (
            "blocks",
            format.blocks.as_ref().map(|text| text.source().to_owned()),
        ),
        ("time", time),
        ("dimension", dimension),
    ];
    fields.extend(
        others
            .into_iter()
            .filter_map(|(name, text)| Some((name, text?))),
    );
    fields
}
