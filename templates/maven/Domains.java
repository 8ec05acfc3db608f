package org.example.ca;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The names that a CA is limited to by its owner: domains, each with all names below it, and networks. */
final class Domains {
    // Kinds of alternative names (RFC 5280, section 4.2.1.6).
    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;

    // The subject as RFC 2253 writes it; what is escaped in a name makes it none that is within.
    private static final Pattern COMMON_NAME = Pattern.compile("(?:^|[,+])CN=([^,+]*)");
    private static final Pattern NO_HOST = Pattern.compile("[^\\\\]* [^\\\\]*");
    // What is an address needs nobody to be asked for it.
    private static final String BYTE = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])";
    private static final Pattern ADDRESS =
        Pattern.compile("(?:" + BYTE + "\\.){3}" + BYTE + "|[0-9a-fA-F]*:[0-9a-fA-F:.]*");

    private final String[] within;

    /** Takes domains such as corp.example and networks such as 10.0.0.0/8, separated by blanks. */
    Domains(String text) {
        within = text.trim().split(" +");
    }

    /**
     * Tells whether all names of a leaf are within: one without a name, or with a name of another kind, is not,
     * for nobody could say so of it. Where no name is a domain, Java takes the common name for one, and so it is
     * looked at.
     */
    boolean hold(X509Certificate leaf) {
        Collection<List<?>> names;
        try {
            names = leaf.getSubjectAlternativeNames();
        } catch (CertificateParsingException unreadable) {
            return false;
        }
        if (names == null || names.isEmpty()) {
            return false;
        }
        boolean named = false;
        for (List<?> name : names) {
            if (!(name.get(1) instanceof String) || !holds((Integer) name.get(0), (String) name.get(1))) {
                return false;
            }
            named |= (Integer) name.get(0) == DNS_NAME;
        }
        return named || holdsCommonNames(leaf.getSubjectX500Principal().getName());
    }

    private boolean holdsCommonNames(String subject) {
        Matcher found = COMMON_NAME.matcher(subject);
        while (found.find()) {
            String name = found.group(1);
            int kind = ADDRESS.matcher(name).matches() ? IP_ADDRESS : DNS_NAME;
            if (!NO_HOST.matcher(name).matches() && !holds(kind, name)) {
                return false;
            }
        }
        return true;
    }

    private boolean holds(int kind, String name) {
        for (String one : within) {
            int slash = one.indexOf('/');
            boolean holds = slash < 0
                ? kind == DNS_NAME && isBelow(name.toLowerCase(Locale.ROOT), one)
                : kind == IP_ADDRESS && isIn(name, one.substring(0, slash), one.substring(slash + 1));
            if (holds) {
                return true;
            }
        }
        return false;
    }

    private static boolean isBelow(String name, String domain) {
        return name.equals(domain) || name.endsWith("." + domain);
    }

    /** Compares as many bits as the prefix counts; of an address nobody is asked for its name. */
    private static boolean isIn(String name, String network, String prefix) {
        byte[] address;
        byte[] first;
        if (!ADDRESS.matcher(name).matches()) {
            return false;
        }
        try {
            address = InetAddress.getByName(name).getAddress();
            first = InetAddress.getByName(network).getAddress();
        } catch (UnknownHostException never) {
            return false;
        }
        if (address.length != first.length) {
            return false;
        }
        int bits = Integer.parseInt(prefix);
        for (int index = 0; index < bits; index++) {
            int mask = 0x80 >> index % 8;
            if ((address[index / 8] & mask) != (first[index / 8] & mask)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return String.join(", ", within);
    }
}
