import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signatures for the Kommo / amoCRM Chats API, the Open API and the disconnect hook, with the JDK
 * alone.
 *
 * <p>Copy the part above the line "Vector runner". Rule numbers (S1, H2, ...) are those of
 * docs/protocol.md. Secrets belong to the back end only, never to JavaScript in a page (rule S12).
 */
public final class KommoSign {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM uuuu HH:mm:ss xx", Locale.ENGLISH).withZone(ZoneOffset.UTC);
    // RFC 3986 path characters without the quote, and upper-case escapes of the bytes that cannot
    // stand there bare.
    private static final Pattern PATH = Pattern.compile("/(?:[A-Za-z0-9._~!$&()*+,;=:@/-]++"
            + "|%(?:[01][0-9A-F]|2[0235F]|3[CEF]|5[B-E]|60|7[BCDF]|[89A-F][0-9A-F]))*+");
    // HTTP libraries may rewrite all else and these,
    // and then the path on the wire is not the one that was signed (S6, S13).
    private static final Pattern REWRITTEN = Pattern.compile("^//|/\\.\\.?(?:/|\\z)");

    private KommoSign() {}

    /**
     * Writes {@code Wed, 23 Nov 2022 19:25:21 +0000} (rule D1): UTC, English names whatever the
     * locale. Call it once per attempt. A signature lives 15 minutes, so a retry is dated and
     * signed anew (D3, D6).
     */
    public static String requestDate(Instant instant) {
        return DATE.format(instant);
    }

    /**
     * Returns the four headers of a Chats API request. Send exactly these texts and exactly this
     * body.
     *
     * @param path without host and query (rule S6)
     * @param contentType {@code application/json}; the live server supports no other, and a GET has it too (S5)
     * @param body bytes on purpose: serialise the JSON once, sign those bytes, send those bytes (S9); a GET has none
     */
    public static Map<String, String> signChatsRequest(
            String secret, String method, String path, String date, String contentType, byte[] body) {
        if (date.isEmpty() || contentType.isEmpty()) {
            throw new IllegalArgumentException("a client always sends Date and Content-Type"); // rule S8
        }
        String contentMd5 = md5Hex(body); // hex, not base64 (rule S4)
        String text = chatsStringToSign(method, contentMd5, contentType, date, path);
        return Map.of(
                "Date", date, // the same text that was signed, never a second reading of the clock (rule D6)
                "Content-Type", contentType,
                "Content-MD5", contentMd5,
                "X-Signature", hex(mac("HmacSHA1", secret, text.getBytes(UTF_8))));
    }

    /** Five lines, four line feeds, none at the end (rule S1). An absent header is an empty line (S8). */
    public static String chatsStringToSign(
            String method, String contentMd5, String contentType, String date, String path) {
        if (!method.matches("[A-Z]{1,16}") || method.equals("CONNECT")) {
            throw new IllegalArgumentException(
                    "the method must be 1 to 16 upper-case letters, and not CONNECT"); // rules S3, S14
        }
        if (!PATH.matcher(path).matches() || REWRITTEN.matcher(path).find()) {
            throw new IllegalArgumentException(
                    "the path must start with / and have no query, dot segment, needless escape or odd character");
        }
        if ((contentMd5 + contentType + date).chars().anyMatch(c -> c < 0x20 || c == 0x7f)) {
            throw new IllegalArgumentException("control character in a signed header"); // would forge a line (S11)
        }
        return String.join("\n", method, contentMd5, contentType, date, path);
    }

    /**
     * Tells whether a chat hook is genuine.
     *
     * <p>Live hooks end in a line feed that was not signed, so one LF or one CR LF may be missing
     * from the signed bytes, and nothing more (rule H2).
     *
     * @param body what arrived, before any parsing (rule H1)
     * @param signature the {@code X-Signature} header, null if absent
     */
    public static boolean verifyChatHook(String secret, byte[] body, String signature) {
        if (signature == null || !signature.matches("[0-9a-fA-F]{40}")) {
            return false;
        }
        byte[] received = HexFormat.of().parseHex(signature);
        int end = body.length;
        if (end > 0 && body[end - 1] == '\n') {
            end -= end > 1 && body[end - 2] == '\r' ? 2 : 1;
        }
        boolean genuine = false;
        for (byte[] signed : List.of(body, Arrays.copyOf(body, end))) {
            // Arrays.equals would stop at the first difference, and its timing would tell where
            // (rule H3).
            genuine |= MessageDigest.isEqual(mac("HmacSHA1", secret, signed), received);
        }
        return genuine;
    }

