import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;

/** A Spring Boot application that opens a URL once it runs, and knows nothing of the jar on its class path. */
public class Boot {
    public static void main(String[] words) throws Exception {
        SpringApplication application = new SpringApplication(Boot.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.run();
        Probe.main(words);
    }
}
