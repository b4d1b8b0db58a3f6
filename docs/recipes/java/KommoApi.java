import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Calls the CRM API of Kommo / amoCRM with a token from {@code kommo auth credential}, with the JDK
 * alone.
 *
 * <p>The program keeps the grant and refreshes it once for all processes, so no refresh token ever
 * enters Java. An object may be shared between threads. A service without HOME names the file of its
 * profile:
 *
 * <pre>{@code
 * KommoApi kommo = new KommoApi("kommo", "--profile", "/etc/kommo/profiles/shop.toml");
 * KommoApi.Answer answer = kommo.call("GET", "/api/v4/account", null);
 * }</pre>
 */
public final class KommoApi {
    static {
        // The header Host of a sandbox differs from its address. If your program has used HttpClient
        // before, give this property on the command line; the real platform does not need it.
        if (System.getProperty("jdk.httpclient.allowRestrictedHeaders") == null) {
            System.setProperty("jdk.httpclient.allowRestrictedHeaders", "host");
        }
    }

    /** A token is used until this long before its end. */
    private static final Duration MARGIN = Duration.ofMinutes(1);

    /** A field of the program's answer: a text, a number or null. A text has no bare quote, so this finds keys only. */
    private static final Pattern FIELD =
            Pattern.compile("\"([a-z_]+)\"\\s*:\\s*(?:\"((?:[^\"\\\\]|\\\\.)*+)\"|(-?[0-9]+)|null)");

    /** Why there is no token. */
    public static final class CredentialException extends IOException {
        private static final long serialVersionUID = 1;

        /**
         * Stable: the table "Error codes" in the README of kommo-cli says for each whether to ask for
         * a new consent, to wait or to change a setting.
         */
        public final String code;

        /** Before this instant another try is useless; null if there is none. */
        public final Instant retryAt;

        CredentialException(String code, String message, Instant retryAt) {
            super(code + ": " + message);
            this.code = code;
            this.retryAt = retryAt;
        }
    }

    /** The answer of the platform. */
    public record Answer(int status, byte[] body) {}

    private record Credential(String accessToken, Instant expiresAt, String generation, String baseUrl, String host) {}

    // It follows no redirect, which would take the token to another host.
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<String> command;
    private Credential current;

    /**
     * @param program {@code kommo}, or its path
     * @param options further options of the program, such as {@code "--account", "shop.kommo.com"}
     */
    public KommoApi(String program, String... options) {
        command = new ArrayList<>(List.of(program, "auth", "credential", "--format", "json"));
        command.addAll(List.of(options));
    }

    /**
     * Sends one call; after a 401 once more with another token, and the same method, path and body
     * (rule L10). A refusal of the platform (402, 403, 404, 429...) is an answer like any other: look
     * at the status.
     *
     * @param path begins with a slash: {@code /api/v4/leads?limit=50}
     * @param body JSON, or null
     */
    public Answer call(String method, String path, byte[] body) throws IOException, InterruptedException {
        // Anything else could lead the token to another host: "https://shop.kommo.com" +
        // "@example.com/".
        if (!path.matches("/[\\x21-\\x7e]*")) {
            throw new IllegalArgumentException("the path must begin with a slash and be escaped");
        }
        Credential credential = fresh();
        Answer answer = send(credential, method, path, body);
        return answer.status() == 401 ? send(replace(credential), method, path, body) : answer;
    }

    private synchronized Credential fresh() throws IOException, InterruptedException {
        if (current == null
                || (current.expiresAt() != null && current.expiresAt().isBefore(Instant.now().plus(MARGIN)))) {
            current = ask();
        }
        return current;
    }

    private synchronized Credential replace(Credential rejected) throws IOException, InterruptedException {
        if (current == rejected) { // else another thread was quicker
            // Refreshed only if this generation is still the current one: another process may have
            // been quicker.
            current = ask("--rejected-generation", rejected.generation());
        }
        return current;
    }

    private Credential ask(String... more) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(command);
        all.addAll(List.of(more));
        // Never destroy the process: it may be between a refresh token and its successor.
        Process process = new ProcessBuilder(all).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        process.getOutputStream().close();
        Map<String, String> fields = fields(new String(process.getInputStream().readAllBytes(), UTF_8));
        int status = process.waitFor();
        if (fields.get("access_token") != null) {
            return new Credential(
                    fields.get("access_token"),
                    instant(fields.get("expires_at")),
                    fields.get("generation"),
                    fields.get("base_url"),
                    fields.get("host"));
        }
        if (fields.get("code") == null) {
            throw new CredentialException("no-answer", "kommo ended with status " + status, null);
        }
        throw new CredentialException(
                fields.get("code"), fields.get("message"), instant(fields.get("retry_at")));
    }

    private Answer send(Credential credential, String method, String path, byte[] body)
            throws IOException, InterruptedException {
        // Both come from the credential: so a sandbox's token never reaches the real platform, nor
        // the reverse.
        URI uri = URI.create(credential.baseUrl() + path);
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body))
                .timeout(Duration.ofSeconds(30))
                .header("Authorization", "Bearer " + credential.accessToken())
                .header("User-Agent", "my-integration/1.0");
        if (!credential.host().equals(uri.getAuthority())) {
            request.header("Host", credential.host());
        }
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        HttpResponse<byte[]> response = client.send(request.build(), BodyHandlers.ofByteArray());
        return new Answer(response.statusCode(), response.body());
    }

    private static Instant instant(String seconds) {
        return seconds == null ? null : Instant.ofEpochSecond(Long.parseLong(seconds));
    }

    /** The texts and numbers of an object, or of the object in it; its names are all different. */
    private static Map<String, String> fields(String json) {
        Map<String, String> fields = new HashMap<>();
        Matcher field = FIELD.matcher(json);
        while (field.find()) {
            fields.put(field.group(1), field.group(2) == null ? field.group(3) : unescape(field.group(2)));
        }
        return fields;
    }

    private static String unescape(String text) {
        return Pattern.compile("\\\\(?:u([0-9a-fA-F]{4})|(.))").matcher(text).replaceAll(escape -> {
            String plain = escape.group(1) != null
                    ? String.valueOf((char) Integer.parseInt(escape.group(1), 16))
                    : switch (escape.group(2)) {
                        case "n" -> "\n";
                        case "t" -> "\t";
                        case "r" -> "\r";
                        case "b" -> "\b";
                        case "f" -> "\f";
                        default -> escape.group(2);
                    };
            return Matcher.quoteReplacement(plain);
        });
    }
}
