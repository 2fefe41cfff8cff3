package app.tegata.android

import android.app.Activity
import android.hardware.biometrics.BiometricPrompt
import android.hardware.biometrics.BiometricPrompt.AuthenticationCallback
import android.hardware.biometrics.BiometricPrompt.AuthenticationResult
import android.hardware.biometrics.BiometricPrompt.CryptoObject
import android.os.CancellationSignal
import javax.crypto.Cipher
import kotlin.coroutines.Continuation
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.suspendCancellableCoroutine

/** Asks the owner to release a cipher by finger or face. */
public fun interface BiometricPrompter {
    /** Gives the same cipher, released for one use. Throws a [GateException] if it was not released. */
    public suspend fun prompt(cipher: Cipher): Cipher
}

/**
 * The system's own prompt, dismissed when the coroutine that waits for it is cancelled.
 *
 * @param title the title of the prompt.
 * @param pin the text of the button for unlocking by PIN.
 */
public class BiometricDialog @JvmOverloads public constructor(
    private val activity: Activity,
    private val title: CharSequence = activity.getString(R.string.tegata_unlock),
    private val pin: CharSequence = activity.getString(R.string.tegata_use_pin),
) : BiometricPrompter {
    @Api28("the executor of the main thread")
    override suspend fun prompt(cipher: Cipher): Cipher = suspendCancellableCoroutine { waiting ->
        val dismissal = CancellationSignal()
        waiting.invokeOnCancellation { dismissal.cancel() }
        val onMain = activity.mainExecutor
        val answers = BiometricCallback(waiting)
        BiometricPrompt.Builder(activity)
            .setTitle(title)
            .setNegativeButton(pin, onMain) { _, _ -> answers.fail(GateException.PinChosen()) }
            .build()
            .authenticate(CryptoObject(cipher), dismissal, onMain, answers)
    }
}

/** Turns the callbacks of the prompt into one result. If more than one comes, the first counts. */
internal class BiometricCallback(private val waiting: Continuation<Cipher>) : AuthenticationCallback() {
    private var isOver = false

    override fun onAuthenticationSucceeded(result: AuthenticationResult) {
        val cipher = result.cryptoObject?.cipher ?: return fail(GateException.Unavailable())
        if (first()) waiting.resume(cipher)
    }

    override fun onAuthenticationError(code: Int, text: CharSequence?) {
        fail(
            when (code) {
                BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT -> GateException.LockedOut(forLong = false)
                BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT_PERMANENT -> GateException.LockedOut(forLong = true)
                BiometricPrompt.BIOMETRIC_ERROR_NO_BIOMETRICS,
                BiometricPrompt.BIOMETRIC_ERROR_NO_DEVICE_CREDENTIAL,
                -> GateException.NothingEnrolled()
                BiometricPrompt.BIOMETRIC_ERROR_CANCELED,
                BiometricPrompt.BIOMETRIC_ERROR_TIMEOUT,
                BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED,
                -> GateException.Cancelled()
                else -> GateException.Unavailable()
            },
        )
    }

    fun fail(reason: GateException) {
        if (first()) waiting.resumeWithException(reason)
    }

    private fun first(): Boolean = !isOver.also { isOver = true }
}
