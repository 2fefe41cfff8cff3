package app.tegata

import java.io.File

/**
 * The library, loaded once: two threads that initialise JNA's classes at the same time can wait for each other for ever, so
 * whoever comes first does all of it and the others wait here.
 */
private val loaded: Unit by lazy {
    uniffiEnsureInitialized()
    UniffiRustCallStatus()
    RustBuffer.ByValue()
    Unit
}

/**
 * An open wallet: a sealed file of credentials and passes, and its rooms.
 *
 * ```kotlin
 * Wallet.open(file, keystore).use { wallet ->
 *     wallet.payments.unlockWithPin(pin).use { unlocked ->
 *         wallet.payments.codes(unlocked, id).collect { code -> show(code) }
 *     }
 * }
 * ```
 *
 * All of it can be called from any thread; calls wait for each other, and most of them touch the disk. Whatever is
 * called after [close] throws [WalletException.Closed].
 */
public class Wallet private constructor(internal val handle: WalletHandle) : AutoCloseable {
    /** Payment credentials and their codes. */
    public val payments: Payments = handle.payments()

    /** One-time passwords of any service. */
    public val otpCredentials: OtpCredentials = handle.otpCredentials()

    /** Passes that others issued. */
    public val passes: Passes = handle.passes()

    /** The shopper's account at an issuer. */
    public val account: Account = handle.account()

    /** Passes and one-time passwords on their way to another phone, or from one. */
    public val moving: Moving = handle.moving()

    /** Whether [replaceKey] was broken off and is to be called again. */
    public val isReplacingKey: Boolean
        @Throws(WalletException::class)
        get() = handle.replacingKey()

    /** Has another keystore guard the wallet from now on. Refused while a PIN is set, which only the present one knows. */
    @Throws(WalletException::class)
    public fun rewrap(keystore: DeviceKeystore): Unit = handle.rewrap(keystore)

    /** Seals everything anew under a new key, for when the old one may have leaked. */
    @Throws(WalletException::class)
    public fun replaceKey(): Unit = handle.replaceKey()

    /** Closes the file. Closing twice does nothing. */
    @Throws(WalletException::class)
    override fun close(): Unit = handle.shut()

    public companion object {
        /**
         * Loads the library, which the first call would do: on a thread of its own as the app starts, so that nobody waits
         * for it who wants to pay. Again does nothing.
         */
        @JvmStatic
        public fun prepare(): Unit = loaded

        /** Makes a new, empty wallet and opens it. Nothing is overwritten. */
        @JvmStatic
        @JvmOverloads
        @Throws(WalletException::class)
        public fun create(
            file: File,
            keystore: DeviceKeystore,
            anchor: Anchor? = null,
            clock: SetClock? = null,
        ): Wallet = Wallet(loaded.run { WalletHandle.create(file.path, Device(keystore, anchor, clock)) })

        /**
         * Opens a wallet, and checks that nothing in it was altered and, if there is an [anchor], that it is not an
         * older copy. Whatever this throws, no file was changed and no key made anew.
         */
        @JvmStatic
        @JvmOverloads
        @Throws(WalletException::class)
        public fun open(file: File, keystore: DeviceKeystore, anchor: Anchor? = null, clock: SetClock? = null): Wallet =
            Wallet(loaded.run { WalletHandle.open(file.path, Device(keystore, anchor, clock)) })

        /**
         * Opens a wallet although it is an older copy, for a person who says so. Payment credentials and their lock are
         * dropped, and provisioned anew by the issuer.
         */
        @JvmStatic
        @JvmOverloads
        @Throws(WalletException::class)
        public fun adopt(
            file: File,
            keystore: DeviceKeystore,
            anchor: Anchor? = null,
            clock: SetClock? = null,
        ): Wallet = Wallet(loaded.run { WalletHandle.adopt(file.path, Device(keystore, anchor, clock)) })

        /** Removes a wallet for good, whatever state it is in. Costs a new provisioning, never money. */
        @JvmStatic
        @Throws(WalletException::class)
        public fun destroy(file: File): Unit = loaded.run { destroyWallet(file.path) }
    }
}
