import okhttp3.OkHttpClient;
import okhttp3.Request;

/** OkHttp as it is made without options. */
final class OkHttp {
    private OkHttp() {}

    static void open(String url) throws Exception {
        new OkHttpClient().newCall(new Request.Builder().url(url).build()).execute().close();
    }
}
