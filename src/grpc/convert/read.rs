//! A place in a message that is being read: where it is, whose it is, and where to report what is wrong with it.

use std::cell::RefCell;
use std::fmt;

use crate::model::{Finding, MalformedId, Reason};

/// Where reports go.
pub(super) type Sink = RefCell<Vec<Finding>>;

/// A position in the message being read. Costs nothing until something is reported.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    parent: Option<&'a At<'a>>,
    field: &'static str,
    index: Option<usize>,
    subject: &'a str,
    sink: &'a Sink,
}

impl<'a> At<'a> {
    /// The message itself.
    pub(super) fn root(sink: &'a Sink) -> Self {
        Self {
            parent: None,
            field: "",
            index: None,
            subject: "",
            sink,
        }
    }

    /// A field of this message.
    pub(super) fn field(&'a self, field: &'static str) -> Self {
        Self {
            parent: Some(self),
            field,
            index: None,
            ..*self
        }
    }

    /// An entry of a repeated field of this message.
    pub(super) fn item(&'a self, field: &'static str, index: usize) -> Self {
        Self {
            index: Some(index),
            ..self.field(field)
        }
    }

    /// The same position, inside the thing called `subject`.
    pub(super) fn about(self, subject: &'a str) -> Self {
        Self { subject, ..self }
    }

    /// Reports what is wrong here.
    pub(super) fn report(&self, reason: Reason, message: impl Into<String>) {
        let finding = Finding::new(self.to_string(), self.subject, reason, message);
        self.sink.borrow_mut().push(finding);
    }

    /// A field that must be there; reports it if it is not.
    pub(super) fn required<'m, T>(
        &self,
        field: &'static str,
        value: Option<&'m T>,
    ) -> Option<&'m T> {
        if value.is_none() {
            self.field(field)
                .report(Reason::MissingField, "this field is required");
        }
        value
    }

    /// An id in `field`; reports it if it is none.
    pub(super) fn id<T>(
        &self,
        field: &'static str,
        text: &str,
        parse: fn(&str) -> Result<T, MalformedId>,
    ) -> Option<T> {
        self.field(field).parse_id(text, parse)
    }

    /// An id here; reports it if it is none.
    pub(super) fn parse_id<T>(
        &self,
        text: &str,
        parse: fn(&str) -> Result<T, MalformedId>,
    ) -> Option<T> {
        match parse(text) {
            Ok(id) => Some(id),
            Err(MalformedId) if text.is_empty() => {
                self.report(Reason::MissingField, "an id is required here");
                None
            }
            Err(malformed) => {
                self.report(Reason::MalformedId, malformed.to_string());
                None
            }
        }
    }

    /// Ids in a repeated field; reports those that are none.
    pub(super) fn ids<T, C: FromIterator<T>>(
        &self,
        field: &'static str,
        texts: &[String],
        parse: fn(&str) -> Result<T, MalformedId>,
    ) -> Option<C> {
        self.all(field, texts, |at, text| at.parse_id(text, parse))
    }

    /// Reads every entry of a repeated field; `None` if one could not be read.
    pub(super) fn all<M, T, C: FromIterator<T>>(
        &self,
        field: &'static str,
        items: &[M],
        mut read: impl FnMut(At<'_>, &M) -> Option<T>,
    ) -> Option<C> {
        // Collected first, so that every entry is read even if one before it is wrong.
        let read: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| read(self.item(field, index), item))
            .collect();
        read.into_iter().collect()
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !parent.field.is_empty() {
                f.write_str(".")?;
            }
        }
        f.write_str(self.field)?;
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OrderId;

    #[test]
    fn a_report_names_the_whole_path_and_whose_it_is() {
        let sink = Sink::default();
        let root = At::root(&sink);
        let order = root.item("orders", 3).about("o-3");
        let window = order.item("windows", 0);
        window.required::<()>("end_time", None);
        assert!(root.id("id", "", OrderId::parse).is_none());
        let found = sink.into_inner();
        assert_eq!(found[0].field, "orders[3].windows[0].end_time");
        assert_eq!(found[0].subject, "o-3");
        assert_eq!(
            (found[1].field.as_str(), found[1].reason),
            ("id", Reason::MissingField)
        );
    }

    #[test]
    fn every_entry_is_read_even_if_one_before_it_is_wrong() {
        let sink = Sink::default();
        let texts = ["a b".to_owned(), "ok".to_owned(), "c d".to_owned()];
        let ids: Option<Vec<OrderId>> = At::root(&sink).ids("ids", &texts, OrderId::parse);
        assert!(ids.is_none());
        assert_eq!(sink.into_inner().len(), 2);
    }
}
