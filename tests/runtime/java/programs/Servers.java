import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509TrustManager;

/** Says of servers, by what they verify clients, whether each accepts the client of a CA: SERVER.p12 CLIENT.p12 CA.pem. */
final class Servers {
    private static final char[] PASSWORD = "changeit".toCharArray();

    private Servers() {}

    public static void main(String[] files) throws Exception {
        KeyManager[] server = keys(files[0]);
        KeyManager[] client = {new Always((X509ExtendedKeyManager) keys(files[1])[0])};
        KeyStore store = named(files[2]);
        System.out.println("context " + ask(server, client, null));
        System.out.println("PKIX " + ask(server, client, trust("PKIX", null)));
        System.out.println("SunX509 " + ask(server, client, trust("SunX509", null)));
        System.out.println("named " + ask(server, client, trust("PKIX", store)));
        System.exit(0);
    }

    static KeyStore named(String file) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream stream = new FileInputStream(file)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(stream));
        }
        return store;
    }

    static KeyManager[] keys(String file) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream stream = new FileInputStream(file)) {
            store.load(stream, PASSWORD);
        }
        KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
        factory.init(store, PASSWORD);
        return factory.getKeyManagers();
    }

    private static TrustManager[] trust(String algorithm, KeyStore store) throws Exception {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(algorithm);
        factory.init(store);
        return factory.getTrustManagers();
    }

    private static String ask(KeyManager[] server, KeyManager[] client, TrustManager[] trust) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(server, trust, null);
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 1, loopback);
        listener.setNeedClientAuth(true);
        Accepting accepting = new Accepting(listener);
        accepting.start();
        connect(client, loopback, listener.getLocalPort());
        accepting.join();
        return accepting.said;
    }

    /** Comes with a certificate; the server's own word counts. */
    static void connect(KeyManager[] client, InetAddress address, int port) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(client, new TrustManager[] {new Any()}, null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(address, port)) {
            socket.startHandshake();
            socket.getInputStream().read();
        } catch (IOException refused) {
            return;
        }
    }

    private static final class Accepting extends Thread {
        volatile String said = "";
        private final SSLServerSocket listener;

        Accepting(SSLServerSocket listener) {
            this.listener = listener;
        }

        @Override
        public void run() {
            try (SSLSocket socket = (SSLSocket) listener.accept()) {
                socket.startHandshake();
                socket.getOutputStream().write(1);
                said = "accepted";
            } catch (IOException fault) {
                said = "refused";
                System.err.println(fault);
            }
        }
    }

    /** Offers its certificate whatever issuers the server names. */
    static final class Always extends X509ExtendedKeyManager {
        private final X509ExtendedKeyManager inner;

        Always(X509ExtendedKeyManager inner) {
            this.inner = inner;
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return inner.getClientAliases(type, null);
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return inner.chooseClientAlias(types, null, socket);
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return null;
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return null;
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return inner.getCertificateChain(alias);
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return inner.getPrivateKey(alias);
        }
    }

    static final class Any implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
