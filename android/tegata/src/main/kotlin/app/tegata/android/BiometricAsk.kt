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

/** Has a person free a cipher by finger or face. */
public fun interface BiometricAsk {
    /** The same cipher, free to be used once. Throws a [GateException] if it was not freed. */
    public suspend fun ask(cipher: Cipher): Cipher
}

/**
 * The system's own prompt, which goes away with the coroutine that waits for it.
 *
 * @param title what the person is asked for.
 * @param pin what the button for the other way says.
 */
public class BiometricDialog @JvmOverloads public constructor(
    private val activity: Activity,
    private val title: CharSequence = activity.getString(R.string.tegata_unlock),
    private val pin: CharSequence = activity.getString(R.string.tegata_use_pin),
) : BiometricAsk {
    @SinceNine("the executor of the main thread")
    override suspend fun ask(cipher: Cipher): Cipher = suspendCancellableCoroutine { waiting ->
        val dismissal = CancellationSignal()
        waiting.invokeOnCancellation { dismissal.cancel() }
        val onMain = activity.mainExecutor
        val answers = BiometricAnswers(waiting)
        BiometricPrompt.Builder(activity)
            .setTitle(title)
            .setNegativeButton(pin, onMain) { _, _ -> answers.fail(GateException.PinChosen()) }
            .build()
            .authenticate(CryptoObject(cipher), dismissal, onMain, answers)
    }
}

/** What the prompt says, as what came of asking. It may say more than one thing: the first counts. */
internal class BiometricAnswers(private val waiting: Continuation<Cipher>) : AuthenticationCallback() {
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
