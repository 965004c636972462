//! The canonical JSON form of the API's messages, both ways.
//!
//! Written with fields in the order of their numbers and maps in the order of their keys, so that equal messages give
//! equal texts.

use std::cell::Cell;
use std::io;
use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::{FILE_DESCRIPTOR_SET, PACKAGE, pb};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the build wrote a valid descriptor set")
});

/// A message of the API with a JSON form.
pub trait JsonMessage: Message + Default {
    /// Name within the package.
    const NAME: &'static str;
}

macro_rules! json_messages {
    ($($name:ident),+ $(,)?) => {
        $(impl JsonMessage for pb::$name {
            const NAME: &'static str = stringify!($name);
        })+
    };
}

json_messages!(
    ApplyRemedyRequest,
    ApplyRemedyResponse,
    DayTerms,
    DaySummary,
    Calibration,
    EvaluatePlanRequest,
    EvaluatePlanResponse,
    Frontier,
    GetDayResponse,
    GetLiveDayResponse,
    GetPlanResponse,
    InitialPlan,
    LearnNoiseResponse,
    ListDaysResponse,
    ListLiveDaysResponse,
    LiveDaySummary,
    LiveEvent,
    RecordEntry,
    RepairPlanRequest,
    RepairPlanResponse,
    SuggestRemediesResponse,
    StreamEventsResponse,
    WatchRiskResponse,
    ListEntriesResponse,
    ListPlansResponse,
    ListPromisesResponse,
    NoiseModel,
    Order,
    Plan,
    PlanForecast,
    PlannedDay,
    Problem,
    PromiseRecord,
    QuoteWindowsResponse,
    WatchPlanResponse
);

/// A text is not the JSON form of a message.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// A value is not what the message has there.
    #[error("{path}{cause}")]
    Value {
        /// Where: names and indices as in the text, with a colon after them; empty for the whole text.
        path: String,
        /// What is wrong, with line and column.
        cause: serde_json::Error,
    },
    /// It is the JSON form of another message.
    #[error("this is {found}, and {wanted} is needed{}", hint(found, wanted))]
    OtherKind {
        /// The message that it is.
        found: &'static str,
        /// The message asked for.
        wanted: &'static str,
    },
    /// The text does not end after the message.
    #[error("after the message: {0}")]
    Trailing(serde_json::Error),
}

/// Reads a message.
///
/// # Errors
/// If the text is not JSON, is another message that people keep in files, has a field that the message does not have, or a
/// value of another type; the error names the field, the line and the column.
pub fn read<M: JsonMessage>(text: &str) -> Result<M, JsonError> {
    read_as(text).map_err(|error| {
        let mut others = KINDS.iter().filter(|kind| kind.name != M::NAME);
        match others.find(|kind| (kind.is)(text)) {
            Some(FileKind { name: found, .. }) => JsonError::OtherKind {
                found,
                wanted: M::NAME,
            },
            None => error,
        }
    })
}

/// A message that people keep in files.
struct FileKind {
    name: &'static str,
    /// Whether a text is one.
    is: fn(&str) -> bool,
}

const KINDS: [FileKind; 7] = [
    FileKind::of::<pb::Problem>(),
    FileKind::of::<pb::PlannedDay>(),
    FileKind::of::<pb::DayTerms>(),
    FileKind::of::<pb::Plan>(),
    FileKind::of::<pb::Order>(),
    FileKind::of::<pb::NoiseModel>(),
    FileKind::of::<pb::PlanForecast>(),
];

impl FileKind {
    const fn of<M: JsonMessage>() -> Self {
        Self {
            name: M::NAME,
            is: |text| read_as::<M>(text).is_ok(),
        }
    }
}

