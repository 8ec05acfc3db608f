package org.example.ca;

import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationListener;

/** Is made by Spring Boot before anything else of an application runs: META-INF/spring.factories names it. */
public final class SpringStart implements ApplicationListener<ApplicationEvent> {
    /** Trusts the CAs. */
    public SpringStart() {
        Agent.start("Spring Boot");
    }

    @Override
    public void onApplicationEvent(ApplicationEvent event) {}
}
