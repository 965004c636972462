//! The words of exports, apart from headings of columns, which stand with the columns.

use super::ExportLanguage;
use crate::model::{ConstraintKind, OrderKind};

/// The words of a language.
pub(super) struct Words {
    /// Names of the sheets of a workbook.
    pub(super) stops: &'static str,
    pub(super) routes: &'static str,
    pub(super) unserved: &'static str,
    pub(super) delivery: &'static str,
    pub(super) collection: &'static str,
    pub(super) yes: &'static str,
    pub(super) no: &'static str,
    /// What comes before the name of a dimension.
    pub(super) load: &'static str,
    pub(super) start: &'static str,
    pub(super) reload: &'static str,
    pub(super) end: &'static str,
    pub(super) window: &'static str,
    /// How dates and moments are written, for `strftime`.
    pub(super) date: &'static str,
    pub(super) moment: &'static str,
    /// The same for Excel.
    pub(super) excel_moment: &'static str,
    pub(super) delimiter: u8,
    pub(super) decimal_comma: bool,
}

const ENGLISH: Words = Words {
    stops: "Stops",
    routes: "Routes",
    unserved: "Unserved",
    delivery: "delivery",
    collection: "collection",
    yes: "yes",
    no: "no",
    load: "Load",
    start: "Start",
    reload: "Reload",
    end: "End",
    window: "Window",
    date: "%Y-%m-%d",
    moment: "%Y-%m-%d %H:%M:%S",
    excel_moment: "yyyy-mm-dd hh:mm",
    delimiter: b',',
    decimal_comma: false,
};

const RUSSIAN: Words = Words {
    stops: "Остановки",
    routes: "Маршруты",
    unserved: "Не обслужены",
    delivery: "доставка",
    collection: "забор",
    yes: "да",
    no: "нет",
    load: "Груз",
    start: "Старт",
    reload: "Дозагрузка",
    end: "Финиш",
    window: "Окно",
    date: "%d.%m.%Y",
    moment: "%d.%m.%Y %H:%M:%S",
    excel_moment: "dd.mm.yyyy hh:mm",
    delimiter: b';',
    decimal_comma: true,
};

impl Words {
    pub(super) fn of(language: ExportLanguage) -> &'static Self {
        match language {
            ExportLanguage::En => &ENGLISH,
            ExportLanguage::Ru => &RUSSIAN,
        }
    }

    pub(super) fn kind(&self, kind: OrderKind) -> &'static str {
        match kind {
            OrderKind::Delivery => self.delivery,
            OrderKind::Collection => self.collection,
        }
    }

    pub(super) fn claim(&self, is_so: bool) -> &'static str {
        if is_so { self.yes } else { self.no }
    }
}

/// What blocks a courier, with the unit of the shortfall.
pub(super) fn constraint(kind: ConstraintKind, language: ExportLanguage) -> &'static str {
    let [english, russian] = match kind {
        ConstraintKind::TimeWindow => ["too late for its window, s", "опоздание к окну, с"],
        ConstraintKind::LaterStop => [
            "makes a later stop late, s",
            "опоздание на следующих остановках, с",
        ],
        ConstraintKind::ShiftEnd => ["ends after the shift, s", "позже конца смены, с"],
        ConstraintKind::Capacity => ["vehicle too full", "не помещается"],
        ConstraintKind::Skill => ["skill is missing", "нет навыка"],
        ConstraintKind::CourierForbidden => ["courier not allowed", "курьер не допущен"],
        ConstraintKind::Depot => ["goods are at another depot", "груз на другом складе"],
        ConstraintKind::MaxStops => ["too many stops", "слишком много остановок"],
        ConstraintKind::MaxDistance => ["too long a way, m", "слишком длинный путь, м"],
        ConstraintKind::MaxDuty => ["too long a duty, s", "слишком долгая работа, с"],
        ConstraintKind::Unreachable => ["no way there", "нет пути"],
        ConstraintKind::NotReady => ["goods not ready in time, s", "груз не готов вовремя, с"],
        ConstraintKind::Inconsistent => ["figures do not agree", "данные не сходятся"],
        ConstraintKind::Coverage => ["served twice or not at all", "обслужен дважды или пропущен"],
        ConstraintKind::Locked => ["locked elsewhere", "закреплён в другом месте"],
        ConstraintKind::MaxReloads => ["too many reloads", "слишком много дозагрузок"],
        ConstraintKind::Break => ["break comes too late, s", "перерыв слишком поздно, с"],
    };
    match language {
        ExportLanguage::En => english,
        ExportLanguage::Ru => russian,
    }
}
