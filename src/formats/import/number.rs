//! Numbers as people write them: `12.5`, `12,5`, `1 250`.

/// A number in a plain form, `-12.5`; `None` if it is not one, or not clearly: `1,234.5`.
fn plain(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut has_point = false;
    for (at, letter) in text.trim().char_indices() {
        match letter {
            '0'..='9' => plain.push(letter),
            '-' | '\u{2212}' if at == 0 => plain.push('-'),
            '+' if at == 0 => {}
            '.' | ',' if !has_point => {
                has_point = true;
                plain.push('.');
            }
            // Blanks that group digits.
            ' ' | '\u{a0}' | '\u{202f}' if !has_point => {}
            _ => return None,
        }
    }
    let has_digits =
        |part: Option<&str>| part.is_some_and(|part| part.contains(|c: char| c.is_ascii_digit()));
    let mut parts = plain.split('.');
    let is_number = has_digits(parts.next()) && (!has_point || has_digits(parts.next()));
    is_number.then_some(plain)
}

/// A number with a fraction.
pub(super) fn float(text: &str) -> Option<f64> {
    plain(text)?.parse().ok()
}

/// A number in units of 10^-`digits`, rounded half away from zero; `None` beyond 10^15 of them.
pub(super) fn scaled(text: &str, digits: usize) -> Option<i64> {
    let plain = plain(text)?;
    let (is_negative, size) = match plain.strip_prefix('-') {
        Some(size) => (true, size),
        None => (false, plain.as_str()),
    };
    let (whole, fraction) = size.split_once('.').unwrap_or((size, ""));
    let mut value: i64 = 0;
    for place in 0..whole.len() + digits {
        let digit = match place.checked_sub(whole.len()) {
            None => whole.as_bytes()[place],
            Some(place) => fraction.as_bytes().get(place).copied().unwrap_or(b'0'),
        };
        value = value * 10 + i64::from(digit - b'0');
        if value > 1_000_000_000_000_000 {
            return None;
        }
    }
    let is_up = fraction
        .as_bytes()
        .get(digits)
        .is_some_and(|digit| *digit >= b'5');
    value += i64::from(is_up);
    Some(if is_negative { -value } else { value })
}

/// A whole number; `None` if it has a fraction that is not zero.
pub(super) fn whole(text: &str) -> Option<i64> {
    let fraction = plain(text)?
        .split_once('.')
        .map(|(_, fraction)| fraction.to_owned());
    let is_whole = fraction.is_none_or(|fraction| fraction.bytes().all(|digit| digit == b'0'));
    is_whole.then(|| scaled(text, 0)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_comma_or_a_point() {
        assert_eq!(float("55,7558"), Some(55.7558));
        assert_eq!(float(" -73.5 "), Some(-73.5));
        assert_eq!(float("\u{2212}73,5"), Some(-73.5));
        for bad in [
            "", ",", ".5", "5.", "1,234.5", "1.2.3", "12 kg", "1e5", "--1", "nan", "²",
        ] {
            assert_eq!(float(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn numbers_are_scaled_without_loss() {
        assert_eq!(scaled("12,5", 3), Some(12_500));
        assert_eq!(scaled("1\u{a0}250", 0), Some(1_250));
        assert_eq!(scaled("0.0005", 3), Some(1));
        assert_eq!(scaled("-0.0005", 3), Some(-1));
        assert_eq!(scaled("0.0004999", 3), Some(0));
        assert_eq!(scaled("9999999999999999", 0), None);
        assert_eq!(scaled(&"9".repeat(1_000), 3), None);
    }

    #[test]
    fn whole_numbers_have_no_fraction() {
        assert_eq!(whole("3"), Some(3));
        assert_eq!(whole("3,0"), Some(3));
        assert_eq!(whole("3.5"), None);
    }

    proptest::proptest! {
        #[test]
        fn texts_of_any_kind_are_read_or_refused(text in "[0-9 .,+-]{0,40}") {
            let _ = (float(&text), scaled(&text, 6), whole(&text));
        }
    }
}
