//! `bidui fake`: synthetic extracts.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{Days, NaiveDate};

use super::progress::Bars;
use super::{Folder, output};
use crate::error::{Error, Result};
use crate::fake::errors::Rates;
use crate::fake::world::Settings;
use crate::fake::write::Dirt;
use crate::fake::{Order, make};
use crate::night::setup::{load, register};

/// What `bidui fake` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    folder: Folder,
    /// Folder for the extracts: one folder for each night, and truth/. What lies there stays.
    #[arg(long)]
    out: PathBuf,
    /// About how many persons.
    #[arg(long, default_value_t = 1000)]
    people: u64,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many nights.
    #[arg(long, default_value_t = 1)]
    nights: u64,
    /// The first night.
    #[arg(long, default_value = "2026-11-10")]
    date: NaiveDate,
    /// Days from one night to the next.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=180))]
    every: u64,
    /// Multiplies every rate of dirt; 0 writes clean extracts, 3 heavy dirt.
    #[arg(long, default_value_t = 1.0, value_parser = factor)]
    dirt: f64,
    /// JSON file with single rates of dirt.
    #[arg(long)]
    dirt_file: Option<PathBuf>,
    /// Errors of departments about who a person is: `usual`, `heavy` (three times usual), `none`, or a
    /// YAML file of rates; `truth/` then says whose each row is. Planted anomalies are then not alone.
    #[arg(long)]
    errors: Option<String>,
    /// Share of households with a planted anomaly.
    #[arg(long, default_value_t = 0.02, value_parser = share)]
    plant_rate: f64,
    /// Only these counties or cities, by the beginning of their codes.
    #[arg(long, value_delimiter = ',')]
    counties: Vec<String>,
    /// No progress bars.
    #[arg(long, short)]
    quiet: bool,
}

/// Reads a number of 0 or more.
fn factor(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "give a number of 0 or more".to_owned())
}

/// Reads a number from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    factor(text)
        .ok()
        .filter(|share| *share <= 1.0)
        .ok_or_else(|| "give 0 to 1, such as 0.02".into())
}

/// Makes the extracts and says what they hold.
///
/// # Errors
/// The pipeline's faults; rates that cannot be read; a world that cannot be; a contract that cannot
/// be written; the disk.
pub fn fake(args: &Args) -> Result<ExitCode> {
    let pipeline = load(args.folder.path())?;
    let divisions = register(&pipeline)?;
    let nowhere = |area: &&String| !divisions.iter().any(|d| d.code.starts_with(area.as_str()));
    if let Some(area) = args.counties.iter().find(nowhere) {
        return Err(Error::usage(format!("no division has a code that begins with `{area}`"))
            .hint("such as 6201 for a city, 620122 for a county"));
    }
    let dirt = match &args.dirt_file {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, &e))?;
            serde_json::from_str(&text)
                .map_err(|e| Error::usage(format!("{}: {e}", path.display())))?
        }
        None => Dirt::default(),
    };
    let day = |n: u64| args.date.checked_add_days(Days::new(n.saturating_mul(args.every)));
    let nights = (0..args.nights).filter_map(day);
    let order = Order {
        settings: Settings {
            people: args.people,
            seed: args.seed,
            nights: nights.collect(),
            plant_rate: args.plant_rate,
        },
        dirt: dirt.scale(args.dirt),
        errors: args.errors.as_deref().map(Rates::of).transpose()?,
        out: args.out.clone(),
        counties: args.counties.clone(),
    };
    let bars = Bars::new(args.quiet);
    let made = make(&pipeline, &divisions, &order, &bars)?;
    drop(bars);
    output::say(&format!(
        "{} files, {:.1} MB, {} rows ({} repeated, {} broken copies) in {}",
        made.files,
        made.bytes as f64 / 1e6,
        made.rows,
        made.planted.duplicates,
        made.planted.broken_rows,
        args.out.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
