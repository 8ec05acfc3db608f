import org.springframework.web.client.RestClient;

/** Spring's RestClient as it is made without options. */
final class SpringRest {
    private SpringRest() {}

    static void open(String url) throws Exception {
        RestClient.create().get().uri(url).retrieve().toBodilessEntity();
    }
}
