import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.Arrays;

/** Runs a program in a class loader of its own, as an application that is one jar does: PATH CLASS WORDS. */
final class Apart {
    private Apart() {}

    public static void main(String[] words) throws Exception {
        String[] path = words[0].split(File.pathSeparator);
        URL[] places = new URL[path.length];
        for (int number = 0; number < path.length; number++) {
            places[number] = new File(path[number]).toURI().toURL();
        }
        URLClassLoader loader = new URLClassLoader(places, Apart.class.getClassLoader());
        Thread.currentThread().setContextClassLoader(loader);
        Class<?> program = loader.loadClass(words[1]);
        String[] rest = Arrays.copyOfRange(words, 2, words.length);
        program.getMethod("main", String[].class).invoke(null, (Object) rest);
    }
}