/// What to do about a message of another kind.
fn hint(found: &str, wanted: &str) -> &'static str {
    match (found, wanted) {
        ("Problem", "PlannedDay" | "Plan" | "EvaluatePlanRequest") => {
            ": plan it first, with `punctual plan`"
        }
        ("Problem", "Order") => ": --order-id says which order of the day is meant",
        ("Order", "Problem") => ": an order by itself needs no --order-id",
        ("Problem", "DayTerms") => ": terms say which windows can be promised, too",
        _ => "",
    }
}

fn read_as<M: JsonMessage>(text: &str) -> Result<M, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    let message = match DynamicMessage::deserialize(descriptor::<M>(), tracked) {
        Ok(message) => message,
        Err(cause) => {
            let path = match track.path().to_string().as_str() {
                "." => String::new(),
                path => format!("{path}: "),
            };
            return Err(JsonError::Value { path, cause });
        }
    };
    deserializer.end().map_err(JsonError::Trailing)?;
    Ok(message
        .transcode_to()
        .expect("a message of the same descriptor decodes"))
}

/// Writes a message, indented, with a line feed at the end.
#[must_use]
pub fn write<M: JsonMessage>(message: &M) -> String {
    let value = value_of(message);
    let mut text =
        serde_json::to_string_pretty(&value).expect("a JSON value can always be written");
    text.push('\n');
    text
}

/// Writes a problem as [`write()`] does, but order by order: `frame` is the problem without its orders. A large day in JSON
/// takes many times the room of the day itself.
///
/// # Errors
/// If `sink` takes no more.
pub fn write_problem(
    frame: &pb::Problem,
    orders: impl Iterator<Item = pb::Order>,
    mut sink: impl io::Write,
) -> io::Result<()> {
    let Value::Object(fields) = value_of(frame) else {
        unreachable!("a message is an object");
    };
    let mut orders = orders.peekable();
    let has_orders = orders.peek().is_some();
    let streamed = Streamed {
        fields,
        orders: Cell::new(has_orders.then_some(orders)),
    };
    serde_json::to_writer_pretty(&mut sink, &streamed)?;
    sink.write_all(b"\n")
}

/// A problem whose orders are made while they are written, which is possible once.
struct Streamed<I> {
    fields: serde_json::Map<String, Value>,
    orders: Cell<Option<I>>,
}

impl<I: Iterator<Item = pb::Order>> Serialize for Streamed<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in descriptor::<pb::Problem>().fields() {
            let name = field.json_name();
            match (self.fields.get(name), name) {
                (Some(value), _) => map.serialize_entry(name, value)?,
                (None, "orders") => {
                    if let Some(orders) = self.orders.take() {
                        map.serialize_entry(name, &OrderList(Cell::new(Some(orders))))?;
                    }
                }
                (None, _) => {}
            }
        }
        map.end()
    }
}

/// Orders that are made while they are written, which is possible once.
struct OrderList<I>(Cell<Option<I>>);

impl<I: Iterator<Item = pb::Order>> Serialize for OrderList<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let orders = self.0.take().into_iter().flatten();
        serializer.collect_seq(orders.map(|order| value_of(&order)))
    }
}

/// Writes a message on one line, without any blanks.
#[must_use]
pub fn write_line<M: JsonMessage>(message: &M) -> String {
    value_of(message).to_string()
}

fn value_of<M: JsonMessage>(message: &M) -> Value {
    let descriptor = descriptor::<M>();
    let mut dynamic = DynamicMessage::new(descriptor.clone());
    dynamic
        .transcode_from(message)
        .expect("a message of the same descriptor decodes");
    let mut value =
        serde_json::to_value(&dynamic).expect("every message has a JSON form: no key is not text");
    sort_maps(&mut value, &descriptor);
    value
}

fn descriptor<M: JsonMessage>() -> MessageDescriptor {
    POOL.get_message_by_name(&format!("{PACKAGE}.{}", M::NAME))
        .expect("the descriptor set has every generated message")
}

/// Puts the entries of map fields in the order of their keys; fields of messages are in order already.
fn sort_maps(value: &mut Value, message: &MessageDescriptor) {
    let Value::Object(fields) = value else {
        return;
    };
    for field in message.fields() {
        let Some(value) = fields.get_mut(field.json_name()) else {
            continue;
        };
        sort_field(value, &field);
    }
}

