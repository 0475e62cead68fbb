//! The catchments' ids as a product has them: whole numbers if all are plain ones, else texts.
//!
//! CDO takes the coordinate of a dimension for numbers, and people select by what they see in a table. The project may ask for texts,
//! by which products had to be selected before.

use anyhow::{Result, ensure};

use super::network::NetworkLink;
use super::{ParameterValues, ProductContent};
use crate::data::catchment::CatchmentId;
use crate::data::value::Value;
use crate::netcdf::Data;
use crate::project::product_spec::{DIGEST_LENGTH, IdType, ParameterVariable};

/// Ids, or links to them, in the file's order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ids<'p> {
    /// Whole numbers of 32 bits.
    I32(Vec<i32>),
    /// Whole numbers, of which one needs 64 bits.
    I64(Vec<i64>),
    /// Texts.
    Texts(Vec<&'p str>),
}

impl Ids<'_> {
    /// Whole numbers, in as many bits as they need.
    fn of_numbers(numbers: Vec<i64>) -> Self {
        let narrow: Option<Vec<i32>> = (numbers.iter())
            .map(|&number| i32::try_from(number).ok())
            .collect();
        narrow.map_or(Self::I64(numbers), Self::I32)
    }

    /// The whole numbers, to be written; `None` for texts.
    pub(super) fn numbers(&self) -> Option<Data<'_>> {
        match self {
            Self::I32(numbers) => Some(Data::I32(numbers)),
            Self::I64(numbers) => Some(Data::I64(numbers)),
            Self::Texts(_) => None,
        }
    }
}

impl ProductContent {
    /// The ids of the catchments of each scenario.
    pub(super) fn ids(&self) -> Ids<'_> {
        let numbers = (self.spec.ids != Some(IdType::Text))
            .then(|| self.each_id().map(CatchmentId::number).collect());
        match numbers.flatten() {
            Some(numbers) => Ids::of_numbers(numbers),
            None => Ids::Texts(self.each_id().map(CatchmentId::as_str).collect()),
        }
    }

    /// Whether [`Self::ids`] are texts, without making them.
    pub(super) fn ids_are_texts(&self) -> bool {
        let is_text = |id: &CatchmentId| id.number().is_none();
        self.spec.ids == Some(IdType::Text) || self.each_id().any(is_text)
    }

    /// The catchments of each scenario.
    fn each_id(&self) -> impl Iterator<Item = &CatchmentId> {
        let rows = &self.catchments[..self.catchments_each()];
        rows.iter().map(|row| &row.id)
    }

    /// Whether the ids can be what the project asks for.
    pub(super) fn check_ids(&self) -> Result<()> {
        let is_asked = self.spec.ids == Some(IdType::Integer);
        let mut ids = self.catchments.iter().map(|row| &row.id);
        let other = ids.find(|id| is_asked && id.number().is_none());
        ensure!(
            other.is_none(),
            "{} can't have whole numbers for ids: one of them is {:?}",
            self.spec.path.display(),
            other.map(CatchmentId::as_str).unwrap_or_default()
        );
        Ok(())
    }

    /// The first `count` values of a parameter as whole numbers like the ids, where it says which catchment is downstream and ids are
    /// such. Where none is, as [`NetworkLink`] has it, it has the whole number that people gave to say so, or 0. `None` if it is no such
    /// parameter, or names an id that is no plain whole number.
    pub(super) fn links(
        &self,
        parameter: &ParameterVariable,
        values: &ParameterValues,
        count: usize,
    ) -> Option<Ids<'_>> {
        if self.spec.downstream.as_ref() != Some(&parameter.parameter) || self.ids_are_texts() {
            return None;
        }
        let number = |value: Value| match NetworkLink::from(Some(&value)) {
            NetworkLink::To(id) => CatchmentId::new(id).number(),
            NetworkLink::Outlet => Some(mark(&value).unwrap_or(0)),
        };
        let numbers: Option<Vec<i64>> = match values {
            ParameterValues::Numbers(numbers) => (numbers[..count].iter())
                .map(|value| number(Value::Number(*value)))
                .collect(),
            ParameterValues::Texts(texts) => (texts[..count].iter())
                .map(|value| number(Value::Text(value.clone())))
                .collect(),
        };
        match (self.ids(), numbers?) {
            (Ids::I32(_), numbers) => match Ids::of_numbers(numbers) {
                Ids::I32(numbers) => Some(Ids::I32(numbers)),
                _ => None,
            },
            (Ids::I64(_), numbers) => Some(Ids::I64(numbers)),
            (Ids::Texts(_), _) => None,
        }
    }

    /// The name of the dimension of the characters of a variable of text.
    pub(super) fn length_name(&self, of: &str) -> String {
        let mut name = format!("{of}_length");
        while self.has(&name) || name == DIGEST_LENGTH {
            name.push('_');
        }
        name
    }

    /// Whether it has something of this name, what only scenarios have included.
    pub(in crate::product) fn has(&self, name: &str) -> bool {
        let mut coordinates = self
            .scenarios
            .iter()
            .flat_map(|scenarios| &scenarios.coordinates);
        self.spec.has(name)
            || self.axis(name).is_some()
            || coordinates.any(|coordinate| coordinate.variable.name == name)
    }
}

