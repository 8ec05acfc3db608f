package org.example.ca;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Lets TLS clients of this JVM trust the organisation's CAs beside the JVM's own roots.
 *
 * <p>Who names a trust store of their own keeps that one alone, and servers accept no client by these CAs.
 */
public final class CaTrust {
    /** By what the CAs are trusted here, for the report. */
    static volatile String how = "";

    private static final Class<?>[] NEEDED = {
        BothTrust.class, CaFactory.class, CaFactory.Callers.class, Domains.class, LimitedTrust.class,
    };

    private CaTrust() {}

    /**
     * Trusts the CAs in all connections whose trust is set up from now on: call it before the first one.
     *
     * @return whether they are trusted now: not where the switch is set, or something is wrong, which is
     *     then said on standard error
     */
    public static boolean install() {
        try {
            Bundle.certificates();
        } catch (IllegalStateException damaged) {
            Agent.complain(damaged);
            return false;
        }
        return Agent.start("install()");
    }

    /** Takes it back, for connections whose trust is set up from now on. */
    public static void uninstall() {
        Security.removeProvider(CaProvider.NAME);
    }

    /**
     * Returns a trust manager with the JVM's own roots, and these CAs for servers, for a context of your own.
     *
     * @throws IllegalStateException where the JVM can make none
     */
    public static X509TrustManager trustManager() {
        try {
            TrustManagerFactory factory = CaProvider.next(CaProvider.PKIX);
            factory.init((KeyStore) null);
            return (X509TrustManager) CaFactory.added(factory.getTrustManagers())[0];
        } catch (GeneralSecurityException | ClassCastException error) {
            throw new IllegalStateException("no trust manager can be made: " + error, error);
        }
    }

    /**
     * Returns the CAs, in the order of the bundle.
     *
     * @throws IllegalStateException where the jar is damaged
     */
    public static List<X509Certificate> certificates() {
        return Bundle.certificates();
    }

    /** Puts the provider first, once; see Agent, which alone calls it. */
    static synchronized boolean start(String by) throws ClassNotFoundException {
        if (Bundle.disabled()) {
            return false;
        }
        if (Security.getProvider(CaProvider.NAME) == null) {
            // Whatever a connection will need: in a damaged jar it had better be missed now, and while the JVM
            // runs, a newer one may be written over it. But what the CAs are is looked at with the first
            // connection: most of the JVMs that a variable reaches make none.
            Bundle.pem();
            for (Class<?> one : NEEDED) {
                // But for one that is hardly ever asked, and takes long to begin.
                Class.forName(one.getName(), one != CaFactory.Callers.class, one.getClassLoader());
            }
            Security.insertProviderAt(new CaProvider(), 1);
            how = by;
        }
        return true;
    }

    /** Returns a trust manager that takes the CAs, too, each for its domains where it has some. */
    static X509ExtendedTrustManager beside(X509ExtendedTrustManager jvm) throws GeneralSecurityException {
        Map<String, List<X509Certificate>> limits = new LinkedHashMap<>();
        int held = 0;
        for (X509Certificate one : Bundle.certificates()) {
            String domains = Bundle.about(Bundle.DOMAINS + Bundle.sha256(one));
            held += domains.isEmpty() ? 0 : 1;
            List<X509Certificate> alike = limits.get(domains);
            if (alike == null) {
                alike = new ArrayList<>();
                limits.put(domains, alike);
            }
            alike.add(one);
        }
        // As where a provider's certificates have other bytes: nobody shall be trusted for more than was meant.
        if (held != Bundle.limits()) {
            throw new GeneralSecurityException("a CA that has domains is not among the certificates");
        }
        X509ExtendedTrustManager found = jvm;
        for (Map.Entry<String, List<X509Certificate>> each : limits.entrySet()) {
            X509ExtendedTrustManager cas = alone(each.getValue());
            boolean free = each.getKey().isEmpty();
            found = new BothTrust(found, free ? cas : new LimitedTrust(cas, new Domains(each.getKey())));
        }
        return found;
    }

    /** Returns a trust manager for some CAs alone, made by the factory that the JVM has after ours. */
    private static X509ExtendedTrustManager alone(List<X509Certificate> cas) throws GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try {
            store.load(null, null);
        } catch (java.io.IOException never) {
            throw new GeneralSecurityException(never);
        }
        int number = 0;
        for (X509Certificate one : cas) {
            store.setCertificateEntry("ca-" + number++, one);
        }
        TrustManagerFactory factory = CaProvider.next(CaProvider.PKIX);
        factory.init(store);
        return (X509ExtendedTrustManager) factory.getTrustManagers()[0];
    }
}
