package org.example.ca;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.TrustManagerFactorySpi;
import javax.net.ssl.X509ExtendedTrustManager;

/** Makes what the JVM's own factory makes, and adds the CAs to it where nobody has named a trust store. */
final class CaFactory extends TrustManagerFactorySpi {
    // To a factory that is not its own, the JVM's default context gives its default store itself.
    private static final String DEFAULT_CONTEXT = "sun.security.ssl.SSLContextImpl$Default";
    // It is among the nearest, so who sees more frames need not ask otherwise, which takes longer.
    private static final int FEW = 20;

    private final TrustManagerFactory jvm;
    private boolean unchosen;

    CaFactory(TrustManagerFactory jvm) {
        this.jvm = jvm;
    }

    @Override
    protected void engineInit(KeyStore store) throws KeyStoreException {
        jvm.init(store);
        unchosen = (store == null || isForDefaultContext()) && !Bundle.storeIsChosen();
    }

    @Override
    protected void engineInit(ManagerFactoryParameters parameters) throws InvalidAlgorithmParameterException {
        jvm.init(parameters);
        unchosen = false;
    }

    @Override
    protected TrustManager[] engineGetTrustManagers() {
        TrustManager[] managers = jvm.getTrustManagers();
        if (!unchosen) {
            return managers;
        }
        try {
            return added(managers);
        } catch (GeneralSecurityException | RuntimeException | LinkageError fault) {
            Agent.complain(fault);
            return managers;
        }
    }

    /** Returns trust managers, each of which takes the CAs, too. */
    static TrustManager[] added(TrustManager[] managers) throws GeneralSecurityException {
        TrustManager[] found = managers.clone();
        for (int index = 0; index < found.length && !Bundle.certificates().isEmpty(); index++) {
            if (found[index] instanceof X509ExtendedTrustManager) {
                found[index] = CaTrust.beside((X509ExtendedTrustManager) found[index]);
            }
        }
        return found;
    }

    private static boolean isForDefaultContext() {
        StackTraceElement[] frames = new Throwable().getStackTrace();
        for (StackTraceElement frame : frames) {
            if (frame.getClassName().startsWith(DEFAULT_CONTEXT)) {
                return true;
            }
        }
        return frames.length < FEW && Callers.have(DEFAULT_CONTEXT);
    }

    /** Knows who calls in a JVM whose options leave throwables without their frames, too. */
    static final class Callers extends SecurityManager {
        static boolean have(String beginning) {
            try {
                for (Class<?> one : new Callers().getClassContext()) {
                    if (one.getName().startsWith(beginning)) {
                        return true;
                    }
                }
            } catch (SecurityException | LinkageError unknown) {
                return false;
            }
            return false;
        }
    }
}
