package app.tegata

import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext

/**
 * Emits payment codes, one after the other while the flow is collected: the first at once, the next when its time has
 * come. Nothing runs and no code is used up otherwise.
 *
 * Ends with a [WalletException], such as [WalletException.PaymentsLocked] within a second of [unlock] being locked.
 *
 * @param till the one till that the codes are valid at; any without it.
 * @param language the language of [PaymentCode.spoken].
 * @param dispatcher where the disk is read and written. The delay between codes runs in the collector's own context, so
 * that the virtual time of a test passes it.
 */
@JvmOverloads
public fun Payments.codes(
    unlock: PaymentUnlock,
    id: String,
    till: String? = null,
    language: Language? = null,
    dispatcher: CoroutineDispatcher = Dispatchers.IO,
): Flow<PaymentCode> = flow {
    while (true) {
        val wait = when (val next = withContext(dispatcher) { nextCode(unlock, id, till, language) }) {
            is NextCode.Code -> {
                emit(next.code)
                next.code.nextIn
            }
            is NextCode.Wait -> next.seconds
        }
        repeat(wait.toInt()) {
            delay(1.seconds)
            if (unlock.isLocked()) throw WalletException.PaymentsLocked()
        }
    }
}.conflate() // a slow collector must not hold the clock up