    /**
     * Returns the id of the account whose access ended, as decimal text, or null if the disconnect
     * hook is not genuine.
     *
     * <p>{@code secret} is the client secret of the integration, not the channel secret. {@code
     * query} is {@code request.getQueryString()}, as it arrived: {@code getParameter} takes the
     * first of two (rule X4). {@code clientId} is your own: what arrived must equal it (X3). The
     * signature has no time, so a captured hook stays valid: ask the API, and delete nothing on the
     * hook alone (X7).
     */
    public static String verifyDisconnectHook(String secret, String clientId, String query) {
        Map<String, String> found = new HashMap<>();
        for (String pair : query.split("&", -1)) {
            int equals = pair.indexOf('=');
            String name = equals < 0 ? pair : pair.substring(0, equals);
            if (!List.of("account_id", "client_uuid", "client_id", "signature").contains(name)) {
                continue; // belongs to the address that you registered
            }
            if (found.put(name, equals < 0 ? "" : pair.substring(equals + 1)) != null) {
                return null; // rule X4
            }
        }
        String received = found.getOrDefault("client_uuid", found.get("client_id"));
        if (!clientId.equals(received) || !found.getOrDefault("client_id", received).equals(received)) {
            return null; // another integration, or two ids that differ (rule X3)
        }
        String account = found.getOrDefault("account_id", "");
        String signature = found.getOrDefault("signature", "").toLowerCase(Locale.ROOT);
        // 1 to 20 digits, read as a number: leading zeros are not signed (rule X2). Base64 is
        // refused (rule X5).
        if (!account.matches("(?=[0-9]{1,20}\\z)0*[1-9][0-9]*") || !signature.matches("[0-9a-f]{64}")) {
            return null;
        }
        String number = account.replaceFirst("^0+", "");
        byte[] expected = mac("HmacSHA256", secret, (clientId + "|" + number).getBytes(UTF_8)); // rule X1
        return MessageDigest.isEqual(expected, HexFormat.of().parseHex(signature)) ? number : null;
    }

    /** Returns the {@code x-chat-signature} of an Open API body: the raw bytes alone are signed (rules O1, O3). */
    public static String signOpenApi(String secret, byte[] body) {
        return hex(mac("HmacSHA256", secret, body));
    }

    /** Tells whether an Open API webhook is genuine (rule O4). Only bare lower-case hex will do (O2). */
    public static boolean verifyOpenApi(String secret, byte[] body, String signature) {
        return signature != null
                && signature.matches("[0-9a-f]{64}")
                && MessageDigest.isEqual(signOpenApi(secret, body).getBytes(UTF_8), signature.getBytes(UTF_8));
    }

    /** Returns {@code sbs_mm} of a visitor (rule V1). It never expires: make it on the server, per visitor. */
    public static String visitorSignature(String sbs, String secret, String ranstr) {
        requireSecret(secret);
        String inner = md5Hex((sbs + "_" + secret).getBytes(UTF_8));
        return md5Hex((inner + "_" + ranstr).getBytes(UTF_8));
    }

    private static byte[] mac(String algorithm, String secret, byte[] message) {
        requireSecret(secret);
        try {
            Mac mac = Mac.getInstance(algorithm);
            // The key is the secret's text. It looks like hex, but is never hex-decoded (rules S2,
            // O1).
            mac.init(new SecretKeySpec(secret.getBytes(UTF_8), algorithm));
            return mac.doFinal(message);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no " + algorithm, e);
        }
    }

    private static void requireSecret(String secret) {
        if (secret.matches("[\\p{Z}\\p{Cc}\\x{feff}]*") || secret.getBytes(UTF_8).length > 256) {
            throw new IllegalArgumentException("the secret is blank or has more than 256 bytes"); // rules S14, O5
        }
    }

