//! What a workbook states about its own size, checked before anything believes it.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use quick_xml::Reader;
use quick_xml::events::Event;
use zip::ZipArchive;

use super::TableError;

/// Largest list of texts that is read, in bytes once unpacked.
const TEXTS_MAX: u64 = 1 << 30;
/// Bytes of the shortest text of the list, `<si/>`.
const TEXT_MIN: u64 = 5;

/// Refuses a workbook that has more than `unpacked_max` bytes once unpacked, or whose list of texts is larger than can be
/// read, or says that it is longer than it can be: room for all of it is taken at once.
pub(super) fn check<F: Read + Seek>(file: &mut F, unpacked_max: u64) -> Result<(), TableError> {
    let mut archive = ZipArchive::new(&mut *file)?;
    if unpacked_max < u64::MAX {
        check_unpacked(&mut archive, unpacked_max)?;
    }
    for index in 0..archive.len() {
        let mut part = archive.by_index(index)?;
        if !part.name().is_ok_and(|name| is_list_of_texts(&name)) {
            continue;
        }
        let n_bytes = io::copy(&mut part.by_ref().take(TEXTS_MAX + 1), &mut io::sink())?;
        if n_bytes > TEXTS_MAX {
            return Err(TableError::Oversized);
        }
        drop(part);
        let stated = stated_count(archive.by_index(index)?)?;
        if stated.is_some_and(|count| count > n_bytes / TEXT_MIN) {
            return Err(TableError::Oversized);
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(())
}

/// Unpacks everything, since what a workbook says of its size may be wrong.
fn check_unpacked<F: Read + Seek>(archive: &mut ZipArchive<F>, max: u64) -> Result<(), TableError> {
    let mut left = max;
    for index in 0..archive.len() {
        let part = archive.by_index(index)?;
        let n_bytes = io::copy(&mut part.take(left.saturating_add(1)), &mut io::sink())?;
        left = left
            .checked_sub(n_bytes)
            .ok_or(TableError::Unpacked { max })?;
    }
    Ok(())
}

fn is_list_of_texts(name: &str) -> bool {
    let last = name.rsplit(['/', '\\']).next();
    last.is_some_and(|last| last.eq_ignore_ascii_case("sharedStrings.xml"))
}

/// How many texts the list says that it has; more than any if that is no number.
fn stated_count<R: Read>(part: R) -> Result<Option<u64>, TableError> {
    let mut reader = Reader::from_reader(BufReader::new(part));
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        // What is no XML is refused by whoever reads all of it.
        let Ok(event) = reader.read_event_into(&mut buffer) else {
            return Ok(None);
        };
        if matches!(event, Event::Eof) {
            return Ok(None);
        }
        let (Event::Start(start) | Event::Empty(start)) = event else {
            continue;
        };
        if start.local_name().as_ref() != "sst" {
            continue;
        }
        let mut attributes = start.attributes();
        let counts = attributes.with_checks(false).flatten();
        let counts =
            counts.filter(|attribute| attribute.key.local_name().as_ref() == "uniqueCount");
        let counts = counts.map(|count| count.value.trim().parse().unwrap_or(u64::MAX));
        return Ok(counts.max());
    }
}
