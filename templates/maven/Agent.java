package org.example.ca;

import java.lang.instrument.Instrumentation;

/**
 * What a JVM, or a framework, starts. It needs no other class of the jar to be loaded itself: where one is
 * damaged or gone, the JVM goes on as it is without this jar.
 */
public final class Agent {
    private static volatile boolean complained;

    private Agent() {}

    /** Is called where the JVM is started with -javaagent. */
    public static void premain(String arguments, Instrumentation instrumentation) {
        start("-javaagent");
    }

    /** Is called where the agent is attached to a JVM that runs. */
    public static void agentmain(String arguments, Instrumentation instrumentation) {
        start("an attached agent");
    }

    /** Trusts the CAs, and returns whether they are trusted now. */
    static boolean start(String by) {
        try {
            return CaTrust.start(by);
        } catch (Throwable fault) {
            complain(fault);
            return false;
        }
    }

    /** Says in a line, once, why the CAs are not trusted. */
    static void complain(Throwable fault) {
        try {
            if (!complained) {
                complained = true;
                String text = String.valueOf(fault).replaceAll("\\s+", " ");
                System.err.println(Agent.class.getName() + ": the CAs are not trusted: " + text);
            }
        } catch (Throwable worse) {
            return; // a program that has no standard error, or no memory, still goes on
        }
    }
}
