//! Invented names: of streets, people and the store.

use rand::Rng;

use super::draw::pick;

/// Name of the store.
pub(super) const STORE: &str = "Магазин «Амбар»";

/// Stems of adjectives; all of them take the endings of the kinds of street.
const STREETS: [&str; 40] = [
    "Медвян",
    "Ромашков",
    "Журавлин",
    "Ветрян",
    "Облачн",
    "Пряничн",
    "Смородинов",
    "Карамельн",
    "Ивов",
    "Черничн",
    "Рассветн",
    "Янтарн",
    "Снегирин",
    "Берестян",
    "Брусничн",
    "Звёздн",
    "Камышов",
    "Клюквенн",
    "Корабельн",
    "Кружевн",
    "Лиственн",
    "Лунн",
    "Малинов",
    "Мельничн",
    "Морозн",
    "Ольхов",
    "Орехов",
    "Парусн",
    "Пасечн",
    "Радужн",
    "Росист",
    "Рябинов",
    "Самоварн",
    "Сказочн",
    "Тростников",
    "Туманн",
    "Хвойн",
    "Черешнев",
    "Шмелин",
    "Яблочн",
];

/// Kinds of streets: what stands before the stem, the ending, what stands after it.
const KINDS: [(&str, &str, &str); 5] = [
    ("ул. ", "ая", ""),
    ("", "ый", " пер."),
    ("", "ый", " пр-д"),
    ("", "ый", " б-р"),
    ("", "ая", " наб."),
];

const WOMEN: [&str; 20] = [
    "Анна",
    "Вера",
    "Галина",
    "Дарья",
    "Евгения",
    "Жанна",
    "Зоя",
    "Инна",
    "Кира",
    "Лидия",
    "Марина",
    "Нина",
    "Ольга",
    "Полина",
    "Раиса",
    "Софья",
    "Таисия",
    "Ульяна",
    "Элина",
    "Яна",
];

const MEN: [&str; 20] = [
    "Антон",
    "Борис",
    "Виктор",
    "Глеб",
    "Денис",
    "Егор",
    "Захар",
    "Игорь",
    "Кирилл",
    "Лев",
    "Матвей",
    "Никита",
    "Олег",
    "Пётр",
    "Роман",
    "Семён",
    "Тимур",
    "Фёдор",
    "Эдуард",
    "Юрий",
];

/// Surnames in the form for men; women's end in "а".
const SURNAMES: [&str; 32] = [
    "Синичкин",
    "Облаков",
    "Берёзкин",
    "Медуницын",
    "Ветерков",
    "Ручейков",
    "Снежинкин",
    "Пряничников",
    "Огурцов",
    "Капустин",
    "Горошкин",
    "Укропов",
    "Сухариков",
    "Кренделев",
    "Бубликов",
    "Вареников",
    "Самоваров",
    "Чайкин",
    "Воробушкин",
    "Снегирёв",
    "Дроздов",
    "Скворушкин",
    "Ёжиков",
    "Белочкин",
    "Зайчиков",
    "Бобриков",
    "Шмелёв",
    "Кузнечиков",
    "Светлячков",
    "Мотыльков",
    "Лучинкин",
    "Радугин",
];

/// Name of the `number`-th street; different for the first 200.
pub(super) fn street(number: usize) -> String {
    let stem = STREETS[number % STREETS.len()];
    // The second round through the stems gets other kinds than the first.
    let kind = (number + number / STREETS.len()) % KINDS.len();
    let (before, ending, after) = KINDS[kind];
    format!("{before}{stem}{ending}{after}")
}

/// First name and surname.
pub(super) fn person(random: &mut impl Rng) -> String {
    let surname = pick(random, &SURNAMES);
    if rand::RngExt::random_bool(random, 0.6) {
        format!("{} {surname}а", pick(random, &WOMEN))
    } else {
        format!("{} {surname}", pick(random, &MEN))
    }
}

/// A made-up phone: `block` tells customers from couriers.
pub(super) fn phone(block: u32, number: u32) -> String {
    let number = number % 10_000;
    format!("+7 900 {block:03}-{:02}-{:02}", number / 100, number % 100)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn two_hundred_streets_have_different_names() {
        let names: BTreeSet<String> = (0..200).map(street).collect();
        assert_eq!(names.len(), 200);
        assert!(names.contains("ул. Медвяная"));
    }

    #[test]
    fn phones_are_plainly_synthetic() {
        assert_eq!(phone(0, 123), "+7 900 000-01-23");
        assert_eq!(phone(1, 10_007), "+7 900 001-00-07");
    }
}
