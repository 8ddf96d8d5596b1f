//! Writes the pages of the explorer, with `TG_EXPLORE`. What is on them comes from tg-core.

use std::path::Path;
use std::{fs, io};

use tg_core::explore::Exploration;
use tg_toolchain::PLACEHOLDER;

use crate::config::Config;

/// Writes the page of a function whose kernels a C compiler made into `assembly`, if one did.
///
/// # Errors
/// If the folder that `TG_EXPLORE` names cannot be written to.
pub fn write_page(exploration: Exploration, assembly: Option<&str>, config: &Config) -> Result<(), String> {
    let Some(folder) = &config.explore else { return Ok(()) };
    let mut exploration = exploration;
    if let Some(assembly) = assembly {
        exploration.assembled(&assembly.replace(&format!(".L{PLACEHOLDER}"), ".L"));
    }
    let folder = folder.join(config.invocation.crate_name.as_deref().unwrap_or_default());
    let kind = if exploration.isa.is_gpu() { ".gpu" } else { "" };
    let file = folder.join(format!("{}{kind}.html", exploration.name));
    try_write(&folder, &file, &exploration.page())
        .map_err(|error| format!("TG_EXPLORE: {} cannot be written: {error}", file.display()))
}

fn try_write(folder: &Path, file: &Path, page: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(file, page)
}
