//! Reads format and size of a picture from its first bytes. The picture is not decoded.

use core::{error, fmt};

/// The formats that the platform takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IconFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF.
    Gif,
}

impl fmt::Display for IconFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Gif => "gif",
        })
    }
}

/// Why the size cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IconError {
    /// None of the three formats.
    UnknownFormat,
    /// The bytes end, or are invalid, before the size.
    Broken {
        /// The format that they begin as.
        format: IconFormat,
    },
}

impl fmt::Display for IconError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFormat => f.write_str("icon is not a jpeg, png or gif"),
            Self::Broken { format } => write!(f, "icon is a {format} without a readable size"),
        }
    }
}

impl error::Error for IconError {}

/// What the first bytes of a picture say.
///
/// # Examples
///
/// ```
/// # use kommo_oauth::integration::{IconFormat, IconHeader};
/// let icon = IconHeader::read(b"GIF89a\x90\x01\x10\x01")?;
/// assert_eq!((icon.format, icon.width, icon.height), (IconFormat::Gif, 400, 272));
/// # Ok::<(), kommo_oauth::integration::IconError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct IconHeader {
    /// The format.
    pub format: IconFormat,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

impl IconHeader {
    /// Reads a picture's first bytes. In a JPEG the size may come after long segments; pass the
    /// whole file. Never panics.
    ///
    /// # Errors
    ///
    /// - `"<svg>"`: [`IconError::UnknownFormat`].
    /// - a PNG cut after 20 bytes: [`IconError::Broken`].
    pub fn read(bytes: &[u8]) -> Result<Self, IconError> {
        let (format, size) = if let Some(rest) = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n") {
            (IconFormat::Png, png_size(rest))
        } else if let Some(rest) = bytes.strip_prefix(b"GIF87a") {
            (IconFormat::Gif, gif_size(rest))
        } else if let Some(rest) = bytes.strip_prefix(b"GIF89a") {
            (IconFormat::Gif, gif_size(rest))
        } else if let Some(rest) = bytes.strip_prefix(b"\xff\xd8\xff") {
            (IconFormat::Jpeg, jpeg_size(rest))
        } else {
            return Err(IconError::UnknownFormat);
        };
        let (width, height) = size.ok_or(IconError::Broken { format })?;
        Ok(Self {
            format,
            width,
            height,
        })
    }
}

/// The first chunk has 13 bytes, is named `IHDR`, and begins with width and height.
fn png_size(rest: &[u8]) -> Option<(u32, u32)> {
    let rest = rest.strip_prefix(b"\0\0\0\x0dIHDR")?;
    let (width, rest) = rest.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

fn gif_size(rest: &[u8]) -> Option<(u32, u32)> {
    let (width, rest) = rest.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    Some((
        u16::from_le_bytes(*width).into(),
        u16::from_le_bytes(*height).into(),
    ))
}

/// Walks the segments up to the first frame header. `rest` begins with the code of a marker, its
/// `ff` taken off.
fn jpeg_size(mut rest: &[u8]) -> Option<(u32, u32)> {
    loop {
        let (&code, after) = rest.split_first()?;
        rest = match code {
            // Fill bytes, and markers without a segment.
            0xff => after,
            0x01 | 0xd0..=0xd7 => after.strip_prefix(b"\xff")?,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return frame_size(after),
            // The picture itself, or its end: no size came.
            0x00 | 0xd9 | 0xda => return None,
            _ => {
                let (length, _) = after.split_first_chunk()?;
                let next = after.get(usize::from(u16::from_be_bytes(*length))..)?;
                next.strip_prefix(b"\xff")?
            }
        };
    }
}

/// Two bytes of length, one of precision, then height and width.
fn frame_size(segment: &[u8]) -> Option<(u32, u32)> {
    let (height, rest) = segment.get(3..)?.split_first_chunk()?;
    let (width, _) = rest.split_first_chunk()?;
    Some((
        u16::from_be_bytes(*width).into(),
        u16::from_be_bytes(*height).into(),
    ))
}
