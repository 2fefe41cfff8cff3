package app.tegata.android

import android.app.KeyguardManager
import android.content.Context
import android.os.Build
import app.tegata.Keystore
import app.tegata.KeystoreException
import app.tegata.Wallet
import app.tegata.WalletException
import java.io.File
import java.io.IOException
import java.math.BigInteger
import java.security.Key
import java.security.MessageDigest
import java.security.PrivateKey
import java.security.Signature
import java.security.cert.Certificate
import java.security.interfaces.ECPublicKey
import javax.crypto.Cipher
import javax.crypto.Mac
import javax.crypto.spec.GCMParameterSpec

/**
 * The keys of one wallet in Android Keystore: one wraps the wallet's own, one checks guesses at the PIN, one signs as this
 * device. None leaves the device, none asks for a finger; from Android 15 on none works while the screen is locked.
 *
 * A key that is missing or refuses to work throws a [KeystoreException] and is never replaced: only [make] makes keys, and
 * only where there is no wallet, and [replaceSigningKey] when the payment lock is dropped. Transient errors are retried
 * once after a moment.
 */
public class AndroidKeystore internal constructor(private val wallet: File, private val caller: KeystoreCaller) :
    Keystore {
    private val wrapping = alias(wallet, WRAP)
    private val keyed: String get() = if (hasEarlierKeys) earlierAlias(wallet, PRF) else alias(wallet, PRF)
    private val signing: String get() = if (hasEarlierKeys) earlierAlias(wallet, SIGN) else alias(wallet, SIGN)

    /** Whether a key of an earlier version wraps what was unwrapped. */
    @Volatile
    private var isEarlierWrapping = false

    /** Whether keys of an earlier version sign and check the PIN; not known before the first call. */
    @Volatile
    private var earlierKeys: Boolean? = null

    /** Names the keys of the wallet at this path by the whole path. Reads nothing yet. */
    public constructor(wallet: File) : this(wallet, KeystoreCaller())

    /**
     * The manufacturer's attestation of the signing key: certificates in DER, that of the key first. Only one, signed by
     * the key itself, if no challenge was given or the device has no attestation.
     */
    @get:Throws(KeystoreException::class)
    public val attestation: List<ByteArray>
        get() = caller.call { certificates().map { it.encoded } }

    /** What the phone granted for these keys; nothing if an earlier version of this library made them. */
    @get:Throws(KeystoreException::class)
    public val protection: KeyProtection?
        get() = onDisk { ProtectionFile(wallet).read() }

    /**
     * Whether this phone deletes the keys of PIN and session when its screen lock is removed, and may refuse them after an
     * unlock by a weak face: they were made by an earlier version of this library, and the phone has Android 14 or older.
     * Then payments, PIN and session are gone, and come back with a log-in.
     */
    @get:Throws(KeystoreException::class)
    public val isBoundToScreenLock: Boolean
        get() = Build.VERSION.SDK_INT < Build.VERSION_CODES.VANILLA_ICE_CREAM && caller.call { hasEarlierKeys }

    override fun wrap(plaintext: ByteArray): ByteArray = caller.call {
        val format = if (platformStore().containsAlias(wrapping) || !hasEarlierKeys) FORMAT else EARLIER_FORMAT
        val header = byteArrayOf(format) + fingerprint()
        val cipher = Cipher.getInstance(AES_GCM).apply { init(Cipher.ENCRYPT_MODE, key(wrappingFor(format))) }
        cipher.updateAAD(header)
        header + cipher.iv + cipher.doFinal(plaintext)
    }

    override fun unwrap(wrapped: ByteArray): ByteArray {
        if (wrapped.size < SHORTEST || wrapped[0] !in EARLIER_FORMAT..FORMAT) throw KeystoreException.Damaged()
        val format = wrapped[0]
        try {
            return caller.call {
                val nonce = GCMParameterSpec(TAG_BITS, wrapped, HEADER_BYTES, NONCE_BYTES)
                val key = key(wrappingFor(format))
                val cipher = Cipher.getInstance(AES_GCM).apply { init(Cipher.DECRYPT_MODE, key, nonce) }
                cipher.updateAAD(wrapped, 0, HEADER_BYTES)
                val sealed = HEADER_BYTES + NONCE_BYTES
                cipher.doFinal(wrapped, sealed, wrapped.size - sealed).also {
                    if (format == EARLIER_FORMAT) isEarlierWrapping = true
                }
            }
        } catch (damaged: KeystoreException.Damaged) {
            val owner = wrapped.copyOfRange(1, HEADER_BYTES)
            throw if (owner.contentEquals(fingerprint())) damaged else KeystoreException.WrongDevice()
        }
    }

    override fun prf(input: ByteArray): ByteArray =
        caller.call { Mac.getInstance("HmacSHA256").apply { init(key(keyed)) }.doFinal(input) }

    override fun publicKey(): ByteArray = caller.call {
        val point = (certificates().first().publicKey as ECPublicKey).w
        byteArrayOf(UNCOMPRESSED) + point.affineX.coordinate() + point.affineY.coordinate()
    }

    override fun sign(message: ByteArray): ByteArray = caller.call {
        val signature = Signature.getInstance("SHA256withECDSA").apply { initSign(key(signing) as PrivateKey) }
        signature.update(message)
        signature.sign()
    }

    /**
     * Destroys the signing key and makes another, without an attestation. What was wrapped before still opens; if it was
     * damaged since, it counts as another device's.
     */
    override fun replaceSigningKey(): Unit = caller.call {
        val alias = signing
        platformStore().deleteEntry(alias)
        val granted =
            makeWithOptions(caller, allKeyOptions(false), { makeSigningKey(alias, it, null) }) { sign(PROBE) }
        onDisk { ProtectionFile(wallet).replaceSigning(granted) }
    }

    /** Distinguishes this keystore's wrapped keys from those of others. Not secret: anybody may see the public key. */
    private fun fingerprint(): ByteArray =
        MessageDigest.getInstance("SHA-256").digest(publicKey()).copyOf(FINGERPRINT_BYTES)

    private fun key(alias: String): Key = platformStore().key(alias) ?: throw KeystoreException.KeyMissing()

    private fun certificates(): List<Certificate> =
        platformStore().getCertificateChain(signing)?.toList()?.ifEmpty { null } ?: throw KeystoreException.KeyMissing()

    private val hasEarlierKeys: Boolean
        get() = earlierKeys ?: platformStore().run {
            hasEarlierKeys(wallet).also { if (it || containsAlias(alias(wallet, SIGN))) earlierKeys = it }
        }

    private fun wrappingFor(format: Byte) = if (format == FORMAT) wrapping else earlierAlias(wallet, WRAP)

    /**
     * Has the open wallet wrapped by a key of this version, if it was wrapped by one of an earlier version. If that fails,
     * the wallet stays as it was until the next open.
     */
    internal fun rewrap(wallet: Wallet) {
        if (!isEarlierWrapping) return
        try {
            caller.call { makeWrapping() }
            wallet.changeKeystore(this)
            isEarlierWrapping = false
        } catch (_: KeystoreException) {
            return
        } catch (_: WalletException) {
            return
        }
    }

    /** Never replaces a key: something may be wrapped by it since an attempt that was interrupted. */
    private fun makeWrapping() {
        if (platformStore().containsAlias(wrapping)) return
        var isDone = false
        try {
            makeWithOptions(caller, allKeyOptions(false), { makeWrappingKey(wrapping, it) }) { unwrap(wrap(PROBE)) }
            isDone = true
        } finally {
            if (!isDone) platformStore().deleteEntry(wrapping)
        }
    }

    /** Makes the signing key first: the proofs of the others need it. */
    private fun makeAll(challenge: ByteArray?) {
        earlierKeys = false
        val signed = caller.call {
            makeWithOptions(caller, allKeyOptions(challenge != null), { makeSigningKey(signing, it, challenge) }) {
                sign(PROBE)
            }
        }
        val mixed = caller.call {
            makeWithOptions(caller, allKeyOptions(false), { makeKeyedFunction(keyed, it) }) { prf(PROBE) }
        }
        val wrapped = caller.call {
            makeWithOptions(caller, allKeyOptions(false), { makeWrappingKey(wrapping, it) }) { unwrap(wrap(PROBE)) }
        }
        onDisk { ProtectionFile(wallet).write(signed, listOf(mixed, wrapped)) }
    }

    /** Removes the keys of this path, and those of an earlier version once they are known to be this wallet's. */
    private fun forgetAll() = caller.call {
        val store = platformStore()
        val isOwnerOfEarlier = hasEarlierKeys && store.containsAlias(wrapping)
        val uses = listOf(WRAP, PRF, SIGN) + GATE_USES
        for (use in uses) store.deleteEntry(alias(wallet, use))
        if (isOwnerOfEarlier) for (use in uses) store.deleteEntry(earlierAlias(wallet, use))
    }

    private inline fun <T> onDisk(work: () -> T): T = try {
        work()
    } catch (_: IOException) {
        throw KeystoreException.Failed()
    }

    public companion object {
        /** What earlier versions wrapped, by a key that Android may delete with the screen lock. */
        private const val EARLIER_FORMAT: Byte = 1
        private const val FORMAT: Byte = 2
        private const val FINGERPRINT_BYTES = 8
        private const val HEADER_BYTES = 1 + FINGERPRINT_BYTES
        private const val SHORTEST = HEADER_BYTES + NONCE_BYTES + TAG_BITS / Byte.SIZE_BITS
        private const val UNCOMPRESSED: Byte = 4
        private val PROBE = ByteArray(COORDINATE_BYTES)

        /**
         * Makes the keys of a wallet that is about to be created at this path. Keys that an interrupted attempt left there
         * are replaced; those of another wallet, whatever its file is called, are not. May take seconds where the hardware is slow: not on the main thread.
         *
         * @param challenge bytes of the issuer's, at most 128, that the attestation is to contain.
         * @throws WalletException.AlreadyExists if there is a wallet; its keys stay as they are.
         * @throws KeystoreException.Locked if the screen is locked; nothing was made.
         */
        @JvmStatic
        @JvmOverloads
        @Throws(KeystoreException::class, WalletException::class)
        public fun make(context: Context, wallet: File, challenge: ByteArray? = null): AndroidKeystore =
            make(context, AndroidKeystore(wallet), wallet, challenge)

        internal fun make(
            context: Context,
            keystore: AndroidKeystore,
            wallet: File,
            challenge: ByteArray?,
        ): AndroidKeystore {
            if (wallet.exists()) throw WalletException.AlreadyExists()
            // A locked device would refuse the stronger keys, and it would look as if it could not make them.
            val keyguard = context.getSystemService(KeyguardManager::class.java)
            if (keyguard?.isDeviceLocked == true) throw KeystoreException.Locked()
            keystore.makeAll(challenge)
            return keystore
        }

        /**
         * Removes what was kept for a wallet that was destroyed: its keys, the gate's key and file, the anchor.
         *
         * @throws WalletException.AlreadyExists if it is still there: destroy it first.
         */
        @JvmStatic
        @Throws(KeystoreException::class, WalletException::class)
        public fun forget(wallet: File) {
            if (wallet.exists()) throw WalletException.AlreadyExists()
            AndroidKeystore(wallet).run {
                forgetAll()
                onDisk {
                    GateFile(wallet).delete()
                    ProtectionFile(wallet).delete()
                    DurableFile(File(wallet.path + ".anchor")).delete()
                }
            }
        }
    }
}

private const val COORDINATE_BYTES = 32

/** Writes one coordinate of a point on P-256, big-endian. */
internal fun BigInteger.coordinate(): ByteArray {
    val bytes = toByteArray() // as short as its sign allows, or one longer
    val from = maxOf(0, bytes.size - COORDINATE_BYTES)
    return bytes.copyInto(ByteArray(COORDINATE_BYTES), COORDINATE_BYTES - (bytes.size - from), from)
}
