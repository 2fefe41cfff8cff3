package app.tegata

import java.io.File

/** A device in memory and a wallet's file in a folder. */
class Host(folder: File) {
    val file = File(folder, "wallet")
    val keystore = SoftwareKeystore()
    val anchor = FakeAnchor()
    val clock = SetClock(NOW)

    fun create(): Wallet = Wallet.create(file, keystore, anchor, clock)

    fun open(): Wallet = Wallet.open(file, keystore, anchor, clock)

    companion object {
        const val NOW = 1_800_000_007L
        val PIN = "2580".toByteArray()
    }
}

fun Wallet.add(unlocked: PaymentUnlock): String =
    payments.add(unlocked, NewPayment(ByteArray(16) { 1 }, "Ann", "4960", 86_400), ByteArray(32) { it.toByte() })

fun NextCode.code(): PaymentCode = when (this) {
    is NextCode.Code -> code
    is NextCode.Wait -> error("told to wait $seconds s")
}
