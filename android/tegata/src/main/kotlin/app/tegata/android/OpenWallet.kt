package app.tegata.android

import app.tegata.ManualClock
import app.tegata.OtpCredentialInfo
import app.tegata.StoredPass
import app.tegata.Wallet
import app.tegata.WalletException
import java.io.File

/**
 * Opens the wallet at this path with its [AndroidKeystore] and its [FileAnchor]. Where the keys of an earlier version of this
 * library protect it, which Android 14 and older may delete, it is wrapped by a key of this version from now on.
 */
@Throws(WalletException::class)
public fun openWallet(file: File): Wallet = openWallet(file, AndroidKeystore(file), null)

internal fun openWallet(file: File, keystore: AndroidKeystore, clock: ManualClock?): Wallet =
    Wallet.open(file, keystore, FileAnchor(file), clock).also(keystore::rewrap)

/**
 * What is lost for good once this phone's keys are gone, as when the phone is reset: tell the shopper before, as on a page
 * of settings. The account, payments and their history come back with a log-in.
 *
 * @property passes the passes, for their issuers to issue again.
 * @property otpCredentials the one-time passwords, for each service to set up again.
 */
public class HeldOnlyHere internal constructor(
    public val passes: List<StoredPass>,
    public val otpCredentials: List<OtpCredentialInfo>,
)

/** Lists what is lost once this phone's keys are gone. Reads the disk. */
@Throws(WalletException::class)
public fun Wallet.heldOnlyHere(): HeldOnlyHere = HeldOnlyHere(passes.list(), otpCredentials.list())
