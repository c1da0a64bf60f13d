//! Runs of rows that wait on disk, scattered by bucket, until the file's last row has come.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};

use crate::error::{Error, Result};
use crate::lake::durable;

/// Runs that wait on disk, already scattered by bucket.
pub(super) struct Aside {
    dir: PathBuf,
    writer: FileWriter<durable::Writer>,
    batches: Batches,
    written: usize,
}

/// Numbers of the batches that hold a bucket's rows.
type Batches = Vec<Vec<usize>>;

/// Name of the file with the runs.
const RUNS: &str = "runs.arrow";

impl Aside {
    /// A folder beside the file at `path`.
    pub fn create(path: &Path, schema: &SchemaRef, buckets: usize) -> Result<Self> {
        let dir = path.with_extension("aside");
        durable::create_dir_all(&dir)?;
        let options =
            IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
        let file = durable::Writer::create(&dir.join(RUNS))?;
        let writer = FileWriter::try_new_with_options(file, schema, options)?;
        Ok(Self { dir, writer, batches: vec![Vec::new(); buckets + 1], written: 0 })
    }

    /// Adds rows of one bucket.
    pub fn write(&mut self, rows: &RecordBatch, bucket: usize) -> Result<()> {
        self.writer.write(rows)?;
        self.batches[bucket].push(self.written);
        self.written += 1;
        Ok(())
    }

    /// Turns from writing to reading.
    pub fn back(mut self) -> Result<Back> {
        self.writer.finish()?;
        self.writer.into_inner()?.close()?;
        let path = self.dir.join(RUNS);
        let file = std::fs::File::open(&path).map_err(|e| Error::io("open", &path, &e))?;
        let reader = FileReader::try_new_buffered(file, None)?;
        Ok(Back { dir: self.dir, reader, batches: self.batches })
    }
}

/// Runs that are taken back.
pub(super) struct Back {
    dir: PathBuf,
    reader: FileReader<std::io::BufReader<std::fs::File>>,
    batches: Batches,
}

impl Back {
    /// The rows of a bucket, in the order in which they came.
    pub fn read(&mut self, bucket: usize) -> impl Iterator<Item = Result<RecordBatch>> {
        let Self { reader, batches, .. } = self;
        batches[bucket].iter().map(|number| {
            reader.set_index(*number)?;
            let batch = reader.next().ok_or_else(|| Error::bug("a batch set aside is gone"))?;
            Ok(batch?)
        })
    }

    /// Nothing stays on disk.
    pub fn remove(self) -> Result<()> {
        durable::remove_dir_all(&self.dir)
    }
}
