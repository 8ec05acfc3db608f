import org.apache.http.client.methods.HttpGet;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClients;

/** Apache HttpClient 4 as it is made without options. */
final class HttpClient4 {
    private HttpClient4() {}

    static void open(String url) throws Exception {
        try (CloseableHttpClient client = HttpClients.createDefault()) {
            client.execute(new HttpGet(url)).close();
        }
    }
}
