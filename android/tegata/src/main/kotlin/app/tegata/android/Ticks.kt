package app.tegata.android

import android.content.Context
import app.tegata.Language
import app.tegata.PaymentCode
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.conflate

/**
 * A code, and for how long it is the one to show.
 *
 * @property code what to show.
 * @property secondsLeft until the next one takes its place.
 */
public class Tick internal constructor(public val code: PaymentCode, public val secondsLeft: Int) {
    override fun toString(): String = "Tick([redacted], $secondsLeft s left)"
}

/** Each code at once and then every second, until the next one comes. For a screen: put [whileStarted] behind it. */
public fun Flow<PaymentCode>.ticking(): Flow<Tick> = channelFlow {
    collectLatest { code ->
        for (left in code.nextIn.toInt() downTo 0) {
            send(Tick(code, left))
            delay(1.seconds)
        }
    }
}.conflate()

/** The language to have codes spelled out in: the first of the person's that the core speaks. */
public fun spokenLanguage(context: Context): Language {
    val locales = context.resources.configuration.locales
    for (at in 0 until locales.size()) {
        when (locales[at].language) {
            "ja" -> return Language.JAPANESE
            "en" -> return Language.ENGLISH
        }
    }
    return Language.ENGLISH
}
