package app.tegata

import java.io.File

/**
 * Loads the library once: two threads that initialise JNA's classes at the same time can wait for each other for ever, so
 * the first one does all of it and the others wait here.
 */
private val loaded: Unit by lazy {
    uniffiEnsureInitialized()
    UniffiRustCallStatus()
    RustBuffer.ByValue()
    Unit
}

/**
 * An open wallet: a sealed file of credentials and passes, with a handle for each feature.
 *
 * ```kotlin
 * Wallet.open(file, keystore).use { wallet ->
 *     wallet.payments.unlockWithPin(pin).use { unlock ->
 *         wallet.payments.codes(unlock, id).collect { code -> show(code) }
 *     }
 * }
 * ```
 *
 * All of it can be called from any thread; calls wait for each other, and most of them touch the disk: a coroutine calls them
 * by [io]. Whatever is called after [close] throws [WalletException.Closed]. Each property gives a handle of its own, which
 * may be closed without harm to the wallet.
 */
public class Wallet private constructor(internal val handle: WalletHandle) : AutoCloseable {
    /** Payment credentials and their codes. */
    public val payments: Payments get() = handle.payments()

    /** One-time passwords of any service. */
    public val otpCredentials: OtpCredentials get() = handle.otpCredentials()

    /** Passes that others issued. */
    public val passes: Passes get() = handle.passes()

    /** The owner's account at an issuer. */
    public val account: Account get() = handle.account()

    /** Passes and one-time passwords on their way to another phone, or from one. */
    public val transfer: Transfer get() = handle.transfer()

    /** Whether [rekey] was interrupted and is to be called again. */
    public val isRekeying: Boolean
        @Throws(WalletException::class)
        get() = handle.isRekeying()

    /** Has another keystore protect the wallet from now on. Refused while a PIN is set, which only the present one can check. */
    @Throws(WalletException::class)
    public fun changeKeystore(keystore: Keystore): Unit = handle.changeKeystore(keystore)

    /** Encrypts everything again under a new key, for when the old one may have leaked. */
    @Throws(WalletException::class)
    public fun rekey(): Unit = handle.rekey()

    /** Closes the file. Closing twice does nothing. */
    @Throws(WalletException::class)
    override fun close(): Unit = handle.closeFile()

    public companion object {
        /**
         * Loads the library, which the first call would do: call it on a thread of its own as the app starts, so that the
         * shopper does not wait for it when paying. Does nothing the second time.
         */
        @JvmStatic
        public fun prepare(): Unit = loaded

        /** Makes a new, empty wallet and opens it. Nothing is overwritten. */
        @JvmStatic
        @JvmOverloads
        @Throws(WalletException::class)
        public fun create(file: File, keystore: Keystore, anchor: Anchor? = null, clock: ManualClock? = null): Wallet =
            Wallet(loaded.run { WalletHandle.create(file.path, Device(keystore, anchor, clock)) })

        /**
         * Opens a wallet, and checks that nothing in it was altered and, if there is an [anchor], that it is not an
         * older copy. Whatever this throws, no file was changed and no key was replaced.
         */
        @JvmStatic
        @JvmOverloads
        @Throws(WalletException::class)
        public fun open(file: File, keystore: Keystore, anchor: Anchor? = null, clock: ManualClock? = null): Wallet =
            Wallet(loaded.run { WalletHandle.open(file.path, Device(keystore, anchor, clock)) })

        /**
         * Opens a wallet although it is an older copy, when its owner says so. Payment credentials and their lock are
         * dropped, for the issuer to provision again.
         */
        @JvmStatic
        @JvmOverloads
        @Throws(WalletException::class)
        public fun openRolledBack(
            file: File,
            keystore: Keystore,
            anchor: Anchor? = null,
            clock: ManualClock? = null,
        ): Wallet = Wallet(loaded.run { WalletHandle.openRolledBack(file.path, Device(keystore, anchor, clock)) })

        /** Removes a wallet for good, whatever state it is in. Costs a new provisioning, never money. */
        @JvmStatic
        @Throws(WalletException::class)
        public fun destroy(file: File): Unit = loaded.run { destroyWallet(file.path) }
    }
}
