//! Which characters the bytes of a text stand for.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::{CoderResult, Decoder, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1251};

/// An encoding of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, low byte first: "Unicode text" of Excel.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// The Cyrillic encoding of Windows.
    Windows1251,
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
            Self::Windows1251 => "Windows-1251",
        })
    }
}

/// Bytes read at once.
const CHUNK: usize = 64 << 10;

/// Finds out the encoding of a text and goes back to its start.
///
/// A byte order mark tells; so do the zero bytes of UTF-16. What is UTF-8 throughout is UTF-8, and so is what has some ten
/// times as many good letters beyond ASCII as bad bytes: a damaged text, whose bad bytes will show. All else is
/// Windows-1251.
pub(super) fn detect<F: Read + Seek>(file: &mut F) -> io::Result<TextEncoding> {
    let mut chunk = Vec::with_capacity(CHUNK);
    read_chunk(file, &mut chunk)?;
    let encoding = match by_zeros(&chunk) {
        Some(encoding) => encoding,
        None => by_validity(file, chunk)?,
    };
    file.seek(SeekFrom::Start(0))?;
    Ok(encoding)
}

/// Appends up to a chunk of `file`; `false` at its end.
fn read_chunk<F: Read>(file: &mut F, chunk: &mut Vec<u8>) -> io::Result<bool> {
    Ok(file.by_ref().take(CHUNK as u64).read_to_end(chunk)? > 0)
}

fn by_zeros(start: &[u8]) -> Option<TextEncoding> {
    match start {
        [0xff, 0xfe, ..] => return Some(TextEncoding::Utf16Le),
        [0xfe, 0xff, ..] => return Some(TextEncoding::Utf16Be),
        [0xef, 0xbb, 0xbf, ..] => return Some(TextEncoding::Utf8),
        _ => {}
    }
    let zeros = |parity: usize| {
        let bytes = start.iter().skip(parity).step_by(2);
        bytes.filter(|byte| **byte == 0).count()
    };
    let (high_first, low_first) = (zeros(0), zeros(1));
    // Digits, blanks and delimiters have a zero byte in every kind of text.
    let is_many = |count: usize, other: usize| count * 20 > start.len() && count > 10 * other;
    if is_many(low_first, high_first) {
        Some(TextEncoding::Utf16Le)
    } else if is_many(high_first, low_first) {
        Some(TextEncoding::Utf16Be)
    } else {
        None
    }
}

fn by_validity<F: Read>(file: &mut F, mut chunk: Vec<u8>) -> io::Result<TextEncoding> {
    let (mut n_good, mut n_bad) = (0_u64, 0_u64);
    loop {
        let n_left = judge(&chunk, &mut n_good, &mut n_bad);
        // Enough to be sure.
        if n_bad > 10_000 && n_bad > n_good {
            break;
        }
        chunk.drain(..chunk.len() - n_left);
        if !read_chunk(file, &mut chunk)? {
            n_bad += u64::from(!chunk.is_empty());
            break;
        }
    }
    Ok(if n_bad == 0 || n_good > 10 * n_bad {
        TextEncoding::Utf8
    } else {
        TextEncoding::Windows1251
    })
}

/// Counts the characters beyond ASCII and the bytes that are not UTF-8; tells how many bytes at the end are a character
/// cut in two.
fn judge(mut bytes: &[u8], n_good: &mut u64, n_bad: &mut u64) -> usize {
    let letters = |text: &[u8]| text.iter().filter(|byte| **byte >= 0xc0).count() as u64;
    loop {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                *n_good += letters(text.as_bytes());
                return 0;
            }
            Err(error) => {
                let (good, rest) = bytes.split_at(error.valid_up_to());
                *n_good += letters(good);
                let Some(length) = error.error_len() else {
                    return rest.len();
                };
                *n_bad += 1;
                bytes = &rest[length..];
            }
        }
    }
}

/// Reads a text as UTF-8, whatever it was; what is no character becomes U+FFFD, and every line ends with a line feed.
pub(super) struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    input: Vec<u8>,
    /// Bytes of `input` that are decoded already.
    n_used: usize,
    is_over: bool,
    output: Vec<u8>,
    /// Bytes of `output` that are handed over already.
    n_taken: usize,
    lines: Lines,
}

/// Turns line ends of every kind into line feeds.
#[derive(Default)]
struct Lines {
    /// Whether the text so far ends with a carriage return, which was turned already.
    is_after_return: bool,
    /// Whether the text so far ends within a line.
    is_within_line: bool,
}

impl Lines {
    fn turn(&mut self, text: &mut Vec<u8>) {
        if self.is_after_return || text.contains(&b'\r') {
            text.retain_mut(|byte| {
                let is_second = *byte == b'\n' && self.is_after_return;
                self.is_after_return = *byte == b'\r';
                if self.is_after_return {
                    *byte = b'\n';
                }
                !is_second
            });
        }
        if let Some(last) = text.last() {
            self.is_within_line = *last != b'\n';
        }
    }

    fn finish(&mut self, text: &mut Vec<u8>) {
        if std::mem::take(&mut self.is_within_line) {
            text.push(b'\n');
        }
    }
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(inner: R, encoding: TextEncoding) -> Self {
        let encoding = match encoding {
            TextEncoding::Utf8 => UTF_8,
            TextEncoding::Utf16Le => UTF_16LE,
            TextEncoding::Utf16Be => UTF_16BE,
            TextEncoding::Windows1251 => WINDOWS_1251,
        };
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            input: Vec::with_capacity(CHUNK),
            n_used: 0,
            is_over: false,
            output: Vec::new(),
            n_taken: 0,
            lines: Lines::default(),
        }
    }

    /// Decodes more; the output stays empty only at the end of the text.
    fn refill(&mut self) -> io::Result<()> {
        self.n_taken = 0;
        self.output.clear();
        while self.output.is_empty() {
            if self.n_used == self.input.len() {
                if self.is_over {
                    return Ok(());
                }
                self.input.clear();
                self.n_used = 0;
                self.is_over = !read_chunk(&mut self.inner, &mut self.input)?;
            }
            self.output.resize(CHUNK, 0);
            let input = &self.input[self.n_used..];
            let (result, n_read, n_written, _) =
                self.decoder
                    .decode_to_utf8(input, &mut self.output, self.is_over);
            self.output.truncate(n_written);
            self.lines.turn(&mut self.output);
            self.n_used += n_read;
            if self.is_over && result == CoderResult::InputEmpty {
                // The decoder must not be asked again after its end.
                self.n_used = self.input.len();
                self.lines.finish(&mut self.output);
                return Ok(());
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.n_taken == self.output.len() {
            let is_finished = self.is_over && self.n_used == self.input.len();
            if is_finished {
                return Ok(0);
            }
            self.refill()?;
        }
        let n = buffer.len().min(self.output.len() - self.n_taken);
        buffer[..n].copy_from_slice(&self.output[self.n_taken..self.n_taken + n]);
        self.n_taken += n;
        Ok(n)
    }
}
