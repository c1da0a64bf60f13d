//! Where bytes go: a file, or the only member of a zip, in the encoding of the contract.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::error::{Error, Result};

/// Creates a raw file and its folder. Extracts are made up and stand outside the lake, so the
/// lake's rules for durable writes do not apply; this is the only place that writes them.
fn create(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, &e))?;
    }
    File::create(path).map_err(|e| Error::io("create", path, &e))
}

/// An open raw file.
pub(super) struct Target {
    path: PathBuf,
    inner: Inner,
}

enum Inner {
    Plain(BufWriter<File>),
    Zip(Box<ZipWriter<BufWriter<File>>>),
}

impl Target {
    /// Opens the file; with `member` as a zip that holds it under this name.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn open(path: &Path, member: Option<&str>) -> Result<Self> {
        let file = BufWriter::with_capacity(1 << 18, create(path)?);
        let inner = match member {
            None => Inner::Plain(file),
            Some(name) => {
                let mut zip = ZipWriter::new(file);
                // The time of every member is 1980, or the same input would give other bytes
                // tomorrow.
                let options = SimpleFileOptions::default()
                    .compression_level(Some(3))
                    .last_modified_time(zip::DateTime::default())
                    .large_file(true);
                zip.start_file(name, options).map_err(|e| Error::io("write", path, &e.into()))?;
                Inner::Zip(Box::new(zip))
            }
        };
        Ok(Self { path: path.to_owned(), inner })
    }

    /// Writes all bytes.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes).map_err(|e| Error::io("write", &self.path, &e))
    }

    /// Closes the file.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn close(self) -> Result<()> {
        let done = match self.inner {
            Inner::Plain(mut file) => file.flush(),
            Inner::Zip(zip) => {
                zip.finish().map_err(io::Error::from).and_then(|mut file| file.flush())
            }
        };
        done.map_err(|e| Error::io("write", &self.path, &e))
    }

    /// The folder of the file.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new("."))
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.inner {
            Inner::Plain(file) => file.write(bytes),
            Inner::Zip(zip) => zip.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.inner {
            Inner::Plain(file) => file.flush(),
            Inner::Zip(zip) => zip.flush(),
        }
    }
}
