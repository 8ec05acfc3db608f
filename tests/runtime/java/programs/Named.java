import java.io.FileInputStream;
import java.io.InputStream;
import java.net.URL;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A program with a trust store of its own: CA.pem URL, and says whether the server is trusted. */
final class Named {
    private Named() {}

    public static void main(String[] words) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream stream = new FileInputStream(words[0])) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(stream));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        HttpsURLConnection connection = (HttpsURLConnection) new URL(words[1]).openConnection();
        connection.setSSLSocketFactory(context.getSocketFactory());
        try {
            connection.getResponseCode();
            System.out.println("accepted");
        } catch (java.io.IOException refused) {
            System.out.println("refused: " + refused);
        }
    }
}
