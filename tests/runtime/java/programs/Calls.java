import internal.acme.acme_ca.CaTrust;
import java.net.URL;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;

/** A program that calls the API, and says what comes of it for a URL. */
final class Calls {
    private Calls() {}

    public static void main(String[] words) throws Exception {
        SSLContext own = SSLContext.getInstance("TLS");
        own.init(null, new TrustManager[] {CaTrust.trustManager()}, null);
        say("trustManager", words[0], own.getSocketFactory());
        System.out.println("certificates " + CaTrust.certificates().size());
        System.out.println("install " + CaTrust.install() + " " + CaTrust.install());
        say("installed", words[0], fresh());
        CaTrust.uninstall();
        say("uninstalled", words[0], fresh());
    }

    private static SSLSocketFactory fresh() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, null, null);
        return context.getSocketFactory();
    }

    private static void say(String what, String url, SSLSocketFactory sockets) throws Exception {
        HttpsURLConnection connection = (HttpsURLConnection) new URL(url).openConnection();
        connection.setSSLSocketFactory(sockets);
        try {
            connection.getResponseCode();
            System.out.println(what + " accepted");
        } catch (java.io.IOException refused) {
            System.out.println(what + " refused: " + refused);
        }
    }
}
