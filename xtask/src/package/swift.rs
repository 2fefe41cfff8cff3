pub(crate) fn try_out(_: &xshell::Shell, _: crate::bindings::Build) -> anyhow::Result<()> {
    Ok(())
}
