package app.tegata

import java.math.BigInteger
import java.security.GeneralSecurityException
import java.security.KeyPairGenerator
import java.security.SecureRandom
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.Mac
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/** A keystore in memory, written as a host would: AES-GCM, HMAC-SHA256, P-256. */
class SoftwareKeystore : Keystore {
    private val wrapping: SecretKey = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()
    private val keyed: SecretKey = KeyGenerator.getInstance("HmacSHA256").generateKey()
    private var signing = signingKey()

    override fun wrap(plaintext: ByteArray): ByteArray {
        val nonce = ByteArray(12).also(SecureRandom()::nextBytes)
        return nonce + cipher(Cipher.ENCRYPT_MODE, nonce).doFinal(plaintext)
    }

    override fun unwrap(wrapped: ByteArray): ByteArray {
        try {
            return cipher(Cipher.DECRYPT_MODE, wrapped.copyOf(12)).doFinal(wrapped, 12, wrapped.size - 12)
        } catch (_: GeneralSecurityException) {
            throw KeystoreException.WrongDevice()
        }
    }

    override fun prf(input: ByteArray): ByteArray = Mac.getInstance("HmacSHA256").apply { init(keyed) }.doFinal(input)

    override fun publicKey(): ByteArray {
        val point = (signing.public as ECPublicKey).w
        return byteArrayOf(4) + point.affineX.toBytes() + point.affineY.toBytes()
    }

    override fun sign(message: ByteArray): ByteArray = Signature.getInstance("SHA256withECDSA").apply {
        initSign(signing.private)
        update(message)
    }.sign()

    override fun replaceSigningKey() {
        signing = signingKey()
    }

    private fun signingKey() = KeyPairGenerator.getInstance("EC").apply {
        initialize(ECGenParameterSpec("secp256r1"))
    }.generateKeyPair()

    private fun cipher(mode: Int, nonce: ByteArray): Cipher =
        Cipher.getInstance("AES/GCM/NoPadding").apply { init(mode, wrapping, GCMParameterSpec(128, nonce)) }

    private fun BigInteger.toBytes(): ByteArray {
        val bytes = toByteArray()
        return ByteArray(32).also { bytes.copyInto(it, maxOf(0, 32 - bytes.size), maxOf(0, bytes.size - 32)) }
    }
}
