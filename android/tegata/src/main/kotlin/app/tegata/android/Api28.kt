package app.tegata.android

/**
 * Marks code that uses an API of Android 9 (API 28), the oldest supported version: the build checks against the signatures
 * of Android 8, the nearest below that there are.
 */
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION, AnnotationTarget.CLASS)
internal annotation class Api28(val what: String)
