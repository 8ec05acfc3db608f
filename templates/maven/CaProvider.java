package org.example.ca;

import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.Security;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import javax.net.ssl.TrustManagerFactory;

/** Stands before the JVM's own providers, for the factories of trust managers alone. */
final class CaProvider extends Provider {
    /** No two organisations' packages have one name, and so neither have their providers. */
    static final String NAME = CaProvider.class.getName().replace(".CaProvider", "");

    static final String PKIX = "PKIX";
    private static final String TYPE = "TrustManagerFactory";
    private static final List<String> ALIASES = Arrays.asList("SunPKIX", "X509", "X.509");
    private static final long serialVersionUID = 1;

    // The other constructor of Provider came with Java 9.
    @SuppressWarnings("deprecation")
    CaProvider() {
        super(NAME, 1.0, "CAs of an organisation beside the JVM's own roots");
        putService(new Made(this, PKIX, ALIASES));
        putService(new Made(this, "SunX509", Collections.<String>emptyList()));
    }

    /**
     * Returns the factory that the JVM would use without this provider: that of one which comes after it. Of
     * two organisations' providers, each would otherwise take the other's for the next one, without end.
     */
    static TrustManagerFactory next(String algorithm) throws NoSuchAlgorithmException {
        boolean after = Security.getProvider(NAME) == null;
        for (Provider one : Security.getProviders()) {
            if (after && one.getService(TYPE, algorithm) != null) {
                return TrustManagerFactory.getInstance(algorithm, one);
            }
            after |= one.getName().equals(NAME);
        }
        throw new NoSuchAlgorithmException(algorithm);
    }

    /** Makes our factory without reflection, which modules and class loaders could forbid. */
    private static final class Made extends Service {
        Made(Provider provider, String algorithm, List<String> aliases) {
            super(provider, TYPE, algorithm, CaFactory.class.getName(), aliases, null);
        }

        @Override
        public Object newInstance(Object parameter) throws NoSuchAlgorithmException {
            return new CaFactory(next(getAlgorithm()));
        }
    }
}