    private static String md5Hex(byte[] message) {
        try {
            return hex(MessageDigest.getInstance("MD5").digest(message));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no MD5", e);
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes); // lower case (rule S7)
    }

    // ---- Vector runner: java KommoSign.java VECTORS_DIR. Not needed by those who copy. ----

    /** One case: its folder, its context.json, and the files in it. */
    private record Vector(Path folder, Map<String, Object> context) {
        String field(String name) {
            return context.get(name) instanceof String text ? text : ""; // null becomes ""
        }

        boolean has(String flag) {
            return context.get("flags") instanceof List<?> flags && flags.contains(flag);
        }

        byte[] bytes(String name) throws IOException {
            return Files.readAllBytes(folder.resolve(name));
        }

        String text(String name) throws IOException {
            return new String(bytes(name), UTF_8);
        }

        String textOrNull(String name) throws IOException {
            return Files.exists(folder.resolve(name)) ? text(name) : null;
        }

        boolean holds(String family) throws IOException {
            boolean valid = field("verdict").equals("valid");
            return switch (family) {
                case "chats-request" -> chatsRequestHolds(valid);
                case "visitor" -> visitorSignature(field("sbs"), field("secret"), field("ranstr"))
                        .equals(text("signature.txt"));
                case "disconnect" -> disconnectProven().equals(valid ? List.of(context.get("account_id")) : List.of());
                default -> verifies(family) == valid;
            };
        }

        List<String> disconnectProven() throws IOException {
            List<String> proven = new ArrayList<>();
            // Several secrets during a rotation (rule X6).
            List<?> secrets = context.get("secrets") instanceof List<?> kept ? kept : List.of(field("secret"));
            for (Object secret : secrets) {
                try {
                    String account = verifyDisconnectHook((String) secret, field("client_id"), text("query.txt"));
                    if (account != null) {
                        proven.add(account);
                    }
                } catch (IllegalArgumentException e) {
                    continue; // a blank secret is refused
                }
            }
            return proven;
        }

        boolean verifies(String family) throws IOException {
            byte[] body = bytes("body.bin");
            String received = textOrNull("signature.txt");
            try {
                return family.equals("open-api")
                        ? verifyOpenApi(field("secret"), body, received)
                        : verifyChatHook(field("secret"), body, received);
            } catch (IllegalArgumentException e) {
                return false; // a blank secret is refused
            }
        }

        boolean chatsRequestHolds(boolean valid) throws IOException {
            String secret = field("secret"), path = field("path"), type = field("content_type"), date = field("date");
            String method = field("method").toUpperCase(Locale.ROOT), md5 = text("content-md5.txt");
            boolean hasMd5 = context.get("content_md5") != null;
            String toSign = chatsStringToSign(method, hasMd5 ? md5 : "", type, date, path);
            String signature = hex(mac("HmacSHA1", secret, toSign.getBytes(UTF_8)));
            boolean good = toSign.equals(text("string-to-sign.txt")) && signature.equals(text("signature.txt"));
            if (!has("md5-given")) {
                byte[] body = bytes("body.bin");
                good &= md5Hex(body).equals(md5);
                if (hasMd5 && !type.isEmpty() && !date.isEmpty()) {
                    good &= signChatsRequest(secret, method, path, date, type, body).equals(Map.of("Date", date,
                            "Content-Type", type, "Content-MD5", md5, "X-Signature", signature));
                }
            }
            boolean differs = !valid && !has("signature-matches");
            return good && !(differs && signature.equals(textOrNull("received-signature.txt")));
        }
    }

    /** For the vectors only, no JSON parser: one flat object of strings, null, numbers and arrays of strings. */
    private static Map<String, Object> flatJson(String json) {
        String string = "\"((?:[^\"\\\\]|\\\\.)*+)\"";
        String value = string + "|(null)|(-?[0-9]+)|\\[([^\\[\\]{}]*)\\]";
        Matcher members = Pattern.compile("\\G\\s*[{,]\\s*" + string + "\\s*:\\s*(?:" + value + ")").matcher(json);
        Map<String, Object> result = new HashMap<>();
        int end = 0;
        for (; members.find(); end = members.end()) {
            Object found = members.group(4); // a number, or nothing
            if (members.group(2) != null) {
                found = unescape(members.group(2));
            } else if (members.group(5) != null) {
                found = Pattern.compile(string).matcher(members.group(5)).results()
                        .map(item -> unescape(item.group(1))).toList();
            }
            result.put(unescape(members.group(1)), found);
        }
        if (!json.substring(end).strip().equals("}")) {
            throw new IllegalStateException("context.json is not flat, at character " + end);
        }
        return result;
    }

