package app.tegata.android

import android.app.KeyguardManager
import android.content.Context
import app.tegata.DeviceKeystore
import app.tegata.KeystoreFailure
import app.tegata.WalletException
import java.io.File
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
 * The keys of one wallet in Android Keystore: one wraps the wallet's own, one answers guesses at the PIN, one signs as this
 * device. None leaves it, none asks for a finger, none works while the screen is locked.
 *
 * A key that is missing or refuses is told as the [KeystoreFailure] that it is, and never made anew: only [make] makes keys,
 * and only where there is no wallet that could lose by it. What may pass is tried once more after a moment.
 */
public class AndroidKeystore internal constructor(wallet: File, private val faults: KeyFaults) : DeviceKeystore {
    private val wrapping = alias(wallet, "wrap")
    private val keyed = alias(wallet, "prf")
    private val signing = alias(wallet, "sign")

    /** The keys of the wallet at this path, of which the file's name counts. Looks at nothing yet. */
    public constructor(wallet: File) : this(wallet, KeyFaults())

    /**
     * What the device's maker says of the signing key: certificates in DER, that of the key first. One alone, which the key
     * signed itself, if no challenge was given or the device has nobody to vouch for it.
     */
    @get:Throws(KeystoreFailure::class)
    public val attestation: List<ByteArray>
        get() = faults.named { certificates().map { it.encoded } }

    override fun wrap(plaintext: ByteArray): ByteArray {
        val header = byteArrayOf(FORMAT) + fingerprint()
        return faults.named {
            val cipher = Cipher.getInstance(AES_GCM).apply { init(Cipher.ENCRYPT_MODE, key(wrapping)) }
            cipher.updateAAD(header)
            header + cipher.iv + cipher.doFinal(plaintext)
        }
    }

    override fun unwrap(wrapped: ByteArray): ByteArray {
        if (wrapped.size < SHORTEST || wrapped[0] != FORMAT) throw KeystoreFailure.Damaged()
        try {
            return faults.named {
                val nonce = GCMParameterSpec(TAG_BITS, wrapped, HEADER_BYTES, NONCE_BYTES)
                val cipher = Cipher.getInstance(AES_GCM).apply { init(Cipher.DECRYPT_MODE, key(wrapping), nonce) }
                cipher.updateAAD(wrapped, 0, HEADER_BYTES)
                val sealed = HEADER_BYTES + NONCE_BYTES
                cipher.doFinal(wrapped, sealed, wrapped.size - sealed)
            }
        } catch (damaged: KeystoreFailure.Damaged) {
            val owner = wrapped.copyOfRange(1, HEADER_BYTES)
            throw if (owner.contentEquals(fingerprint())) damaged else KeystoreFailure.WrongDevice()
        }
    }

    override fun prf(input: ByteArray): ByteArray =
        faults.named { Mac.getInstance("HmacSHA256").apply { init(key(keyed)) }.doFinal(input) }

    override fun publicKey(): ByteArray = faults.named {
        val point = (certificates().first().publicKey as ECPublicKey).w
        byteArrayOf(UNCOMPRESSED) + point.affineX.coordinate() + point.affineY.coordinate()
    }

    override fun sign(message: ByteArray): ByteArray = faults.named {
        val signature = Signature.getInstance("SHA256withECDSA").apply { initSign(key(signing) as PrivateKey) }
        signature.update(message)
        signature.sign()
    }

    /** Tells this keystore's wrappings from those of others. Nothing secret: anybody may see the public key. */
    private fun fingerprint(): ByteArray =
        MessageDigest.getInstance("SHA-256").digest(publicKey()).copyOf(FINGERPRINT_BYTES)

    private fun key(alias: String): Key = platformStore().key(alias) ?: throw KeystoreFailure.KeyMissing()

    private fun certificates(): List<Certificate> =
        platformStore().getCertificateChain(signing)?.toList()?.ifEmpty { null } ?: throw KeystoreFailure.KeyMissing()

    /** The signing key first: the others' proofs need it. */
    private fun makeAll(challenge: ByteArray?) {
        val signed = {
            makeByWishes(allWishes(challenge != null), { makeSigningKey(signing, it, challenge) }) { sign(PROBE) }
        }
        val mixed = { makeByWishes(allWishes(false), { makeKeyedFunction(keyed, it) }) { prf(PROBE) } }
        val wrapped = { makeByWishes(allWishes(false), { makeWrappingKey(wrapping, it) }) { unwrap(wrap(PROBE)) } }
        for (make in listOf(signed, mixed, wrapped)) faults.named(make)
    }

    private fun forgetAll() = faults.named {
        for (alias in listOf(wrapping, keyed, signing)) platformStore().deleteEntry(alias)
    }

    public companion object {
        private const val FORMAT: Byte = 1
        private const val FINGERPRINT_BYTES = 8
        private const val HEADER_BYTES = 1 + FINGERPRINT_BYTES
        private const val SHORTEST = HEADER_BYTES + NONCE_BYTES + TAG_BITS / Byte.SIZE_BITS
        private const val UNCOMPRESSED: Byte = 4
        private val PROBE = ByteArray(COORDINATE_BYTES)

        /**
         * Makes the keys of a wallet that is about to be created at this path. What was left of an earlier try that was cut
         * off is made anew. May take seconds where the hardware is slow: not on the main thread.
         *
         * @param challenge bytes of the issuer's, at most 128, that the maker's certificates are to contain.
         * @throws WalletException.Exists if there is a wallet, whose keys are left alone.
         * @throws KeystoreFailure.Locked if the screen is locked; nothing was made.
         */
        @JvmStatic
        @JvmOverloads
        @Throws(KeystoreFailure::class, WalletException::class)
        public fun make(context: Context, wallet: File, challenge: ByteArray? = null): AndroidKeystore =
            make(context, AndroidKeystore(wallet), wallet, challenge)

        internal fun make(
            context: Context,
            keystore: AndroidKeystore,
            wallet: File,
            challenge: ByteArray?,
        ): AndroidKeystore {
            if (wallet.exists()) throw WalletException.Exists()
            // A locked device would refuse the stronger keys, and it would look as if it could not make them.
            val keyguard = context.getSystemService(KeyguardManager::class.java)
            if (keyguard?.isDeviceLocked == true) throw KeystoreFailure.Locked()
            keystore.makeAll(challenge)
            return keystore
        }

        /**
         * Removes the keys of a wallet that is no more.
         *
         * @throws WalletException.Exists if it is still there: destroy it first.
         */
        @JvmStatic
        @Throws(KeystoreFailure::class, WalletException::class)
        public fun forget(wallet: File) {
            if (wallet.exists()) throw WalletException.Exists()
            AndroidKeystore(wallet).forgetAll()
        }
    }
}

/** The name of one of a wallet's keys. */
internal fun alias(wallet: File, use: String): String = "tegata.${wallet.name}.$use"

private const val COORDINATE_BYTES = 32

/** One number of a point on P-256, big-endian. */
internal fun BigInteger.coordinate(): ByteArray {
    val bytes = toByteArray() // as short as its sign allows, or one longer
    val from = maxOf(0, bytes.size - COORDINATE_BYTES)
    return bytes.copyInto(ByteArray(COORDINATE_BYTES), COORDINATE_BYTES - (bytes.size - from), from)
}
