package app.tegata

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * Runs calls that touch the disk, or take as long as a PIN does, off the caller's thread:
 *
 * ```kotlin
 * val unlock = wallet.io { payments.unlockWithPin(pin) }
 * ```
 */
public suspend fun <T> Wallet.io(dispatcher: CoroutineDispatcher = Dispatchers.IO, calls: Wallet.() -> T): T =
    withContext(dispatcher) { calls() }
