package app.tegata.android

import android.content.Context
import app.tegata.Language

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
