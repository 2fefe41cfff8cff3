package app.tegata.android

import android.os.SystemClock
import app.tegata.Language
import app.tegata.NextCode
import app.tegata.PaymentCode
import app.tegata.PaymentUnlock
import app.tegata.Payments
import app.tegata.WalletException
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * The codes of one payment credential, for a screen. Keep it where the unlock token is kept, outside of the activity: after
 * a rotation, or a return within the code's time, [states] goes on with the same code and uses up none.
 *
 * @param till the one till that the codes are valid at; any without it.
 * @param language the language of [PaymentCode.spoken].
 */
public class PaymentCodes internal constructor(
    private val payments: Payments,
    private val unlock: PaymentUnlock,
    private val id: String,
    private val till: String?,
    private val language: Language?,
    private val dispatcher: CoroutineDispatcher,
    private val elapsedMillis: () -> Long,
) {
    @JvmOverloads
    public constructor(
        payments: Payments,
        unlock: PaymentUnlock,
        id: String,
        till: String? = null,
        language: Language? = null,
    ) : this(payments, unlock, id, till, language, Dispatchers.IO, SystemClock::elapsedRealtime)

    private val requests = Channel<Unit>(Channel.CONFLATED)
    private val mutex = Mutex()
    private var current: Current? = null

    /**
     * Emits the state now and whenever it changes, once a second, and makes the next code when the time of one is over. Ends
     * with [CodeState.Locked] as soon as the unlock token is locked. For a screen, call [whileStarted] on it.
     *
     * Throws the [WalletException] of a wallet that cannot be read, or was closed.
     */
    public val states: Flow<CodeState> = flow {
        while (true) {
            val state = mutex.withLock { state() }
            emit(state)
            if (state == CodeState.Locked) break
            val isRequested = withTimeoutOrNull(LOOK) { requests.receive() } != null
            if (isRequested) mutex.withLock { current = null }
        }
    }.distinctUntilChanged(::looksAlike).conflate()

    /** Requests another code before the time of the present one is over, as when a till has taken it. There are five. */
    public fun next() {
        requests.trySend(Unit)
    }

    private suspend fun state(): CodeState {
        val left = current?.millisLeft() ?: 0
        return when {
            isLocked() -> locked()
            left > 0 -> current!!.state(left)
            else -> make()
        }
    }

    private suspend fun make(): CodeState = try {
        withContext(dispatcher) {
            // Kept here, since a caller that is cancelled does not get what this block gives.
            current = when (val next = payments.nextCode(unlock, id, till, language)) {
                is NextCode.Code -> Current(next.code, next.code.nextIn)
                is NextCode.Wait -> Current(null, next.seconds)
            }
        }
        current!!.run { state(millisLeft()) }
    } catch (_: WalletException.PaymentsLocked) {
        locked()
    }

    private fun locked(): CodeState {
        current = null
        return CodeState.Locked
    }

    private fun isLocked(): Boolean = try {
        unlock.isLocked()
    } catch (_: IllegalStateException) {
        true // It was closed.
    }

    /** A code, or nothing while there is none, and when its time is over. */
    private inner class Current(private val code: PaymentCode?, seconds: Long) {
        private val end = elapsedMillis() + seconds.coerceAtLeast(1).seconds.inWholeMilliseconds

        fun millisLeft(): Long = end - elapsedMillis()

        fun state(millisLeft: Long): CodeState {
            val seconds = Math.floorDiv(millisLeft + MILLIS - 1, MILLIS).toInt()
            return if (code == null) CodeState.Waiting(seconds) else CodeState.Shown(code, seconds)
        }
    }

    private companion object {
        /** How often the unlock token is looked at. */
        val LOOK = 200.milliseconds
        const val MILLIS = 1_000L
    }
}

private fun looksAlike(old: CodeState, new: CodeState): Boolean = when (new) {
    is CodeState.Shown -> old is CodeState.Shown && old.code === new.code && old.secondsLeft == new.secondsLeft
    is CodeState.Waiting -> old is CodeState.Waiting && old.seconds == new.seconds
    CodeState.Locked -> old == new
}
