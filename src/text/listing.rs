//! Long lists in messages: the beginning, and a sign that there is more.

use std::fmt::Display;

/// So many are named.
const NAMED: usize = 10;

/// The first ten, with commas between them.
pub fn first_few<T: Display>(items: &[T]) -> String {
    let named: Vec<String> = items.iter().take(NAMED).map(T::to_string).collect();
    let more = if items.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_hinted_at() {
        assert_eq!(first_few(&[1, 2]), "1, 2");
        let many: Vec<u32> = (0..11).collect();
        assert_eq!(first_few(&many), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …");
    }
}
