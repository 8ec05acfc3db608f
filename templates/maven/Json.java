package org.example.ca;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes JSON, which Java itself cannot. */
final class Json {
    private Json() {}

    static String text(Object value) {
        List<String> parts = new ArrayList<>();
        if (value instanceof Map) {
            for (Map.Entry<?, ?> one : ((Map<?, ?>) value).entrySet()) {
                parts.add(quoted(String.valueOf(one.getKey())) + ": " + text(one.getValue()));
            }
            return "{" + String.join(", ", parts) + "}";
        }
        if (value instanceof List) {
            for (Object one : (List<?>) value) {
                parts.add(text(one));
            }
            return "[" + String.join(", ", parts) + "]";
        }
        boolean plain = value == null || value instanceof Number || value instanceof Boolean;
        return plain ? String.valueOf(value) : quoted(String.valueOf(value));
    }

    private static String quoted(String text) {
        StringBuilder said = new StringBuilder("\"");
        for (char sign : text.toCharArray()) {
            if (sign == '"' || sign == '\\') {
                said.append('\\').append(sign);
            } else if (sign < ' ' || sign > '~') {
                said.append(String.format("\\u%04x", (int) sign));
            } else {
                said.append(sign);
            }
        }
        return said.append('"').toString();
    }
}
