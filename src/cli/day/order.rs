//! Orders that ask for a window, from files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Failure, day_file};
use crate::grpc::pb;

/// The order that asks.
#[derive(Debug, clap::Args)]
pub(super) struct OrderArguments {
    /// The order: the JSON form of `punctual.v1.Order`; or a day (`punctual.v1.Problem`), of which `--order-id` is one.
    #[arg(long = "order", value_name = "FILE")]
    file: PathBuf,
    /// Which order of a day. What it was promised and prefers there is left out.
    #[arg(long, value_name = "ID")]
    order_id: Option<String>,
    #[command(flatten)]
    spreads: Spreads,
}

/// The order that takes the place of another one, if any.
#[derive(Debug, clap::Args)]
pub(super) struct OrderIfAny {
    /// The order from now on: the JSON form of `punctual.v1.Order`, or a day (`punctual.v1.Problem`) with it.
    #[arg(id = "file", long = "order", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Which order of a day.
    #[arg(long, value_name = "ID", requires = "file")]
    order_id: Option<String>,
    #[command(flatten)]
    spreads: Spreads,
}

#[derive(Debug, clap::Args)]
struct Spreads {
    /// The standard deviation of an estimated load: `kg=2.5`; may be given several times.
    #[arg(long = "spread", value_name = "DIMENSION=NUMBER", value_parser = spread, requires = "file")]
    spreads: Vec<(String, f64)>,
}

impl Spreads {
    fn map(&self) -> BTreeMap<String, f64> {
        self.spreads.iter().cloned().collect()
    }
}

fn spread(text: &str) -> Result<(String, f64), String> {
    let pair = text.split_once('=');
    let number = pair.and_then(|(name, number)| Some((name.to_owned(), number.parse().ok()?)));
    number.ok_or_else(|| "a spread is a dimension and a number: kg=2.5".to_owned())
}

impl OrderArguments {
    pub(super) fn read(&self) -> Result<pb::Order, Failure> {
        read(&self.file, self.order_id.as_deref())
    }

    pub(super) fn spreads(&self) -> BTreeMap<String, f64> {
        self.spreads.map()
    }
}

impl OrderIfAny {
    pub(super) fn read(&self) -> Result<Option<pb::Order>, Failure> {
        let file = self.file.as_deref();
        file.map(|file| read(file, self.order_id.as_deref()))
            .transpose()
    }

    pub(super) fn spreads(&self) -> BTreeMap<String, f64> {
        self.spreads.map()
    }
}

fn read(path: &Path, order_id: Option<&str>) -> Result<pb::Order, Failure> {
    let Some(id) = order_id else {
        return day_file::read(path);
    };
    let day: pb::Problem = day_file::read(path)?;
    let order = day.orders.into_iter().find(|order| order.id == id);
    let order = order.ok_or_else(|| {
        let action = format!("read {}", path.display());
        Failure::new(action, format_args!("it has no order {id}"))
    })?;
    Ok(pb::Order {
        promise: None,
        preference: None,
        drop_policy: None,
        ..order
    })
}
