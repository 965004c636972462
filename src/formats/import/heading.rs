//! From headings to columns.

use super::fault::shown;
use super::field::{Field, Kind, Known, N_FIELDS};
use crate::formats::table::width;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Its place in a row.
    pub(super) place: usize,
    /// Its heading as it stands in the file.
    pub(super) heading: String,
}

/// Which column says what.
pub(super) struct Columns {
    fields: [Option<Column>; N_FIELDS],
    /// Dimensions of loads or capacities with their columns.
    pub(super) dimensions: Vec<(String, Column)>,
    /// Headings that nobody asked for.
    pub(super) passed_over: Vec<String>,
    /// How many columns there are up to the last heading.
    pub(super) width: usize,
    names: &'static [Known],
}

/// A heading without what people write in different ways: case, punctuation, `ё`.
pub(super) fn plain(heading: &str) -> String {
    let letters = heading.chars().flat_map(char::to_lowercase);
    let letters: String = letters
        .map(|letter| match letter {
            'ё' => 'е',
            '³' => '3',
            '№' => '№',
            letter if letter.is_alphanumeric() => letter,
            _ => ' ',
        })
        .collect();
    let letters = letters.replace('№', " № ");
    let words: Vec<&str> = letters.split_whitespace().collect();
    words.join(" ")
}

/// Whether `heading` is one that a table of this kind has.
pub(super) fn is_known(kind: &Kind, heading: &str) -> bool {
    let plain = plain(heading);
    let has = |known: &Known| known.headings.contains(&plain.as_str());
    kind.fields.iter().any(has) || dimension(kind, heading).is_some()
}

/// The dimension that `heading` says the loads or capacities of, as in `load crates`.
fn dimension(kind: &Kind, heading: &str) -> Option<String> {
    let (first, rest) = heading.trim().split_once([' ', ':', '_'])?;
    let is_prefix = kind.dimensions.contains(&plain(first).as_str());
    let rest = rest.trim_start_matches([':', ',', ' ']).trim();
    (is_prefix && !rest.is_empty()).then(|| rest.to_owned())
}

/// Whether a table of this kind has a field called `name`.
///
/// # Errors
/// If not: the names of those it has.
pub(super) fn check_name(kind: &Kind, name: &str) -> Result<(), String> {
    let is_field = kind.fields.iter().any(|known| known.name == name);
    if is_field || dimension(kind, name).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = kind.fields.iter().map(|known| known.name).collect();
    let dimensions = kind.dimensions.first();
    Err(format!(
        "{} have no field {}; there are {}{}",
        kind.rows,
        shown(name),
        names.join(", "),
        dimensions
            .map(|word| format!(" and {word}:NAME"))
            .unwrap_or_default(),
    ))
}

impl Columns {
    /// Finds the columns of a table of `kind`, by `choices` (a field and its heading) where there are any.
    ///
    /// # Errors
    /// Everything that is wrong with the choices, and headings that stand twice.
    pub(super) fn find(
        kind: &'static Kind,
        headings: &[String],
        choices: &[(String, String)],
    ) -> Result<Self, Vec<String>> {
        let mut columns = Self {
            fields: [const { None }; N_FIELDS],
            dimensions: Vec::new(),
            passed_over: Vec::new(),
            width: width(headings),
            names: kind.fields,
        };
        let mut faults = Vec::new();
        let mut chosen = Vec::new();
        for (name, heading) in choices {
            match columns.choose(kind, headings, name, heading) {
                Ok(field) => chosen.extend(field),
                Err(fault) => faults.push(fault),
            }
        }
        let taken = columns.taken();
        let free = |place: &usize| !taken.contains(place);
        for known in kind.fields {
            if !chosen.contains(&known.field) {
                match guess(known, headings, &free) {
                    Ok(column) => columns.fields[known.field as usize] = column,
                    Err(fault) => faults.push(fault),
                }
            }
        }
        let taken = columns.taken();
        for (place, heading) in headings.iter().enumerate() {
            if taken.contains(&place) || heading.is_empty() {
                continue;
            }
            let column = Column {
                place,
                heading: heading.clone(),
            };
            match dimension(kind, heading) {
                Some(name) if columns.dimensions.iter().any(|(other, _)| *other == name) => {
                    faults.push(format!("two columns are {}", shown(heading)));
                }
                Some(name) => columns.dimensions.push((name, column)),
                None => columns.passed_over.push(heading.clone()),
            }
        }
        if faults.is_empty() {
            Ok(columns)
        } else {
            Err(faults)
        }
    }

    /// Takes the column with the heading `heading` for what `name` says; an empty heading for no column at all.
    fn choose(
        &mut self,
        kind: &Kind,
        headings: &[String],
        name: &str,
        heading: &str,
    ) -> Result<Option<Field>, String> {
        let known = kind.fields.iter().find(|known| known.name == name);
        let dimension = dimension(kind, name);
        check_name(kind, name)?;
        let same = |other: &&String| other.as_str() == heading || plain(other) == plain(heading);
        let mut places = headings.iter().enumerate().filter(|(_, other)| same(other));
        let column = match (heading, places.next(), places.next()) {
            ("", ..) => None,
            (_, Some((place, heading)), None) => Some(Column {
                place,
                heading: heading.clone(),
            }),
            (_, Some(_), Some(_)) => return Err(format!("two columns are {}", shown(heading))),
            (_, None, _) => return Err(format!("no column is {}", shown(heading))),
        };
        match (known, dimension, column) {
            (Some(known), _, column) => {
                self.fields[known.field as usize] = column;
                return Ok(Some(known.field));
            }
            (None, Some(dimension), Some(column)) => self.dimensions.push((dimension, column)),
            (None, ..) => {}
        }
        Ok(None)
    }

    fn taken(&self) -> Vec<usize> {
        let fields = self.fields.iter().flatten();
        let dimensions = self.dimensions.iter().map(|(_, column)| column);
        fields
            .chain(dimensions)
            .map(|column| column.place)
            .collect()
    }

    /// The column that says `field`.
    pub(super) fn of(&self, field: Field) -> Option<&Column> {
        self.fields[field as usize].as_ref()
    }

    /// Whether there is a column that says `field`.
    pub(super) fn has(&self, field: Field) -> bool {
        self.of(field).is_some()
    }

    /// What to call `field` where there is no column for it.
    pub(super) fn name(&self, field: Field) -> &'static str {
        let known = self.names.iter().find(|known| known.field == field);
        known.map_or("", |known| known.name)
    }

    /// Every column that says something.
    pub(super) fn all(&self) -> impl Iterator<Item = &Column> {
        let dimensions = self.dimensions.iter().map(|(_, column)| column);
        self.fields.iter().flatten().chain(dimensions)
    }
}

/// The column with the surest heading of a field.
fn guess(
    known: &Known,
    headings: &[String],
    free: &dyn Fn(&usize) -> bool,
) -> Result<Option<Column>, String> {
    let plains: Vec<String> = headings.iter().map(|heading| plain(heading)).collect();
    for name in known.headings {
        let places = (0..headings.len()).filter(|place| free(place) && plains[*place] == *name);
        let places: Vec<usize> = places.collect();
        match places.as_slice() {
            [] => {}
            [place] => {
                return Ok(Some(Column {
                    place: *place,
                    heading: headings[*place].clone(),
                }));
            }
            [place, ..] => {
                return Err(format!("two columns are {}", shown(&headings[*place])));
            }
        }
    }
    Ok(None)
}
