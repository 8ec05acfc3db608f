import java.io.InputStream;
import java.io.OutputStream;
import java.net.URL;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Opens URLs as clients do, and prints a line for each: accepted, or the reasons; ends with 1 where one was not.
 *
 * <p>The words are pairs of a client and a URL. Alone, the word roots prints the digests of the default roots,
 * and the word version that of Java.
 * There are no lambdas: their class files differ between one javac and the next.
 */
final class Probe {
    private Probe() {}

    public static void main(String[] words) throws Exception {
        if (words.length == 1 && words[0].equals("roots")) {
            roots();
            System.exit(0);
        }
        if (words.length == 1 && words[0].equals("version")) {
            System.out.println(System.getProperty("java.version"));
            System.exit(0);
        }
        boolean refused = false;
        for (int index = 0; index + 1 < words.length; index += 2) {
            String found;
            try {
                open(words[index], words[index + 1]);
                found = "accepted";
            } catch (Throwable fault) {
                found = reasons(fault);
                refused = true;
            }
            System.out.println(words[index] + " " + found);
        }
        System.out.flush();
        // Libraries leave threads behind.
        System.exit(refused ? 1 : 0);
    }

    private static void open(String client, String url) throws Throwable {
        switch (client) {
            case "HttpsURLConnection":
                connection(url, null);
                return;
            case "SSLSocketFactory":
                socket((SSLSocketFactory) SSLSocketFactory.getDefault(), new URL(url));
                return;
            case "SSLContext":
                connection(url, context(null));
                return;
            case "TrustManagerFactory":
                connection(url, context(managers(TrustManagerFactory.getDefaultAlgorithm())));
                return;
            case "SunX509":
                connection(url, context(managers("SunX509")));
                return;
            default:
                try {
                    Class.forName(client).getDeclaredMethod("open", String.class).invoke(null, url);
                } catch (java.lang.reflect.InvocationTargetException fault) {
                    throw fault.getCause();
                }
        }
    }

    private static TrustManager[] managers(String algorithm) throws Exception {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(algorithm);
        factory.init((KeyStore) null);
        return factory.getTrustManagers();
    }

    private static SSLSocketFactory context(TrustManager[] managers) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers, null);
        return context.getSocketFactory();
    }

    private static void connection(String url, SSLSocketFactory sockets) throws Exception {
        HttpsURLConnection connection = (HttpsURLConnection) new URL(url).openConnection();
        if (sockets != null) {
            connection.setSSLSocketFactory(sockets);
        }
        connection.getResponseCode();
        connection.disconnect();
    }

    private static void socket(SSLSocketFactory sockets, URL url) throws Exception {
        try (SSLSocket socket = (SSLSocket) sockets.createSocket(url.getHost(), url.getPort())) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            OutputStream out = socket.getOutputStream();
            String request = "GET / HTTP/1.1\r\nHost: " + url.getHost() + "\r\nConnection: close\r\n\r\n";
            out.write(request.getBytes("US-ASCII"));
            out.flush();
            InputStream in = socket.getInputStream();
            in.read();
        }
    }

    private static void roots() throws Exception {
        TrustManager[] managers = managers(TrustManagerFactory.getDefaultAlgorithm());
        for (X509Certificate one : ((X509TrustManager) managers[0]).getAcceptedIssuers()) {
            StringBuilder digits = new StringBuilder();
            for (byte octet : MessageDigest.getInstance("SHA-256").digest(one.getEncoded())) {
                digits.append(String.format("%02x", octet));
            }
            System.out.println(digits);
        }
    }

    /** Says why, however deep a library has wrapped it. */
    private static String reasons(Throwable fault) {
        StringBuilder said = new StringBuilder();
        for (Throwable one = fault; one != null && said.length() < 2000; one = one.getCause()) {
            said.append(said.length() == 0 ? "" : ": ").append(one);
        }
        return said.toString().replaceAll("\\s+", " ");
    }
}
