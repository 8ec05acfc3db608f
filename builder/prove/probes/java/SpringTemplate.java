import org.springframework.web.client.RestTemplate;

/** Spring's RestTemplate as it is made without options. */
final class SpringTemplate {
    private SpringTemplate() {}

    static void open(String url) throws Exception {
        new RestTemplate().headForHeaders(url);
    }
}
