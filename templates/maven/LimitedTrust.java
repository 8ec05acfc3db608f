package org.example.ca;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** Asks another trust manager about servers whose names are all within some domains, and refuses the rest. */
final class LimitedTrust extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager cas;
    private final Domains domains;

    LimitedTrust(X509ExtendedTrustManager cas, Domains domains) {
        this.cas = cas;
        this.domains = domains;
    }

    private void check(X509Certificate[] chain) throws CertificateException {
        if (chain == null || chain.length == 0 || !domains.hold(chain[0])) {
            throw new CertificateException("a CA that could vouch for this server is limited to " + domains);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        check(chain);
        cas.checkServerTrusted(chain, type, socket);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        check(chain);
        cas.checkServerTrusted(chain, type, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        check(chain);
        cas.checkServerTrusted(chain, type);
    }

    // Nobody asks: BothTrust leaves clients to the JVM alone.
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        throw new CertificateException("these CAs vouch for servers alone");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        throw new CertificateException("these CAs vouch for servers alone");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("these CAs vouch for servers alone");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return cas.getAcceptedIssuers();
    }
}
