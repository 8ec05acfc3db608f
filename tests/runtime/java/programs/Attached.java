import com.sun.tools.attach.VirtualMachine;
import java.util.Arrays;

/** Attaches an agent to its own JVM, which runs already, and asks then: JAR, and the probe's words. */
final class Attached {
    private Attached() {}

    public static void main(String[] words) throws Exception {
        VirtualMachine own = VirtualMachine.attach(Long.toString(ProcessHandle.current().pid()));
        own.loadAgent(words[0]);
        own.detach();
        Probe.main(Arrays.copyOfRange(words, 1, words.length));
    }
}