/// The whole number that marks an outlet.
fn mark(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Text(text) => text.trim().parse().ok(),
        value => value.number(),
    };
    let is_whole = |number: &f64| number.fract() == 0.0 && number.abs() < 1e15;
    number.filter(is_whole).map(|number| number as i64)
}

#[cfg(test)]
mod tests {
    use super::super::tests::product;
    use super::*;

    /// A product of catchments with these ids.
    fn of(ids: &[&str]) -> ProductContent {
        let mut product = product(std::path::Path::new("p.nc"), ids.len(), 2);
        for (row, id) in product.catchments.iter_mut().zip(ids) {
            row.id = CatchmentId::new(id);
        }
        product
    }

    #[test]
    fn ids_are_numbers_if_all_of_them_are() {
        assert_eq!(of(&["7", "0"]).ids(), Ids::I32(vec![7, 0]));
        assert_eq!(
            of(&["7", "4000000000"]).ids(),
            Ids::I64(vec![7, 4_000_000_000])
        );
        assert_eq!(of(&["7", "B1"]).ids(), Ids::Texts(vec!["7", "B1"]));
        let mut asked = of(&["7", "8"]);
        asked.spec.ids = Some(IdType::Text);
        assert_eq!(asked.ids(), Ids::Texts(vec!["7", "8"]));
        asked.spec.ids = Some(IdType::Integer);
        asked.check_ids().expect("numbers");
        asked.catchments[1].id = CatchmentId::new("08");
        let error = asked.check_ids().expect_err("a text").to_string();
        assert!(error.contains("\"08\""), "{error}");
    }

    #[test]
    fn links_are_what_ids_are() {
        let mut product = of(&["7", "8", "9"]);
        let parameter = product.spec.parameters[0].clone();
        let numbers = ParameterValues::Numbers(vec![8.0, -9999.0, f64::NAN, 0.5]);
        assert_eq!(
            product.links(&parameter, &numbers, 3),
            None,
            "any parameter"
        );
        product.spec.downstream = Some(parameter.parameter.clone());
        let links = Ids::I32(vec![8, -9999, 0]);
        assert_eq!(product.links(&parameter, &numbers, 3), Some(links));
        assert_eq!(
            product.links(&parameter, &numbers, 4),
            None,
            "no whole number"
        );
        let of_texts = |texts: [&str; 3]| ParameterValues::Texts(texts.map(str::to_owned).into());
        let marks = Ids::I32(vec![0, 0, -9999]);
        let texts = of_texts(["nan", "0.0", "-9999.0"]);
        assert_eq!(product.links(&parameter, &texts, 3), Some(marks));
        for other in ["+8", "08", "8.0"] {
            let texts = of_texts(["8", "", other]);
            assert_eq!(product.links(&parameter, &texts, 3), None, "{other}");
        }
        let texts = of_texts(["8", " ", "-1"]);
        let links = Ids::I32(vec![8, 0, -1]);
        assert_eq!(product.links(&parameter, &texts, 3), Some(links));
        product.catchments[0].id = CatchmentId::new("7000000000");
        let links = Ids::I64(vec![8, 0, -1]);
        assert_eq!(product.links(&parameter, &texts, 3), Some(links));
        product.spec.ids = Some(IdType::Text);
        assert_eq!(product.links(&parameter, &texts, 3), None, "ids are texts");
    }

    #[test]
    fn dimensions_of_characters_have_names_of_their_own() {
        let mut product = of(&["B1"]);
        assert_eq!(product.length_name("catchment"), "catchment_length");
        assert_eq!(product.length_name("digest"), "digest_length_");
        product.spec.parameters[0].name = "catchment_length".to_owned();
        assert_eq!(product.length_name("catchment"), "catchment_length_");
    }
}
