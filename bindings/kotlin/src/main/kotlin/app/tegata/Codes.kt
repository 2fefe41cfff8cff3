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
 * Payment codes, one after the other for as long as somebody collects: the first at once, the next when its time has
 * come. Nothing runs and no code is used up while nobody does.
 *
 * Ends with a [WalletException]: [WalletException.PaymentsLocked] once [unlocked] was locked, say.
 *
 * @param till the till that the codes are to be good at, or any.
 * @param language what they are spelled out in.
 * @param dispatcher where the disk is waited for. The time between codes is waited for in the collector's own context,
 * so that the virtual time of a test passes it.
 */
@JvmOverloads
public fun Payments.codes(
    unlocked: PaymentUnlock,
    id: String,
    till: String? = null,
    language: Language? = null,
    dispatcher: CoroutineDispatcher = Dispatchers.IO,
): Flow<PaymentCode> = flow {
    while (true) {
        val wait = when (val next = withContext(dispatcher) { nextCode(unlocked, id, till, language) }) {
            is NextCode.Code -> {
                emit(next.code)
                next.code.nextIn
            }
            is NextCode.Wait -> next.seconds
        }
        delay(wait.seconds)
    }
}.conflate() // a slow collector must not hold the clock up