    private static String unescape(String text) {
        return Pattern.compile("\\\\(?:u([0-9a-fA-F]{4})|(.))").matcher(text).replaceAll(escape -> {
            String one = escape.group(2);
            char c = one == null ? (char) Integer.parseInt(escape.group(1), 16)
                    : "bfnrt".contains(one) ? "\b\f\n\r\t".charAt("bfnrt".indexOf(one)) : one.charAt(0);
            return Matcher.quoteReplacement(String.valueOf(c));
        });
    }

    private static int passed;
    private static int failed;

    private static void check(String name, Callable<Boolean> holds) {
        String reason = "";
        try {
            if (holds.call()) {
                passed++;
                return;
            }
        } catch (Exception e) {
            reason = ": " + e;
        }
        failed++;
        System.err.println("failed: " + name + reason);
    }

    /** What no vector can show: the date writer, and what is refused or accepted. */
    private static void ownChecks() {
        String date = "Wed, 23 Nov 2022 19:25:21 +0000";
        check("date", () -> requestDate(Instant.ofEpochSecond(1669231521)).equals(date));
        check("date, one-digit day", () ->
                requestDate(Instant.ofEpochSecond(951782400)).equals("Tue, 29 Feb 2000 00:00:00 +0000"));
        checkArguments(date, false, new String[][] {
            {"", "\n", " \u0085\u2003\ufeff", "s".repeat(257), "\u00e9".repeat(129)},
            {"", "GET\n", "get", "CONNECT", "A".repeat(17)},
            {"", "/a\n", "/a?b=c", "//a", "/../a", "/a/.", "/%2E", "/'",
                "/%41", "/%40", "/%2C", "/%27", "/%7E", "/%c3", "/%2f", "/%2"},
            {"", date + "\n"},
            {"", "a\rb"}});
        checkArguments(date, true, new String[][] {
            {" s".repeat(128)}, {"A".repeat(16)}, {"/", "/a.b/...//:@!$&()*+,;=~/%C3%A9%2F%5E"}});
    }

    /** Tries each text of a row in the place of the argument that has the row's number. */
    private static void checkArguments(String date, boolean accepted, String[][] rows) {
        for (int place = 0; place < rows.length; place++) {
            for (String text : rows[place]) {
                String[] a = {"secret", "POST", "/v2/a", date, "application/json"};
                a[place] = text;
                check((accepted ? "accepts" : "refuses") + " argument " + place + ": " + text, () -> {
                    try {
                        signChatsRequest(a[0], a[1], a[2], a[3], a[4], new byte[0]);
                        return accepted;
                    } catch (IllegalArgumentException e) {
                        return !accepted;
                    }
                });
            }
        }
    }

    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 1) {
            System.err.println("usage: java KommoSign.java VECTORS_DIR");
            System.exit(2);
        }
        ownChecks();
        for (String family : List.of("chats-request", "open-api", "chat-hook", "disconnect", "visitor")) {
            Path folder = Path.of(arguments[0], family);
            List<Path> cases = List.of();
            if (Files.isDirectory(folder)) {
                try (var entries = Files.list(folder)) {
                    cases = entries.filter(Files::isDirectory).sorted().toList();
                }
            }
            if (cases.isEmpty()) {
                check(family + ": no case found", () -> false);
            }
            for (Path one : cases) {
                check(one.toString(), () -> new Vector(one,
                        flatJson(Files.readString(one.resolve("context.json")))).holds(family));
            }
        }
        System.out.printf("java: %d passed, %d failed%n", passed, failed);
        System.exit(failed == 0 ? 0 : 1);
    }
}
