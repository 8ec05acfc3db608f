import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URL;

/** Opens each URL with java.net; prints whether its certificate was accepted, and fails if one was not. */
public final class Handshake {
    private Handshake() {}

    public static void main(String[] urls) {
        boolean refused = false;
        for (String url : urls) {
            try {
                HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
                connection.setConnectTimeout(20_000);
                connection.setReadTimeout(20_000);
                connection.getResponseCode();
                connection.disconnect();
                System.out.println(url + " accepted");
            } catch (IOException error) {
                refused = true;
                System.out.println(url + " refused " + error.getMessage());
            }
        }
        System.exit(refused ? 1 : 0);
    }
}
