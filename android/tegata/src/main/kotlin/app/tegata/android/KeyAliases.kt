package app.tegata.android

import java.io.File
import java.security.KeyStore
import java.security.MessageDigest

/** Names one of a wallet's keys, by the wallet's whole path in the app's storage. */
internal fun alias(wallet: File, use: String): String = "tegata.${pathId(wallet)}.$use"

/** The name that earlier versions gave it: two wallets whose files have the same name had the same keys. */
internal fun earlierAlias(wallet: File, use: String): String = "tegata.${wallet.name}.$use"

/** Whether the wallet's signing key, and so the key of its PIN, was made by an earlier version. */
internal fun KeyStore.hasEarlierKeys(wallet: File): Boolean =
    !containsAlias(alias(wallet, SIGN)) && !containsAlias(alias(wallet, PRF)) &&
        containsAlias(earlierAlias(wallet, SIGN))

/** Gives 16 hexadecimal digits for the path. */
private fun pathId(wallet: File): String {
    val path = wallet.absoluteFile.normalize().path.replace(STORAGE, "")
    val hash = MessageDigest.getInstance("SHA-256").digest(path.toByteArray()).take(ID_BYTES)
    return hash.joinToString("") { it.toUByte().toString(HEX).padStart(2, '0') }
}

/**
 * Where an app's storage is. It is called by more than one name, and moves when Android is updated or the app is moved to a
 * card. Keys are of one app and one user in any case.
 */
private val STORAGE = Regex("^/(data/data|(mnt/expand/[^/]+|data)/user(_de)?/[0-9]+)/")
private const val ID_BYTES = 8
private const val HEX = 16

internal const val SIGN = "sign"
internal const val PRF = "prf"
internal const val WRAP = "wrap"
