package org.example.ca;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** Has the JVM's verdict, and where it refuses a server, that of another trust manager. */
final class BothTrust extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager jvm;
    private final X509ExtendedTrustManager added;

    BothTrust(X509ExtendedTrustManager jvm, X509ExtendedTrustManager added) {
        this.jvm = jvm;
        this.added = added;
    }

    // Without a lambda, whose class files differ between one javac and the next. A JVM without roots of its own,
    // as some images have it, does not refuse: it throws what is no refusal, and trusts nobody.
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        try {
            jvm.checkServerTrusted(chain, type, socket);
        } catch (CertificateException | RuntimeException refused) {
            try {
                added.checkServerTrusted(chain, type, socket);
            } catch (CertificateException | RuntimeException again) {
                refused.addSuppressed(again);
                throw refused;
            }
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        try {
            jvm.checkServerTrusted(chain, type, engine);
        } catch (CertificateException | RuntimeException refused) {
            try {
                added.checkServerTrusted(chain, type, engine);
            } catch (CertificateException | RuntimeException again) {
                refused.addSuppressed(again);
                throw refused;
            }
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        try {
            jvm.checkServerTrusted(chain, type);
        } catch (CertificateException | RuntimeException refused) {
            try {
                added.checkServerTrusted(chain, type);
            } catch (CertificateException | RuntimeException again) {
                refused.addSuppressed(again);
                throw refused;
            }
        }
    }

    // A server that verifies clients by the default roots accepts no more of them than without these CAs.
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        jvm.checkClientTrusted(chain, type, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        jvm.checkClientTrusted(chain, type, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        jvm.checkClientTrusted(chain, type);
    }

    /**
     * Returns the roots of both: libraries that compare pins look for a chain's root here. Servers name them
     * to their clients, too, though they refuse who comes with one of ours.
     */
    @Override
    public X509Certificate[] getAcceptedIssuers() {
        List<X509Certificate> all = new ArrayList<>(Arrays.asList(jvm.getAcceptedIssuers()));
        all.addAll(Arrays.asList(added.getAcceptedIssuers()));
        return all.toArray(new X509Certificate[0]);
    }
}