fn sort_field(value: &mut Value, field: &FieldDescriptor) {
    let Kind::Message(message) = field.kind() else {
        return;
    };
    match value {
        Value::Object(entries) if field.is_map() => entries.sort_keys(),
        Value::Array(items) => items.iter_mut().for_each(|item| sort_maps(item, &message)),
        Value::Object(_) => sort_maps(value, &message),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_another_kind_is_called_what_it_is() {
        let day = write(&pb::Problem {
            name: "Monday".to_owned(),
            ..pb::Problem::default()
        });
        let said = |error: JsonError| error.to_string();
        assert_eq!(
            read::<pb::PlannedDay>(&day).map_err(said),
            Err(
                "this is Problem, and PlannedDay is needed: plan it first, with `punctual plan`"
                    .into()
            )
        );
        assert_eq!(
            read::<pb::NoiseModel>(&day).map_err(said),
            Err("this is Problem, and NoiseModel is needed".into())
        );
        let neither = read::<pb::PlannedDay>("{\"name\": \"Monday\", \"nmae\": 1}");
        assert!(matches!(neither, Err(JsonError::Value { .. })));
    }

    #[test]
    fn an_error_names_the_field_and_the_line() {
        let text = "{\n  \"orders\": [\n    {\"id\": \"a\"},\n    {\"id\": 7}\n  ]\n}";
        let error = read::<pb::Problem>(text).unwrap_err().to_string();
        assert!(error.starts_with("orders[1].id: "), "{error}");
        assert!(error.contains("line 4"), "{error}");
    }

    #[test]
    fn an_unknown_field_is_an_error() {
        let error = read::<pb::Problem>("{\"ordrs\": []}")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("unrecognized") && error.contains("ordrs"),
            "{error}"
        );
    }

    #[test]
    fn text_after_the_message_is_an_error() {
        assert!(matches!(
            read::<pb::Problem>("{} {}"),
            Err(JsonError::Trailing(_))
        ));
    }

    #[test]
    fn a_problem_written_order_by_order_is_the_same_text() {
        let orders = ["a", "b"].map(|id| pb::Order {
            id: id.to_owned(),
            loads: [("kg".to_owned(), 5), ("crates".to_owned(), 1)].into(),
            ..pb::Order::default()
        });
        for orders in [&orders[..], &orders[..1], &[]] {
            let frame = pb::Problem {
                name: "day".to_owned(),
                travel_profiles: vec![pb::TravelProfile::default()],
                ..pb::Problem::default()
            };
            let mut text = Vec::new();
            write_problem(&frame, orders.iter().cloned(), &mut text).unwrap();
            let problem = pb::Problem {
                orders: orders.to_vec(),
                ..frame
            };
            assert_eq!(String::from_utf8(text).unwrap(), write(&problem));
        }
    }

    #[test]
    fn maps_are_written_in_the_order_of_their_keys() {
        let names = ["weight", "crates", "liters", "boxes", "kg"];
        let problem = pb::Problem {
            orders: vec![pb::Order {
                id: "a".to_owned(),
                loads: names.iter().map(|name| ((*name).to_owned(), 5)).collect(),
                ..pb::Order::default()
            }],
            ..pb::Problem::default()
        };
        let text = write(&problem);
        let mut at: Vec<(usize, &str)> = names
            .iter()
            .map(|name| (text.find(name).unwrap(), *name))
            .collect();
        at.sort_unstable();
        let written: Vec<&str> = at.into_iter().map(|(_, name)| name).collect();
        assert_eq!(written, ["boxes", "crates", "kg", "liters", "weight"]);
        assert!(text.find("\"id\"").unwrap() < text.find("\"loads\"").unwrap());
        assert_eq!(read::<pb::Problem>(&text).unwrap(), problem);
    }
}
