package app.tegata.android

import android.os.Build
import android.os.RemoteException
import android.security.KeyStoreException
import android.security.keystore.BackendBusyException
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.UserNotAuthenticatedException
import app.tegata.KeystoreFailure
import java.security.SecureRandom
import java.security.UnrecoverableKeyException
import javax.crypto.AEADBadTagException

/** Asks the platform's keystore, a second time if the first answer may have been a passing one, and names what it said. */
internal class KeyFaults(private val pause: (milliseconds: Long) -> Unit = Thread::sleep) {
    private val random = SecureRandom()

    /** Whatever [work] throws leaves as a [KeystoreFailure], or as the [GateException] that it is already. */
    @Suppress("TooGenericExceptionCaught") // makers' keystores throw what no document lists
    fun <T> named(work: () -> T): T = try {
        twice(work)
    } catch (gate: GateException) {
        throw gate
    } catch (fault: Exception) {
        throw nameOf(fault)
    }

    @Suppress("TooGenericExceptionCaught")
    private fun <T> twice(work: () -> T): T = try {
        work()
    } catch (fault: Exception) {
        if (!isPassing(fault)) throw fault
        // Apart from others who were turned away by the same busy keystore.
        pause(SHORTEST + random.nextInt(SPREAD))
        work()
    }

    private companion object {
        const val SHORTEST = 50L
        const val SPREAD = 200
    }
}

private fun nameOf(fault: Exception): KeystoreFailure {
    val chain = fault.andCauses()
    return when {
        fault is KeystoreFailure -> fault
        chain.any { it is KeyPermanentlyInvalidatedException } -> KeystoreFailure.KeyInvalidated()
        chain.any { it is UserNotAuthenticatedException } -> KeystoreFailure.Locked()
        chain.any { it is AEADBadTagException } -> KeystoreFailure.Damaged()
        // What the platform makes of an invalidated key that is merely looked up: it drops the reason.
        fault is UnrecoverableKeyException && fault.cause == null -> KeystoreFailure.KeyInvalidated()
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU -> byNumber(chain) ?: KeystoreFailure.Failed()
        else -> KeystoreFailure.Failed()
    }
}

@SinceAndroid(Build.VERSION_CODES.TIRAMISU)
private fun byNumber(chain: List<Throwable>): KeystoreFailure? =
    when (chain.firstNotNullOfOrNull { (it as? KeyStoreException)?.numericErrorCode }) {
        // The second is said before the device was unlocked for the first time.
        KeyStoreException.ERROR_USER_AUTHENTICATION_REQUIRED,
        KeyStoreException.ERROR_KEYSTORE_UNINITIALIZED,
        -> KeystoreFailure.Locked()
        KeyStoreException.ERROR_KEY_DOES_NOT_EXIST -> KeystoreFailure.KeyMissing()
        KeyStoreException.ERROR_KEY_CORRUPTED -> KeystoreFailure.KeyInvalidated()
        else -> null
    }

/** Whether a second try may go better: what is known of the key itself never changes within a quarter of a second. */
private fun isPassing(fault: Exception): Boolean {
    val chain = fault.andCauses()
    val isFinal = chain.any {
        it is KeystoreFailure ||
            it is GateException ||
            it is KeyPermanentlyInvalidatedException ||
            it is UserNotAuthenticatedException ||
            it is AEADBadTagException
    }
    if (isFinal) return false
    return chain.any { it is RemoteException } || isBusy(chain) || isCalledPassing(chain)
}

@SinceAndroid(Build.VERSION_CODES.S)
private fun isBusy(chain: List<Throwable>): Boolean =
    Build.VERSION.SDK_INT >= Build.VERSION_CODES.S && chain.any { it is BackendBusyException }

/** From Android 13 on the keystore says so itself. Before, its failures all look alike, and any of them may pass. */
@SinceAndroid(Build.VERSION_CODES.TIRAMISU)
private fun isCalledPassing(chain: List<Throwable>): Boolean =
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
        chain.any { it is KeyStoreException && it.isTransientFailure }
    } else {
        chain.any { it.javaClass.name == "android.security.KeyStoreException" }
    }

/** No longer than any chain should be: causes can go in a circle. */
private fun Throwable.andCauses(): List<Throwable> = generateSequence(this) { it.cause }.take(LONGEST_CHAIN).toList()

private const val LONGEST_CHAIN = 16
