//! Tables to be imported and plans to be exported.

use std::io::Cursor;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::place::DETOUR_DEFAULT;
use super::read::{At, Sink};
use super::request::{SheetDay, read_day_in};
use super::scalar::count;
use super::{language, missing, pair, problem_message, read_problem};
use crate::config::{PlanningConfig, ServerConfig};
use crate::formats::{
    DayFault, DayImportError, DayRules, DayTables, ExportFormat, ExportLanguage, ImportDefaults,
    ImportTable, ImportedDay, Located, Part, Source, TableFile, TableLimits, TableNote,
    TableOptions, TextEncoding, check_import_field, read_date,
};
use crate::grpc::pb;
use crate::model::{CourierId, Depot, Finding, GeoTravel, PlaceIdx, Reason};
use crate::sheet::Language;
use crate::units::{Cost, Seconds};

/// Time at the door if neither row nor request says.
const SERVICE_DEFAULT: Seconds = Seconds(300);
const SERVICE_MAX: Seconds = Seconds(86_400);
const MISS_COST: std::ops::RangeInclusive<i64> = 1..=1_000_000_000;
/// How couriers travel if the request does not say.
const SPEED_DEFAULT: f64 = 22.0;
/// Most rows of a matrix.
const WAYS_MAX: u64 = 4_000_000;
/// Rows of tables for each order that may be planned: titles, blank rows and rows that are wrong are rows, too.
const ROWS_PER_ORDER: u64 = 2;
/// Bytes that a table may have once unpacked, for each of a request's.
const UNPACKED_RATIO: u64 = 4;
/// Findings of one kind in an answer.
const FINDINGS_MAX: usize = 1_000;

type Read<T> = Result<T, Vec<Finding>>;

/// Tables with what they do not say.
pub struct DayImport<'a> {
    /// The tables.
    pub tables: DayTables<Cursor<&'a [u8]>>,
    /// What they do not say.
    pub rules: DayRules,
}

/// A plan to be written as a file.
pub struct PlanExport {
    /// The planned day, with the routes chosen.
    pub day: SheetDay,
    /// The format.
    pub format: ExportFormat,
    /// The language of headings and words.
    pub language: ExportLanguage,
}

/// How large tables may be.
#[derive(Clone, Copy, Debug)]
pub struct TableBounds {
    rows: TableLimits,
    ways: TableLimits,
}

impl TableBounds {
    /// The bounds that follow from those of requests and of days.
    #[must_use]
    pub fn new(server: &ServerConfig, planning: &PlanningConfig) -> Self {
        let bytes_max = server.message_bytes_max.saturating_mul(UNPACKED_RATIO);
        let of = |rows_max| TableLimits {
            rows_max,
            unpacked_bytes_max: bytes_max,
            text_bytes_max: bytes_max,
        };
        Self {
            rows: of(planning.orders_max.saturating_mul(ROWS_PER_ORDER)),
            ways: of(WAYS_MAX),
        }
    }
}

/// Reads what day to make of which tables.
///
/// # Errors
/// Everything that is wrong with the request; the tables are not looked into.
pub fn read_day_import<'a>(
    request: &'a pb::ImportDayRequest,
    bounds: &TableBounds,
) -> Read<DayImport<'a>> {
    let sink = Sink::default();
    let at = At::root(&sink);
    let table = |field, part, file: &'a Option<pb::TableFile>, limits| {
        let file = file.as_ref()?;
        read_table(&at.field(field), part, file, limits)
    };
    at.required("orders", request.orders.as_ref());
    at.required("couriers", request.couriers.as_ref());
    let orders = table("orders", Part::Order, &request.orders, bounds.rows);
    let couriers = table("couriers", Part::Courier, &request.couriers, bounds.rows);
    let depots = table("depots", Part::Depot, &request.depots, bounds.rows);
    let ways = table("matrix", Part::Way, &request.matrix, bounds.ways);
    let own_depots = read_own_depots(&sink, &request.own_depots);
    if request.depots.is_none() && request.own_depots.is_empty() {
        let message = "a depot is needed, here or in own_depots";
        at.field("depots").report(Reason::MissingField, message);
    }
    let rules = read_rules(&at, request);
    let found = sink.take();
    match (orders, couriers, rules) {
        (Some(orders), Some(couriers), Some(rules)) if found.is_empty() => Ok(DayImport {
            tables: DayTables {
                orders,
                couriers,
                depots,
                own_depots,
                ways,
            },
            rules,
        }),
        _ => Err(found),
    }
}

