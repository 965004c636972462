//! Routes for navigation (GPX 1.1): one a courier, with a point for each stop.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::ExportError;
use super::path::{Point, places};
use super::view::View;
use crate::model::{Courier, Place, Route};
use crate::units::Timestamp;

const NAMESPACE: &str = "http://www.topografix.com/GPX/1/1";

/// Writes routes. Places without coordinates are left out.
pub(super) fn write(view: &View<'_>, sink: &mut dyn Write) -> Result<(), ExportError> {
    let mut writer = Writer::new_with_indent(&mut *sink, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = writer
        .create_element("gpx")
        .with_attribute(("version", "1.1"))
        .with_attribute(("creator", "Punctual"))
        .with_attribute(("xmlns", NAMESPACE));
    root.write_inner_content(|writer| {
        writer
            .create_element("metadata")
            .write_inner_content(|writer| {
                text(writer, "name", &view.problem().name)?;
                text(writer, "desc", view.day.version)
            })?;
        for (route, courier) in view.routes() {
            let element = writer.create_element("rte");
            element.write_inner_content(|writer| self::route(writer, view, route, courier))?;
        }
        Ok(())
    })?;
    sink.write_all(b"\n")?;
    Ok(())
}

fn route<W: Write>(
    writer: &mut Writer<W>,
    view: &View<'_>,
    route: &Route,
    courier: &Courier,
) -> io::Result<()> {
    let name = [courier.id.as_str(), courier.name.as_str()].join(" ");
    text(writer, "name", name.trim())?;
    let words = view.words;
    for (point, place) in places(view, route, courier) {
        let (time, name, comment) = match point {
            Point::Start(depot) => (route.departure, titled(words.start, place, depot), None),
            Point::End(depot) => (route.end, titled(words.end, place, depot), None),
            Point::Reload(reload) => {
                let name = titled(words.reload, place, Some(reload.depot.as_str()));
                (reload.arrival, name, None)
            }
            Point::Stop(visit) => {
                let place = match place.address.as_str() {
                    "" => visit.order.label(),
                    address => address,
                };
                let window = visit.order.promise.map(|promise| promise.window);
                let window =
                    window.map(|window| format!("{} {}", words.window, view.window_text(window)));
                let contact = &visit.order.contact;
                let parts = [
                    visit.order.label(),
                    window.as_deref().unwrap_or_default(),
                    &contact.name,
                    &contact.phone,
                    &visit.order.entry_notes,
                ];
                let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                let name = format!("{}. {place}", visit.number);
                (visit.stop.arrival, name, Some(parts.join("; ")))
            }
        };
        self::point(writer, place, time, &name, comment.as_deref())?;
    }
    Ok(())
}

/// What a place is, with its address or id.
fn titled(word: &str, place: &Place, id: Option<&str>) -> String {
    match (place.address.as_str(), id) {
        ("", None) => word.to_owned(),
        ("", Some(id)) => format!("{word}: {id}"),
        (address, _) => format!("{word}: {address}"),
    }
}

fn point<W: Write>(
    writer: &mut Writer<W>,
    place: &Place,
    time: Timestamp,
    name: &str,
    comment: Option<&str>,
) -> io::Result<()> {
    let Some(location) = place.location else {
        return Ok(());
    };
    let [latitude, longitude] =
        [location.latitude, location.longitude].map(|degrees| degrees.to_string());
    let element = writer
        .create_element("rtept")
        .with_attribute(("lat", latitude.as_str()))
        .with_attribute(("lon", longitude.as_str()));
    element.write_inner_content(|writer| {
        let time = jiff::Timestamp::from_second(time.0).unwrap_or_default();
        text(writer, "time", &time.to_string())?;
        text(writer, "name", name)?;
        comment.map_or(Ok(()), |comment| text(writer, "cmt", comment))
    })?;
    Ok(())
}

/// An element with a text, without the characters that XML cannot have.
fn text<W: Write>(writer: &mut Writer<W>, element: &str, text: &str) -> io::Result<()> {
    let is_barred = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    let text = text.replace(is_barred, "\u{fffd}");
    writer
        .create_element(element)
        .write_text_content(BytesText::new(&text))?;
    Ok(())
}
