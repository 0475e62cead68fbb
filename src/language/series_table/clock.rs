//! The placeholders of a row that depend on time alone: the same for all catchments, so they become text only once.

use std::ops::Range;

use super::ROW_NAMES;
use crate::data::time_axis::TimeAxis;
use crate::data::value::{Value, push_number};
use crate::language::format::push_time;
use crate::language::template::{Placeholder, RenderError, RenderProblem};
use crate::text::buffer::{SHORT, TextBuffer};
use crate::text::charset::Charset;

/// How much text one placeholder that depends on time alone may keep; 16 MiB are 150 years of hourly steps.
const LARGEST_PREPARED: usize = 16 << 20;

/// A placeholder that depends on time alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    Step,
    Days,
    Time,
}

impl Clock {
    /// What this name stands for, if it is one of [`ROW_NAMES`].
    pub(super) fn named(name: &str) -> Option<Self> {
        let at = ROW_NAMES.iter().position(|known| *known == name)?;
        Some([Self::Step, Self::Days, Self::Time][at])
    }

    /// Appends the text of the placeholder at a step.
    pub(super) fn push(
        self,
        hole: &Placeholder,
        time: &TimeAxis,
        step: usize,
        charset: Charset,
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        let start = out.len();
        match (self, &hole.format) {
            (Self::Step, Some(format)) => format.push_value(&Value::Integer(step as i64), out),
            (Self::Step, None) => {
                push_number(out, step as f64);
                Ok(())
            }
            (Self::Days, Some(format)) => format.push_number(time.days(step), out),
            (Self::Days, None) => {
                push_number(out, time.days(step));
                Ok(())
            }
            (Self::Time, Some(format)) => format.push_time(time.date_time(step), out),
            (Self::Time, None) => {
                push_time(time.date_time(step), out);
                Ok(())
            }
        }
        .map_err(|misfit| hole.error(RenderProblem::Misfit(misfit)))
        .and_then(|()| hole.finish(start, charset, out))
        .map_err(|error| error.at_step(step))
    }
}

/// The texts of a placeholder that depends on time alone, for all steps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Texts {
    /// The texts one after the other, then [`SHORT`] more bytes.
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Texts {
    /// Renders the texts of all steps; `None` if they are too long to be kept.
    pub(super) fn prepare(
        clock: Clock,
        hole: &Placeholder,
        time: &TimeAxis,
        charset: Charset,
    ) -> Result<Option<Self>, RenderError> {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for step in 0..time.len() {
            clock.push(hole, time, step, charset, &mut bytes)?;
            match u32::try_from(bytes.len()) {
                Ok(end) if bytes.len() <= LARGEST_PREPARED => ends.push(end),
                _ => return Ok(None),
            }
        }
        bytes.extend([0; SHORT]);
        Ok(Some(Self { bytes, ends }))
    }

    /// Appends the same text to all of them, if they stay short, so that both are copied at once; returns whether it did.
    pub(super) fn append(&mut self, text: &str) -> bool {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        let longest = (starts.zip(&self.ends)).map(|(start, end)| end - start);
        let longest = longest.max().unwrap_or(0) as usize;
        let length = self.bytes.len() + self.ends.len() * text.len();
        if longest + text.len() > SHORT || length > LARGEST_PREPARED {
            return false;
        }
        let mut bytes = Vec::with_capacity(length);
        let mut start = 0;
        for end in &mut self.ends {
            bytes.extend_from_slice(&self.bytes[start..*end as usize]);
            bytes.extend_from_slice(text.as_bytes());
            start = *end as usize;
            *end = bytes.len() as u32;
        }
        bytes.extend([0; SHORT]);
        self.bytes = bytes;
        true
    }

    /// Appends the text of a step.
    #[inline]
    pub(super) fn push(&self, step: usize, out: &mut TextBuffer<'_>) {
        let start = if step == 0 {
            0
        } else {
            self.ends[step - 1] as usize
        };
        push_text(&self.bytes, start..self.ends[step] as usize, out);
    }
}

/// Appends a range of `bytes`, after which there are at least [`SHORT`] more.
#[inline]
pub(super) fn push_text(bytes: &[u8], text: Range<usize>, out: &mut TextBuffer<'_>) {
    match bytes[text.start..].first_chunk::<SHORT>() {
        Some(short) if text.len() <= SHORT => out.short(short, text.len()),
        _ => out.text().extend_from_slice(&bytes[text]),
    }
}
