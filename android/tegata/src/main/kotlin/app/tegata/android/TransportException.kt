package app.tegata.android

import java.io.IOException
import java.io.InterruptedIOException
import java.net.UnknownServiceException
import javax.net.ssl.SSLHandshakeException
import javax.net.ssl.SSLPeerUnverifiedException

/**
 * Why a request got no response. Its call is as it was. Except after [NotOverTls] and [NotTrusted], nobody knows whether
 * the issuer did what was requested. No message contains what was sent or to whom.
 */
public sealed class TransportException(clause: String) : IOException(clause) {
    /** The address does not use TLS, or the manifest does not allow it. Nothing was sent. */
    public class NotOverTls : TransportException("expected an address that begins with https")

    /** The certificate is not the issuer's, as in a network with a log-in page or with a wrong clock. Nothing was sent. */
    public class NotTrusted : TransportException("the issuer's certificate is not trusted")

    /** The issuer cannot be reached now, or the connection was lost. */
    public class Unreachable : TransportException("the issuer cannot be reached")

    /** The issuer did not answer in time. The request was sent once. */
    public class TimedOut : TransportException("the issuer took too long")
}

/** Translates an error of the HTTP client. */
internal fun translate(fault: IOException): TransportException = when (fault) {
    // The system throws it for plain http, which it forbids unless the manifest allows it.
    is UnknownServiceException -> TransportException.NotOverTls()
    is SSLHandshakeException, is SSLPeerUnverifiedException -> TransportException.NotTrusted()
    is InterruptedIOException -> TransportException.TimedOut()
    else -> TransportException.Unreachable()
}
