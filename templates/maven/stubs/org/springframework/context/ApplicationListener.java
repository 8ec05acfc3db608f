package org.springframework.context;

/** Stands for Spring's interface of this name when SpringStart is compiled; no package holds it. */
public interface ApplicationListener<E extends ApplicationEvent> {
    void onApplicationEvent(E event);
}
