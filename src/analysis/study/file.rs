//! `study.json`: a study as text, with a line for each plan and outcome.

use serde::Serialize;

use super::{BATCHES, DAY_QUANTILES, Outcome, Study};

/// Why a text is not a study.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// It has not the form of one.
    #[error("{path}: {cause}")]
    Form {
        /// Where in the text.
        path: String,
        /// What is wrong there.
        cause: serde_json::Error,
    },
    /// An outcome is not what it should be.
    #[error("outcomes[{number}].{field}: {what}")]
    Outcome {
        /// Which outcome, from 0.
        number: usize,
        /// Which of its fields.
        field: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

/// Reads the text of a study.
///
/// # Errors
/// If it is not one: the first thing that is wrong.
pub fn read(text: &str) -> Result<Study, StudyError> {
    let mut source = serde_json::Deserializer::from_str(text);
    let study: Study = serde_path_to_error::deserialize(&mut source).map_err(|error| {
        let path = error.path().to_string();
        StudyError::Form {
            path,
            cause: error.into_inner(),
        }
    })?;
    source.end().map_err(|cause| StudyError::Form {
        path: "after the study".to_owned(),
        cause,
    })?;
    let outcomes = study.outcomes.iter().enumerate();
    match outcomes
        .filter_map(|(number, outcome)| fault(&study, number, outcome))
        .next()
    {
        Some(fault) => Err(fault),
        None => Ok(study),
    }
}

/// What is wrong with an outcome that has the right form.
fn fault(study: &Study, number: usize, outcome: &Outcome) -> Option<StudyError> {
    let definition = &study.definition;
    let names = [
        (
            "day",
            &outcome.day,
            definition.days.iter().any(|day| day.name == outcome.day),
        ),
        (
            "way",
            &outcome.way,
            definition.ways.iter().any(|way| way.name == outcome.way),
        ),
        (
            "stress",
            &outcome.stress,
            definition
                .stresses
                .iter()
                .any(|stress| stress.name == outcome.stress),
        ),
    ];
    let unknown = names.into_iter().find(|(_, _, is_known)| !is_known);
    let unknown =
        unknown.map(|(field, name, _)| (field, format!("the definition has no {field} `{name}`")));
    let lengths = [
        ("batches", &outcome.batches, BATCHES),
        ("day_rates", &outcome.day_rates, DAY_QUANTILES),
    ];
    let wrong = lengths
        .into_iter()
        .find(|(_, values, length)| values.len() != *length);
    let wrong = wrong.map(|(field, values, length)| {
        (field, format!("{} values, expected {length}", values.len()))
    });
    let (field, what) = unknown.or(wrong)?;
    Some(StudyError::Outcome {
        number,
        field,
        what,
    })
}

/// The text of a study.
///
/// # Errors
/// If a figure is not a number, which JSON cannot tell.
pub fn write(study: &Study) -> Result<String, serde_json::Error> {
    let mut text = String::from("{\n");
    text += &format!(
        "\"punctual\": {},\n",
        serde_json::to_string(&study.punctual)?
    );
    text += &format!(
        "\"definition\": {},\n",
        serde_json::to_string_pretty(&study.definition)?
    );
    text += &format!("\"plans\": {},\n", lines(&study.plans)?);
    text += &format!("\"outcomes\": {}\n}}\n", lines(&study.outcomes)?);
    Ok(text)
}

/// A list with a line for each item.
fn lines<T: Serialize>(items: &[T]) -> Result<String, serde_json::Error> {
    let lines: Vec<String> = items
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<_, _>>()?;
    Ok(match lines.is_empty() {
        true => "[]".to_owned(),
        false => format!("[\n{}\n]", lines.join(",\n")),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::sample;
    use super::*;

    #[test]
    fn a_study_is_read_as_it_was_written() {
        let study = sample();
        let text = write(&study).unwrap();
        assert_eq!(read(&text).unwrap(), study);
        assert_eq!(write(&read(&text).unwrap()).unwrap(), text);
    }

    #[test]
    fn the_sample_in_the_test_data_is_the_fixture() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/study/study.json");
        let text = write(&sample()).unwrap();
        if std::env::var_os("PUNCTUAL_WRITE_FIXTURES").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), text);
    }

    #[test]
    fn what_is_not_a_study_is_refused_where_it_is_wrong() {
        let text = write(&sample()).unwrap();
        for (from, to, message) in [
            (
                "\"cost\":",
                "\"price\":",
                "outcomes[0].price: unknown field `price`",
            ),
            (
                "\"spread\": 1.3",
                "\"spread\": \"1.3\"",
                "definition.stresses[1].spread: invalid type",
            ),
            (
                "\"stress\":\"base\"",
                "\"stress\":\"storm\"",
                "outcomes[0].stress: the definition has no stress `storm`",
            ),
            (
                "\"batches\":[",
                "\"batches\":[0.5,",
                "outcomes[0].batches: 17 values, expected 16",
            ),
        ] {
            assert!(text.contains(from), "{from}");
            let error = read(&text.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        assert!(read(&format!("{text}x")).is_err());
    }
}
