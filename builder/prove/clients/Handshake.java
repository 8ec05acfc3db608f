import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;

/** Opens each URL with java.net; prints whether its certificate was accepted, and fails if one was not. */
public final class Handshake {
    private Handshake() {}

    public static void main(String[] urls) {
        boolean refused = false;
        for (String url : urls) {
            try {
                URLConnection connection = new URL(url).openConnection();
                connection.setConnectTimeout(20_000);
                connection.setReadTimeout(20_000);
                try (InputStream answer = connection.getInputStream()) {
                    answer.readAllBytes();
                }
                System.out.println(url + " accepted");
            } catch (IOException error) {
                refused = true;
                System.out.println(url + " refused " + error.getMessage());
            }
        }
        System.exit(refused ? 1 : 0);
    }
}
