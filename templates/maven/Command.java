package org.example.ca;

import java.io.File;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What java -jar runs: the list of the CAs, and whether they are trusted. */
final class Command {
    private static final String USAGE =
        "usage: java -jar %s COMMAND\n\n"
            + "  list [--format text|json]    print the CAs\n"
            + "  pem                          print them as PEM\n"
            + "  env [--format text|json]     print the variable that makes every JVM trust them\n"
            + "  doctor [--format text|json]  say whether this JVM trusts them, and why; exit 1 where it does not\n"
            + "  version                      print the version\n\n"
            + "  --json is short for --format json\n"
            + "\nTo ask about a JVM as it is started elsewhere, give it the same options before -jar.\n";

    private Command() {}

    public static void main(String[] arguments) throws Exception {
        // Java's own choice on Windows has no place for many letters.
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        int status = run(Arrays.asList(arguments), out);
        out.flush();
        System.exit(status);
    }

    static int run(List<String> words, PrintStream out) throws Exception {
        String command = words.isEmpty() ? "" : words.get(0);
        String rest = words.isEmpty() ? "" : String.join(" ", words.subList(1, words.size()));
        String options = rest.replace("--format=", "--format ").replace("--json", "--format json");
        boolean json = options.endsWith("json");
        if (words.contains("--help") || words.contains("-h")) {
            command = "help";
        } else if (!options.matches("(--format (text|json)( |$))*")) {
            return misused(rest + ": no such option");
        }
        switch (command) {
            case "list":
                return list(json, out);
            case "pem":
                return copy("roots.pem", out);
            case "env":
                return env(json, out);
            case "doctor":
                return doctor(json, out);
            case "version":
            case "--version":
                out.println(Bundle.about("version"));
                return 0;
            case "help":
                out.print(usage());
                return 0;
            default:
                return misused(command.isEmpty() ? "a command is missing" : command + ": no such command");
        }
    }

    private static int misused(String why) {
        System.err.print(why + "\n" + usage());
        return 2;
    }

    private static String usage() {
        return String.format(Locale.ROOT, USAGE, new File(jar()).getName());
    }

    private static int list(boolean json, PrintStream out) throws Exception {
        if (json) {
            return copy("certificates.json", out);
        }
        for (Map<String, Object> one : Doctor.described()) {
            out.println(line(one));
        }
        return 0;
    }

    private static String line(Map<String, Object> one) {
        String ends = (Boolean.TRUE.equals(one.get("expired")) ? "expired on " : "valid until ")
            + String.valueOf(one.get("not_after")).substring(0, 10);
        return one.get("subject") + ", " + ends + ", SHA-256 " + one.get("sha256");
    }

    private static int copy(String name, PrintStream out) throws Exception {
        try (InputStream stream = Bundle.open(name)) {
            byte[] buffer = new byte[8192];
            for (int count = stream.read(buffer); count > 0; count = stream.read(buffer)) {
                out.write(buffer, 0, count);
            }
        }
        return 0;
    }

    /** Returns the path of this jar, or where its classes lie. */
    static String jar() {
        try {
            return new File(Command.class.getProtectionDomain().getCodeSource().getLocation().toURI()).getPath();
        } catch (Exception unknown) {
            return Bundle.about("package").replaceFirst(".*:", "") + ".jar";
        }
    }

    private static int env(boolean json, PrintStream out) throws Exception {
        String path = jar();
        // What follows it, a JVM takes for the agent's own words, and does not start where it finds no jar.
        if (path.indexOf('=') >= 0) {
            System.err.println(path + ": no JVM finds an agent whose path has a '=': put the jar elsewhere");
            return 1;
        }
        // HotSpot splits the variable at blanks that are not quoted, and takes either quote for one.
        boolean plain = path.matches("[^\\s'\"]*");
        String option = "-javaagent:" + (plain ? path : '"' + path.replace("\"", "\"'\"'\"") + '"');
        if (json) {
            out.println("{\"JAVA_TOOL_OPTIONS\": " + Json.text(option) + "}");
        } else {
            out.println("export JAVA_TOOL_OPTIONS='" + option.replace("'", "'\\''") + "'");
        }
        return 0;
    }

    private static int doctor(boolean json, PrintStream out) throws Exception {
        Map<String, Object> found = Doctor.examine();
        if (json) {
            out.println(Json.text(found));
        } else {
            report(found, out);
        }
        return Boolean.TRUE.equals(found.get("active")) && ((List<?>) found.get("problems")).isEmpty() ? 0 : 1;
    }

    @SuppressWarnings("unchecked")
    private static void report(Map<String, Object> found, PrintStream out) {
        out.printf(Locale.ROOT, "%s %s (release %s of %s), Java %s (%s)%n",
            found.get("package"), found.get("version"), found.get("release"), found.get("organisation"),
            System.getProperty("java.version"), System.getProperty("java.home"));
        out.println("bundle: " + found.get("bundle"));
        for (Map<String, Object> one : (List<Map<String, Object>>) found.get("certificates")) {
            out.println("  " + line(one));
        }
        List<String> through = (List<String>) found.get("through");
        out.println("active: " + (through.isEmpty() ? "no" : "yes, through " + String.join(", ", through)));
        for (Map<String, Object> one : (List<Map<String, Object>>) found.get("variables")) {
            out.println(one.get("name") + "=" + Json.text(one.get("value")) + ": " + one.get("effect"));
        }
        for (String text : (List<String>) found.get("problems")) {
            out.println("problem: " + text);
        }
        for (String text : (List<String>) found.get("notes")) {
            out.println("note: " + text);
        }
    }
}
