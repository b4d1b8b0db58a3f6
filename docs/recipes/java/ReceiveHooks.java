import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.Executors;

/**
 * Receives the two signed hooks of Kommo / amoCRM: POST is a chat hook, GET is a disconnect hook.
 *
 * <p>It reads three variables: KOMMO_CHANNEL_SECRET_FILE and KOMMO_CLIENT_SECRET_FILE name files,
 * KOMMO_CLIENT_ID is the id of the integration. To try it, beside KommoSign.java: {@code javac
 * ReceiveHooks.java && java ReceiveHooks 8080}.
 */
public final class ReceiveHooks {
    private static final int BODY_BYTES_MAX = 1024 * 1024;

    private ReceiveHooks() {}

    private static int receive(HttpExchange exchange) throws IOException {
        if (exchange.getRequestMethod().equals("POST")) {
            // The bytes that arrived, before any parser (rule H1).
            byte[] body = exchange.getRequestBody().readNBytes(BODY_BYTES_MAX + 1);
            if (body.length > BODY_BYTES_MAX) {
                return 413;
            }
            // Two values are none of ours: joined, they do not verify.
            List<String> values = exchange.getRequestHeaders().get("X-Signature");
            String signature = values == null ? null : String.join(",", values);
            if (!KommoSign.verifyChatHook(secretIn("KOMMO_CHANNEL_SECRET_FILE"), body, signature)) {
                return 401;
            }
            keep("chat", new String(body, UTF_8));
            return 200;
        }
        String query = exchange.getRequestURI().getRawQuery();
        String account = KommoSign.verifyDisconnectHook(
                secretIn("KOMMO_CLIENT_SECRET_FILE"), System.getenv("KOMMO_CLIENT_ID"), query == null ? "" : query);
        if (account == null) {
            return 401;
        }
        keep("disconnect", account);
        return 200;
    }

    /** A hook that is answered with 200 is not sent again, so it must be on disk first. Do the work later, elsewhere. */
    private static synchronized void keep(String kind, String hook) throws IOException {
        String name = System.getenv().getOrDefault("HOOK_FILE", "hooks.jsonl");
        String line = "{\"kind\":" + quote(kind) + ",\"hook\":" + quote(hook) + "}\n";
        // One line a hook; a table of your database, or your queue, is as good.
        try (FileChannel file =
                FileChannel.open(Path.of(name), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(UTF_8));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
        }
    }

    /** A text as JSON, which the JDK does not write. */
    private static String quote(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\' || c < 0x20) {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }

    /** The file is read for each hook, so that a new secret needs no restart. */
    private static String secretIn(String variable) throws IOException {
        String text = Files.readString(Path.of(System.getenv(variable)));
        return text.replaceFirst("\\r?\\n\\z", ""); // an editor's line end is not part of the secret
    }

    public static void main(String[] arguments) throws IOException {
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0]));
        HttpServer server = HttpServer.create(address, 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", exchange -> {
            int status = 500;
            try {
                status = receive(exchange);
            } catch (IOException | RuntimeException error) {
                System.err.println(error.getMessage());
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.start();
    }
}
