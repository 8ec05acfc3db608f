import java.net.URI;
import okhttp3.CertificatePinner;
import okhttp3.OkHttpClient;
import okhttp3.Request;

/** OkHttp with a pin, the property pin: it looks for the root among those of the trust manager. */
final class OkHttpPinned {
    private OkHttpPinned() {}

    static void open(String url) throws Exception {
        CertificatePinner pins = new CertificatePinner.Builder()
            .add(URI.create(url).getHost(), System.getProperty("pin")).build();
        OkHttpClient client = new OkHttpClient.Builder().certificatePinner(pins).build();
        client.newCall(new Request.Builder().url(url).build()).execute().close();
    }
}
