//! The pages as laid out.

use super::*;
use crate::sheet::sample;

fn texts(pages: &[Page]) -> Vec<String> {
    let items = pages.iter().flat_map(|page| &page.items);
    items
        .filter_map(|item| match item {
            Item::Text { text, .. } => Some(text.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn it_lays_out() {
    assert!(texts(&lay_out(&sample::small(), Language::En)).len() > 10);
}
