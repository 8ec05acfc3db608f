import io.netty.handler.ssl.SslProvider;

/** Netty, with the TLS of BoringSSL. */
final class NettyOpenSsl {
    private NettyOpenSsl() {}

    static void open(String url) throws Exception {
        Netty.open(url, SslProvider.OPENSSL);
    }
}
