package app.tegata.android

import android.os.Build
import android.os.RemoteException
import android.security.KeyStoreException as PlatformException
import android.security.keystore.BackendBusyException
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import app.tegata.KeystoreException
import java.security.InvalidAlgorithmParameterException
import java.security.SecureRandom
import java.security.UnrecoverableKeyException
import javax.crypto.AEADBadTagException

/** Calls the platform's keystore, a second time if the first error may be transient, and translates its errors. */
internal class KeystoreCaller(private val pause: (milliseconds: Long) -> Unit = Thread::sleep) {
    private val random = SecureRandom()

    /** Calls [work]. Whatever it throws becomes a [KeystoreException], unless it is a [GateException]. */
    @Suppress("TooGenericExceptionCaught") // manufacturers' keystores throw undocumented exceptions
    fun <T> call(work: () -> T): T = try {
        twice(work)
    } catch (gate: GateException) {
        throw gate
    } catch (fault: Exception) {
        throw translate(fault)
    }

    /** Calls [work], and again whatever it threw unless that is final: for a key that is made once and used for years. */
    @Suppress("TooGenericExceptionCaught")
    fun <T> insist(work: () -> T): T = try {
        work()
    } catch (fault: Exception) {
        if (isFinal(fault)) throw fault
        rest()
        work()
    }

    @Suppress("TooGenericExceptionCaught")
    private fun <T> twice(work: () -> T): T = try {
        work()
    } catch (fault: Exception) {
        if (!isTransient(fault)) throw fault
        rest()
        work()
    }

    /** Until another moment than that of others, which the same busy keystore refused. */
    private fun rest() = pause(SHORTEST + random.nextInt(SPREAD))

    private companion object {
        const val SHORTEST = 50L
        const val SPREAD = 200
    }
}

private fun translate(fault: Exception): KeystoreException {
    val chain = fault.andCauses()
    return when {
        fault is KeystoreException -> fault
        chain.any { it is KeyPermanentlyInvalidatedException } -> KeystoreException.KeyInvalidated()
        chain.any { it is UserNotAuthenticatedException } -> KeystoreException.Locked()
        chain.any { it is AEADBadTagException } -> KeystoreException.Damaged()
        // The platform throws this for an invalidated key that is merely looked up: it drops the reason.
        fault is UnrecoverableKeyException && fault.cause == null -> KeystoreException.KeyInvalidated()
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU -> byErrorCode(chain) ?: KeystoreException.Failed()
        else -> KeystoreException.Failed()
    }
}

@RequiresApiLevel(Build.VERSION_CODES.TIRAMISU)
private fun byErrorCode(chain: List<Throwable>): KeystoreException? =
    when (chain.firstNotNullOfOrNull { (it as? PlatformException)?.numericErrorCode }) {
        // The second comes before the device was unlocked for the first time.
        PlatformException.ERROR_USER_AUTHENTICATION_REQUIRED,
        PlatformException.ERROR_KEYSTORE_UNINITIALIZED,
        -> KeystoreException.Locked()
        PlatformException.ERROR_KEY_DOES_NOT_EXIST -> KeystoreException.KeyMissing()
        PlatformException.ERROR_KEY_CORRUPTED -> KeystoreException.KeyInvalidated()
        else -> null
    }

/** Whether the device cannot make such a key, or the key that it made is of no use. */
private fun isFinal(fault: Exception): Boolean = when (fault) {
    is StrongBoxUnavailableException, is InvalidAlgorithmParameterException -> true
    is KeystoreException -> fault !is KeystoreException.Failed
    else -> false
}

/** Whether a second try may succeed. The state of the key itself does not change within a quarter of a second. */
private fun isTransient(fault: Exception): Boolean {
    val chain = fault.andCauses()
    val isFinal = chain.any {
        it is KeystoreException ||
            it is GateException ||
            it is KeyPermanentlyInvalidatedException ||
            it is UserNotAuthenticatedException ||
            it is AEADBadTagException
    }
    if (isFinal) return false
    return chain.any { it is RemoteException } || isBusy(chain) || isDeclaredTransient(chain)
}

@RequiresApiLevel(Build.VERSION_CODES.S)
private fun isBusy(chain: List<Throwable>): Boolean =
    Build.VERSION.SDK_INT >= Build.VERSION_CODES.S && chain.any { it is BackendBusyException }

/** From Android 13 on the keystore says so itself. Before, its errors all look alike, and any may be transient. */
@RequiresApiLevel(Build.VERSION_CODES.TIRAMISU)
private fun isDeclaredTransient(chain: List<Throwable>): Boolean =
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
        chain.any { it is PlatformException && it.isTransientFailure }
    } else {
        chain.any { it.javaClass.name == "android.security.KeyStoreException" }
    }

/** Limited in length, since causes can form a cycle. */
private fun Throwable.andCauses(): List<Throwable> = generateSequence(this) { it.cause }.take(LONGEST_CHAIN).toList()

private const val LONGEST_CHAIN = 16
