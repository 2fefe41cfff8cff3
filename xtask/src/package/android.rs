pub(super) fn run(_: &xshell::Shell) -> anyhow::Result<()> {
    Ok(())
}
