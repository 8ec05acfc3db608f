package org.example.ca;

import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationListener;

/**
 * Is made by Spring Boot before anything else of an application runs: META-INF/spring.factories names it.
 *
 * <p>It has a jar of its own: in that of an agent, which every class loader sees, an application that is one
 * jar would find it without Spring's classes, and not start.
 */
public final class SpringStart implements ApplicationListener<ApplicationEvent> {
    /** Trusts the CAs, where the jar that this one comes with is there. */
    public SpringStart() {
        String name = SpringStart.class.getName().replace(".spring.SpringStart", ".CaTrust");
        try {
            Class.forName(name).getMethod("install").invoke(null);
        } catch (Exception | LinkageError fault) {
            System.err.println(name + ": the CAs are not trusted: " + fault);
        }
    }

    @Override
    public void onApplicationEvent(ApplicationEvent event) {}
}
