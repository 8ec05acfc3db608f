import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;

/** An agent as others have: it sees every class that is loaded, and leaves it as it is. */
public final class OtherAgent {
    private OtherAgent() {}

    public static void premain(String arguments, Instrumentation instrumentation) {
        instrumentation.addTransformer(new Seeing());
        System.out.println("the other agent is there");
    }

    private static final class Seeing implements ClassFileTransformer {
        @Override
        public byte[] transform(ClassLoader loader, String name, Class<?> type, ProtectionDomain domain, byte[] data) {
            return null;
        }
    }
}