fn read_table<'a>(
    at: &At<'_>,
    part: Part,
    file: &'a pb::TableFile,
    limits: TableLimits,
) -> Option<TableFile<Cursor<&'a [u8]>>> {
    if file.content.is_empty() {
        at.field("content")
            .report(Reason::MissingField, "the file is empty");
    }
    let delimiter = match file.delimiter.as_bytes() {
        [] => Some(None),
        [byte] if *byte == b'\t' || (byte.is_ascii_punctuation() && *byte != b'"') => {
            Some(Some(*byte))
        }
        _ => {
            let message = "a mark like , or ; or a tab is needed here";
            at.field("delimiter").report(Reason::OutOfRange, message);
            None
        }
    };
    for field in file.columns.keys() {
        if let Err(message) = check_import_field(part, field) {
            at.field("columns").report(Reason::UnknownName, message);
        }
    }
    let encoding = pb::TextEncoding::try_from(file.encoding);
    let encoding = match encoding {
        Ok(encoding) => Some(text_encoding(encoding)),
        Err(_) => {
            let message = "texts are read in UTF-8, UTF-16 and Windows-1251";
            at.field("encoding").report(Reason::UnknownName, message);
            None
        }
    };
    let sheet = Some(file.sheet.clone()).filter(|sheet| !sheet.is_empty());
    let columns = file.columns.iter();
    Some(TableFile {
        file: Cursor::new(file.content.as_slice()),
        how: ImportTable {
            table: TableOptions {
                delimiter: delimiter?,
                encoding: encoding?,
                sheet,
                limits,
            },
            columns: columns
                .map(|(field, heading)| (field.clone(), heading.trim().to_owned()))
                .collect(),
        },
    })
}

fn text_encoding(encoding: pb::TextEncoding) -> Option<TextEncoding> {
    match encoding {
        pb::TextEncoding::Unspecified => None,
        pb::TextEncoding::Utf8 => Some(TextEncoding::Utf8),
        pb::TextEncoding::Utf16Le => Some(TextEncoding::Utf16Le),
        pb::TextEncoding::Utf16Be => Some(TextEncoding::Utf16Be),
        pb::TextEncoding::Windows1251 => Some(TextEncoding::Windows1251),
    }
}

/// Depots that stand in no table.
fn read_own_depots(sink: &Sink, depots: &[pb::Depot]) -> Vec<Located<Depot>> {
    let draft = read_problem(&pb::Problem {
        depots: depots.to_vec(),
        ..pb::Problem::default()
    });
    let unreadable = draft.unreadable.into_iter().map(|mut finding| {
        finding.field = format!("own_{}", finding.field);
        finding
    });
    sink.borrow_mut().extend(unreadable);
    let places = &draft.problem.places;
    let located = draft.problem.depots.into_iter().map(|depot| Located {
        place: places[depot.place.index()].clone(),
        item: Depot {
            place: PlaceIdx(0),
            ..depot
        },
    });
    located.collect()
}

