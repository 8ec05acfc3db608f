package org.example.ca;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;

/** What lies in the jar beside this class: the CAs, and whose they are; and who has chosen others. */
final class Bundle {
    /** By these the whole JVM is given another trust store. */
    static final String[] CHOICES = {
        "javax.net.ssl.trustStore", "javax.net.ssl.trustStoreProvider", "javax.net.ssl.trustStoreType",
    };

    /** What the properties that have a CA's domains begin with, before its SHA-256. */
    static final String DOMAINS = "domains.";

    private static volatile Properties about;
    private static volatile byte[] pem;
    private static volatile List<X509Certificate> certificates;

    private Bundle() {}

    static List<X509Certificate> certificates() {
        List<X509Certificate> found = certificates;
        if (found == null) {
            found = Collections.unmodifiableList(read());
            certificates = found;
        }
        return found;
    }

    private static List<X509Certificate> read() {
        List<X509Certificate> found = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (Certificate one : factory.generateCertificates(new ByteArrayInputStream(pem()))) {
                found.add((X509Certificate) one);
            }
            return found;
        } catch (CertificateException error) {
            throw new IllegalStateException("roots.pem cannot be read: " + error, error);
        }
    }

    /** Returns the CAs as text: from the first call on, what becomes of the jar's file is no matter. */
    static byte[] pem() {
        byte[] found = pem;
        if (found == null) {
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            try (InputStream stream = open("roots.pem")) {
                byte[] buffer = new byte[8192];
                for (int count = stream.read(buffer); count > 0; count = stream.read(buffer)) {
                    read.write(buffer, 0, count);
                }
            } catch (IOException error) {
                throw new IllegalStateException("roots.pem cannot be read: " + error, error);
            }
            found = read.toByteArray();
            pem = found;
        }
        return found;
    }

    /** Returns what about.properties says: package, version, release, organisation, variable, property, domains. */
    static String about(String key) {
        Properties found = about;
        if (found == null) {
            found = new Properties();
            try (InputStream stream = open("about.properties")) {
                found.load(stream);
            } catch (IOException error) {
                throw new IllegalStateException("about.properties cannot be read: " + error, error);
            }
            about = found;
        }
        return found.getProperty(key, "");
    }

    /** Returns how many of the CAs have domains. */
    static int limits() {
        about("package");
        int found = 0;
        for (Object key : about.keySet()) {
            if (String.valueOf(key).startsWith(DOMAINS)) {
                found++;
            }
        }
        return found;
    }

    /** Returns the SHA-256 of a certificate in lower-case hex. */
    static String sha256(X509Certificate certificate) throws GeneralSecurityException {
        StringBuilder digits = new StringBuilder();
        for (byte octet : MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded())) {
            digits.append(String.format("%02x", octet));
        }
        return digits.toString();
    }

    static InputStream open(String name) throws IOException {
        InputStream stream = Bundle.class.getResourceAsStream(name);
        if (stream == null) {
            throw new IOException(name + " is not in the jar");
        }
        return stream;
    }

    /** Tells whether the environment or a system property switches this jar off. */
    static boolean disabled() {
        return isSet(System.getenv(about("variable"))) || isSet(System.getProperty(about("property")));
    }

    private static boolean isSet(String value) {
        return value != null && !value.isEmpty() && !value.equals("0") && !value.equalsIgnoreCase("false");
    }

    /**
     * Tells whether the JVM is given another trust store, or its user wants none of ours; and where a security
     * manager keeps that from the program that connects, which would otherwise make no connection at all.
     */
    static boolean storeIsChosen() {
        try {
            return !choices().isEmpty() || disabled();
        } catch (SecurityException hidden) {
            Agent.complain(hidden);
            return true;
        }
    }

    static List<String> choices() {
        List<String> found = new ArrayList<>();
        for (String name : CHOICES) {
            if (System.getProperty(name) != null) {
                found.add(name);
            }
        }
        return found;
    }
}
