package app.tegata.android

/**
 * Marks code that uses an API newer than the oldest supported Android. It checks the version first.
 */
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION, AnnotationTarget.CLASS)
internal annotation class RequiresApiLevel(val api: Int)