fn read_rules(at: &At<'_>, request: &pb::ImportDayRequest) -> Option<DayRules> {
    let zone = match request.time_zone.as_str() {
        "" => Some(TimeZone::UTC),
        name => TimeZone::get(name).ok(),
    };
    if zone.is_none() {
        let message = "this is no IANA time zone: give one as in `Europe/Moscow`, or none for UTC";
        at.field("time_zone").report(Reason::UnknownName, message);
    }
    let date = read_day(at, &request.date);
    let service = at.span_if_any("service_duration", request.service_duration.as_ref());
    if let Some(Some(service)) = service
        && !(Seconds::ZERO..=SERVICE_MAX).contains(&service)
    {
        let message = "the time at a door is 0 to 86400 seconds";
        at.field("service_duration")
            .report(Reason::OutOfRange, message);
    }
    let preference_cost = request.preference_miss_cost;
    if preference_cost.is_some_and(|cost| !MISS_COST.contains(&cost)) {
        let message = "it must be 1 to 1000000000";
        at.field("preference_miss_cost")
            .report(Reason::OutOfRange, message);
    }
    let travel = request.geo.as_ref().map_or(
        GeoTravel {
            speed_kmh: SPEED_DEFAULT,
            detour_factor: DETOUR_DEFAULT,
        },
        |geo| GeoTravel {
            speed_kmh: geo.speed_kmh,
            detour_factor: geo.detour_factor.unwrap_or(DETOUR_DEFAULT),
        },
    );
    let date = date?;
    let name = match (request.name.as_str(), date) {
        ("", Some(date)) => date.to_string(),
        (name, _) => name.to_owned(),
    };
    Some(DayRules {
        name,
        time_zone: request.time_zone.clone(),
        defaults: ImportDefaults {
            date,
            zone: zone?,
            service: service?.unwrap_or(SERVICE_DEFAULT),
            preference_cost: preference_cost.map(Cost),
            needs_location: request.matrix.is_none(),
        },
        travel,
        keeps_good: request.keep_good,
    })
}

fn read_day(at: &At<'_>, text: &str) -> Option<Option<Date>> {
    if text.is_empty() {
        return Some(None);
    }
    let date = read_date(text);
    if date.is_none() {
        let message = "this is no date; one is like 2026-11-26 or 26.11.2026";
        at.field("date").report(Reason::OutOfRange, message);
    }
    date.map(Some)
}

/// What is wrong with a request whose tables make no day at all.
#[must_use]
pub fn day_import_findings(error: &DayImportError) -> Vec<Finding> {
    let field = match error {
        DayImportError::NoDepot => "depots",
        DayImportError::Table { part, .. } => match part {
            Part::Order => "orders.content",
            Part::Courier => "couriers.content",
            Part::Depot => "depots.content",
            Part::Way => "matrix.content",
        },
    };
    let reason = match error {
        DayImportError::NoDepot => Reason::MissingField,
        DayImportError::Table { source, .. } if source.is_too_large() => Reason::TooLarge,
        DayImportError::Table { .. } => Reason::OutOfRange,
    };
    vec![Finding::new(field, "", reason, error.to_string())]
}

/// The message for what came of tables.
#[must_use]
pub fn imported_day_message(day: &ImportedDay) -> pb::ImportDayResponse {
    let cut_off = |n: usize| count(n.saturating_sub(FINDINGS_MAX));
    let findings = |faults: &[DayFault]| {
        let first = faults.iter().take(FINDINGS_MAX);
        first.map(finding_message).collect()
    };
    pb::ImportDayResponse {
        problem: day.is_usable().then(|| problem_message(&day.problem)),
        tables: day.tables.iter().map(note_message).collect(),
        findings: findings(&day.faults),
        findings_cut_off: cut_off(day.n_faults()),
        warnings: findings(&day.warnings),
        warnings_cut_off: cut_off(day.warnings.len()),
    }
}

fn part_message(part: Option<Part>) -> i32 {
    match part {
        None => pb::TablePart::Unspecified,
        Some(Part::Order) => pb::TablePart::Orders,
        Some(Part::Courier) => pb::TablePart::Couriers,
        Some(Part::Depot) => pb::TablePart::Depots,
        Some(Part::Way) => pb::TablePart::Matrix,
    }
    .into()
}

