package app.tegata.android

import app.tegata.Language
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

@RunWith(RobolectricTestRunner::class)
class SpokenLanguageTest {
    @Test
    fun `codes are spoken in the user's first supported language`() {
        for ((qualifiers, language) in mapOf(
            "ja" to Language.JAPANESE,
            "en" to Language.ENGLISH,
            "fr" to Language.ENGLISH,
        )) {
            RuntimeEnvironment.setQualifiers(qualifiers)
            assertEquals(language, spokenLanguage(RuntimeEnvironment.getApplication()))
        }
    }
}
