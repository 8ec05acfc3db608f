import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;

/** Apache HttpClient 5 as it is made without options. */
final class HttpClient5 {
    private HttpClient5() {}

    @SuppressWarnings("deprecation")
    static void open(String url) throws Exception {
        try (CloseableHttpClient client = HttpClients.createDefault()) {
            client.execute(new HttpGet(url)).close();
        }
    }
}
