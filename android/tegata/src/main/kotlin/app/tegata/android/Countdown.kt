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
 * A code, and how long it is shown.
 *
 * @property code the code to show.
 * @property secondsLeft the seconds until the next code replaces it.
 */
public class CodeCountdown internal constructor(public val code: PaymentCode, public val secondsLeft: Int) {
    override fun toString(): String = "CodeCountdown([redacted], $secondsLeft s left)"
}

/** Emits each code at once and then every second, until the next one comes. For a screen, call [whileStarted] on it. */
public fun Flow<PaymentCode>.withCountdown(): Flow<CodeCountdown> = channelFlow {
    collectLatest { code ->
        for (left in code.nextIn.toInt() downTo 0) {
            send(CodeCountdown(code, left))
            delay(1.seconds)
        }
    }
}.conflate()

/** Gives the language for spoken codes: the first of the user's languages that the core speaks. */
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
