//! The files for operators, copied with what has to be different here.

use std::path::Path;

use xshell::Shell;

/// The folder of the files.
pub(super) const FOLDER: &str = "issuer/packaging";

/// Copies a file into the folder with texts replaced, each of which it must have, and returns the copy's path.
pub(super) fn copy(
    shell: &Shell,
    name: &str,
    to: &Path,
    replaced: &[(&str, &str)],
) -> anyhow::Result<std::path::PathBuf> {
    let mut text = shell.read_file(Path::new(FOLDER).join(name))?;
    for (from, to) in replaced {
        anyhow::ensure!(text.contains(from), "{name} does not name {from}: correct the check");
        text = text.replace(from, to);
    }
    let path = to.join(name);
    shell.write_file(&path, text)?;
    Ok(path)
}
