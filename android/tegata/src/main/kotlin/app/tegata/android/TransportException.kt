package app.tegata.android

import java.io.IOException
import java.io.InterruptedIOException
import java.net.UnknownServiceException
import javax.net.ssl.SSLHandshakeException
import javax.net.ssl.SSLPeerUnverifiedException

/**
 * Why a request brought no answer. The call that it belongs to is as it was; whether the issuer did what was asked nobody
 * knows, but of [NotOverTls]. None says more than this: what was sent and to whom is in no message.
 */
public sealed class TransportException(clause: String) : IOException(clause) {
    /** The address is not one that anything secret may be sent to, or not by what the manifest says. Nothing was sent. */
    public class NotOverTls : TransportException("expected an address that begins with https")

    /** Whoever answered could not prove to be the issuer: a network that wants a log-in first, or a clock far off. Nothing was sent. */
    public class NotTrusted : TransportException("the issuer's certificate was not taken")

    /** There is no way to the issuer now, or it broke off. */
    public class Unreachable : TransportException("the issuer cannot be reached")

    /** It took too long. */
    public class TimedOut : TransportException("the issuer took too long")
}

/** What an app is told of a client's fault. */
internal fun nameOf(fault: IOException): TransportException = when (fault) {
    // The system's word on plain http, which it forbids unless the manifest says otherwise.
    is UnknownServiceException -> TransportException.NotOverTls()
    is SSLHandshakeException, is SSLPeerUnverifiedException -> TransportException.NotTrusted()
    is InterruptedIOException -> TransportException.TimedOut()
    else -> TransportException.Unreachable()
}
