//! The Kotlin of the quick start as one function, so that the compiler reads what a person will type.

use std::path::Path;

use xshell::Shell;

const PAGE: &str = "docs/quickstart-android.md";
/// What the page leaves to the app.
const HEAD: &str = r#"package app.tegata.android

import android.app.Activity
import android.content.Context
import app.tegata.*
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch

@Suppress("unused", "UNUSED_VARIABLE", "UNUSED_PARAMETER")
internal suspend fun quickStart(
    context: Context,
    activity: Activity,
    scope: CoroutineScope,
    address: String,
    password: ByteArray,
    pin: ByteArray,
    askForMailedCode: suspend () -> String,
    askForPin: suspend (GateException) -> ByteArray,
    cardToken: String,
    scan: suspend () -> String,
    show: (String) -> Unit,
    saysItIsTheSame: suspend (String) -> Boolean,
) {
"#;

/// Writes it where the tests' compiler looks.
pub(super) fn write(shell: &Shell, folder: &Path) -> anyhow::Result<()> {
    let page = shell.read_file(PAGE)?;
    let blocks = page.split("```kotlin\n").skip(1).filter_map(|rest| rest.split("```").next());
    let body: String = blocks.collect();
    anyhow::ensure!(!body.is_empty(), "{PAGE} has no Kotlin in it");
    Ok(shell.write_file(folder.join("QuickStart.kt"), format!("{HEAD}{body}}}\n"))?)
}
