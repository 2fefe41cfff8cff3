//! The Kotlin of the quick start as one function, which the compiler checks with the tests.

use std::path::Path;

use xshell::Shell;

const PAGE: &str = "docs/quickstart-android.md";
/// Imports, and what the page leaves to the app as parameters.
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
    askForOneCode: suspend () -> ByteArray,
    askForPin: suspend (GateException) -> ByteArray,
    cardForm: CardForm,
    scan: suspend () -> String,
    show: (String) -> Unit,
    saysItIsTheSame: suspend (String) -> Boolean,
) {
"#;

/// Writes it into a source folder of the tests.
pub(super) fn write(shell: &Shell, folder: &Path) -> anyhow::Result<()> {
    let page = shell.read_file(PAGE)?;
    let blocks = page.split("```kotlin\n").skip(1).filter_map(|rest| rest.split("```").next());
    let body: String = blocks.collect();
    anyhow::ensure!(!body.is_empty(), "{PAGE} contains no Kotlin");
    Ok(shell.write_file(folder.join("QuickStart.kt"), format!("{HEAD}{body}}}\n"))?)
}