fn finding_message(DayFault { part, fault }: &DayFault) -> pb::TableFinding {
    pb::TableFinding {
        part: part_message(*part),
        row: i64::try_from(fault.row).unwrap_or(i64::MAX),
        column: fault.column.clone(),
        value: fault.value.clone(),
        message: fault.message.clone(),
    }
}

fn note_message(table: &TableNote) -> pb::TableNote {
    let (sheet, encoding, delimiter) = match &table.source {
        Source::Workbook { sheet, .. } => {
            (sheet.clone(), pb::TextEncoding::Unspecified, String::new())
        }
        Source::Text {
            encoding,
            delimiter,
        } => {
            let encoding = match encoding {
                TextEncoding::Utf8 => pb::TextEncoding::Utf8,
                TextEncoding::Utf16Le => pb::TextEncoding::Utf16Le,
                TextEncoding::Utf16Be => pb::TextEncoding::Utf16Be,
                TextEncoding::Windows1251 => pb::TextEncoding::Windows1251,
            };
            (String::new(), encoding, char::from(*delimiter).to_string())
        }
    };
    pb::TableNote {
        part: part_message(Some(table.part)),
        sheet,
        encoding: encoding.into(),
        delimiter,
        rows_good: count(table.n_items),
        rows_bad: count(table.n_bad_rows),
        columns_passed_over: table.passed_over.clone(),
        ids_rewritten: count(table.rewritten.n),
    }
}

/// Reads what plan to write as which file.
///
/// # Errors
/// Everything that is wrong with the request.
pub fn read_plan_export(
    request: &pb::ExportPlanRequest,
    config: &PlanningConfig,
) -> Read<PlanExport> {
    let day = match &request.day {
        Some(day) => read_day_in("day", day, config),
        None => Err(missing("day")),
    };
    let how = pair(export_format(request.format), language(request.language));
    let (mut day, (format, language)) = pair(day, how)?;
    choose_routes(&mut day, &request.courier_ids)?;
    Ok(PlanExport {
        day,
        format,
        language: match language {
            Language::En => ExportLanguage::En,
            Language::Ru => ExportLanguage::Ru,
        },
    })
}

fn export_format(value: i32) -> Read<ExportFormat> {
    let reason = match pb::ExportFormat::try_from(value) {
        Ok(pb::ExportFormat::Csv) => return Ok(ExportFormat::Csv),
        Ok(pb::ExportFormat::Xlsx) => return Ok(ExportFormat::Xlsx),
        Ok(pb::ExportFormat::Geojson) => return Ok(ExportFormat::GeoJson),
        Ok(pb::ExportFormat::Gpx) => return Ok(ExportFormat::Gpx),
        Ok(pb::ExportFormat::Unspecified) => Reason::MissingField,
        Err(_) => Reason::UnknownName,
    };
    let message = "plans are written as CSV, XLSX, GEOJSON and GPX; say which";
    Err(vec![Finding::new("format", "", reason, message)])
}

/// Leaves only the routes of `couriers`, if there are any.
fn choose_routes(day: &mut SheetDay, couriers: &[String]) -> Read<()> {
    if couriers.is_empty() {
        return Ok(());
    }
    let routes = &mut day.plan.routes;
    let sink = Sink::default();
    let ids: Option<Vec<CourierId>> = At::root(&sink).all("courier_ids", couriers, |at, text| {
        let id = at.parse_id(text, CourierId::parse)?;
        if routes.iter().any(|route| route.courier == id) {
            return Some(id);
        }
        let message = format!("the plan has no route of `{id}`");
        at.report(Reason::UnknownReference, message);
        None
    });
    let ids = ids.ok_or_else(|| sink.take())?;
    routes.retain(|route| ids.contains(&route.courier));
    Ok(())
}
