package app.tegata.android

import android.app.KeyguardManager
import android.content.Context
import app.tegata.Keystore
import app.tegata.KeystoreException
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
 * The keys of one wallet in Android Keystore: one wraps the wallet's own, one checks guesses at the PIN, one signs as this
 * device. None leaves the device, none asks for a finger, none works while the screen is locked.
 *
 * A key that is missing or refuses to work throws a [KeystoreException] and is never replaced: only [make] makes keys, and
 * only where there is no wallet, and [replaceSigningKey] when the payment lock is dropped. Transient errors are retried once after a moment.
 */
public class AndroidKeystore internal constructor(wallet: File, private val caller: KeystoreCaller) : Keystore {
    private val wrapping = alias(wallet, "wrap")
    private val keyed = alias(wallet, "prf")
    private val signing = alias(wallet, "sign")

    /** Names the keys of the wallet at this path by the file's name. Reads nothing yet. */
    public constructor(wallet: File) : this(wallet, KeystoreCaller())

    /**
     * The manufacturer's attestation of the signing key: certificates in DER, that of the key first. Only one, signed by
     * the key itself, if no challenge was given or the device has no attestation.
     */
    @get:Throws(KeystoreException::class)
    public val attestation: List<ByteArray>
        get() = caller.call { certificates().map { it.encoded } }

    override fun wrap(plaintext: ByteArray): ByteArray {
        val header = byteArrayOf(FORMAT) + fingerprint()
        return caller.call {
            val cipher = Cipher.getInstance(AES_GCM).apply { init(Cipher.ENCRYPT_MODE, key(wrapping)) }
            cipher.updateAAD(header)
            header + cipher.iv + cipher.doFinal(plaintext)
        }
    }

    override fun unwrap(wrapped: ByteArray): ByteArray {
        if (wrapped.size < SHORTEST || wrapped[0] != FORMAT) throw KeystoreException.Damaged()
        try {
            return caller.call {
                val nonce = GCMParameterSpec(TAG_BITS, wrapped, HEADER_BYTES, NONCE_BYTES)
                val cipher = Cipher.getInstance(AES_GCM).apply { init(Cipher.DECRYPT_MODE, key(wrapping), nonce) }
                cipher.updateAAD(wrapped, 0, HEADER_BYTES)
                val sealed = HEADER_BYTES + NONCE_BYTES
                cipher.doFinal(wrapped, sealed, wrapped.size - sealed)
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
        platformStore().deleteEntry(signing)
        makeWithOptions(allKeyOptions(false), { makeSigningKey(signing, it, null) }) { sign(PROBE) }
    }

    /** Distinguishes this keystore's wrapped keys from those of others. Not secret: anybody may see the public key. */
    private fun fingerprint(): ByteArray =
        MessageDigest.getInstance("SHA-256").digest(publicKey()).copyOf(FINGERPRINT_BYTES)

    private fun key(alias: String): Key = platformStore().key(alias) ?: throw KeystoreException.KeyMissing()

    private fun certificates(): List<Certificate> =
        platformStore().getCertificateChain(signing)?.toList()?.ifEmpty { null } ?: throw KeystoreException.KeyMissing()

    /** Makes the signing key first: the proofs of the others need it. */
    private fun makeAll(challenge: ByteArray?) {
        val signed = {
            makeWithOptions(allKeyOptions(challenge != null), {
                makeSigningKey(signing, it, challenge)
            }) { sign(PROBE) }
        }
        val mixed = { makeWithOptions(allKeyOptions(false), { makeKeyedFunction(keyed, it) }) { prf(PROBE) } }
        val wrapped = {
            makeWithOptions(allKeyOptions(false), { makeWrappingKey(wrapping, it) }) { unwrap(wrap(PROBE)) }
        }
        for (make in listOf(signed, mixed, wrapped)) caller.call(make)
    }

    private fun forgetAll() = caller.call {
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
         * Makes the keys of a wallet that is about to be created at this path. Keys that an
         * interrupted attempt left are replaced. May take seconds where the hardware is slow: not on the main thread.
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
         * Removes the keys of a wallet that was destroyed.
         *
         * @throws WalletException.AlreadyExists if it is still there: destroy it first.
         */
        @JvmStatic
        @Throws(KeystoreException::class, WalletException::class)
        public fun forget(wallet: File) {
            if (wallet.exists()) throw WalletException.AlreadyExists()
            AndroidKeystore(wallet).forgetAll()
        }
    }
}

/** Names one of a wallet's keys. */
internal fun alias(wallet: File, use: String): String = "tegata.${wallet.name}.$use"

private const val COORDINATE_BYTES = 32

/** Writes one coordinate of a point on P-256, big-endian. */
internal fun BigInteger.coordinate(): ByteArray {
    val bytes = toByteArray() // as short as its sign allows, or one longer
    val from = maxOf(0, bytes.size - COORDINATE_BYTES)
    return bytes.copyInto(ByteArray(COORDINATE_BYTES), COORDINATE_BYTES - (bytes.size - from), from)
}
