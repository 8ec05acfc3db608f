package org.example.ca;

import java.security.KeyStore;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TimeZone;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** Finds out what makes, or keeps, this JVM's clients from trusting the CAs. */
final class Doctor {
    /** By which variables JVMs are given options, and which JVMs read each. */
    private static final String[][] VARIABLES = {
        {"JAVA_TOOL_OPTIONS", "every JVM"},
        {"_JAVA_OPTIONS", "every JVM of HotSpot's"},
        {"JDK_JAVA_OPTIONS", "the java command, from Java 9 on"},
        {"MAVEN_OPTS", "mvn"},
        {"GRADLE_OPTS", "gradle"},
        {"SBT_OPTS", "sbt"},
        {"CATALINA_OPTS", "Tomcat"},
    };

    private Doctor() {}

    /** Returns the report as the keys of a JSON document. */
    static Map<String, Object> examine() throws Exception {
        List<String> problems = problems();
        List<String> through = through();
        Map<String, Object> found = new LinkedHashMap<>();
        found.put("schema", 1);
        for (String key : new String[] {"package", "version", "release", "organisation"}) {
            found.put(key, Bundle.about(key));
        }
        Map<String, Object> runtime = new LinkedHashMap<>();
        runtime.put("name", "java");
        runtime.put("version", System.getProperty("java.version"));
        runtime.put("path", System.getProperty("java.home"));
        found.put("runtime", runtime);
        found.put("bundle", String.valueOf(Bundle.class.getResource("roots.pem")));
        found.put("certificates", described());
        found.put("active", !through.isEmpty());
        found.put("through", through);
        found.put("variables", variables());
        found.put("problems", problems);
        found.put("notes", notes(through));
        return found;
    }

    static List<Map<String, Object>> described() throws Exception {
        SimpleDateFormat form = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss'Z'", Locale.ROOT);
        form.setTimeZone(TimeZone.getTimeZone("UTC"));
        List<Map<String, Object>> all = new ArrayList<>();
        for (X509Certificate one : Bundle.certificates()) {
            Map<String, Object> said = new LinkedHashMap<>();
            said.put("subject", one.getSubjectX500Principal().getName());
            said.put("sha256", Bundle.sha256(one));
            said.put("not_after", form.format(one.getNotAfter()));
            said.put("expired", one.getNotAfter().before(new Date()));
            all.add(said);
        }
        return all;
    }

    private static List<String> problems() throws Exception {
        List<String> found = new ArrayList<>();
        if (Bundle.disabled()) {
            String names = Bundle.about("variable") + " or -D" + Bundle.about("property");
            found.add(names + " switches this jar off");
        }
        boolean holds = trustsAll(defaults(TrustManagerFactory.getInstance(CaProvider.PKIX)));
        for (String name : Bundle.choices()) {
            if (!holds) {
                found.add("-D" + name + " names another trust store without these CAs: they are not added to it");
            }
        }
        return found;
    }

    /** Returns by which ways a default client of this JVM trusts all of the CAs. */
    private static List<String> through() throws Exception {
        List<String> found = new ArrayList<>();
        if (trustsAll(defaults(CaProvider.next(CaProvider.PKIX)))) {
            found.add("the JVM's own roots");
        } else if (trustsAll(defaults(TrustManagerFactory.getInstance(CaProvider.PKIX)))) {
            found.add(CaTrust.how.isEmpty() ? "another copy of this jar" : CaTrust.how);
        }
        return found;
    }

    private static X509Certificate[] defaults(TrustManagerFactory factory) throws Exception {
        factory.init((KeyStore) null);
        for (TrustManager one : factory.getTrustManagers()) {
            if (one instanceof X509TrustManager) {
                return ((X509TrustManager) one).getAcceptedIssuers();
            }
        }
        return new X509Certificate[0];
    }

    private static boolean trustsAll(X509Certificate[] roots) {
        Set<X509Certificate> trusted = new HashSet<>(Arrays.asList(roots));
        List<X509Certificate> ours = Bundle.certificates();
        return !ours.isEmpty() && trusted.containsAll(ours);
    }

    private static List<Map<String, Object>> variables() {
        List<Map<String, Object>> all = new ArrayList<>();
        String[] own = {Bundle.about("variable"), "this jar"};
        List<String[]> known = new ArrayList<>(Arrays.asList(VARIABLES));
        known.add(0, own);
        for (String[] one : known) {
            String value = System.getenv(one[0]);
            if (value != null) {
                Map<String, Object> said = new LinkedHashMap<>();
                said.put("name", one[0]);
                said.put("value", value);
                said.put("clients", one[1]);
                said.put("holds_these_roots", null);
                String effect = one == own ? switched() : effect(value);
                said.put("effect", effect);
                all.add(said);
            }
        }
        return all;
    }

    private static String switched() {
        return Bundle.disabled() ? "switches this jar off" : "has no effect: empty, 0 or false";
    }

    private static String effect(String value) {
        if (value.contains("-Djavax.net.ssl.trustStore")) {
            return "names another trust store: these JVMs trust what is in it, and this jar adds nothing";
        }
        String artifact = Bundle.about("package").replaceFirst(".*:", "");
        return value.contains("-javaagent:") && value.contains(artifact)
            ? "starts this agent" : "does not start this agent";
    }

    private static List<String> notes(List<String> through) {
        List<String> found = new ArrayList<>();
        if (through.isEmpty()) {
            found.add("start a JVM with -javaagent:" + Command.jar() + " and its clients trust these CAs");
        }
        if (Security.getProvider(CaProvider.NAME) != null && Security.getProviders().length > 0
                && !Security.getProviders()[0].getName().equals(CaProvider.NAME)) {
            found.add("the provider " + Security.getProviders()[0].getName() + " comes before this jar's");
        }
        return found;
    }
}
