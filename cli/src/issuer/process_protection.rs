//! What the operating system is asked for, for a process that holds keys.

use crate::failure::Failure;

/// Makes all files that the process creates its owner's alone, whatever mode they are created with.
pub(super) fn make_files_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Keeps the process's memory, which holds keys, from being written to a core dump and, on Linux, from being read by
/// other processes of its user.
pub(super) fn forbid_core_dumps() -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        let failed = |error| Failure::cannot("forbid core dumps")(&error);
        setrlimit(Resource::Core, none).map_err(failed)?;
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{DumpableBehavior, set_dumpable_behavior};
            set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(failed)?;
        }
    }
    Ok(())
}
