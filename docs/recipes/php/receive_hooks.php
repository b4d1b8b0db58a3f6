<?php

/**
 * Receives the two signed hooks of Kommo / amoCRM: POST is a chat hook, GET is a disconnect hook.
 *
 * Put it beside kommo_sign.php where your web server runs it, and register its address. It reads
 * three variables: KOMMO_CHANNEL_SECRET_FILE and KOMMO_CLIENT_SECRET_FILE name files,
 * KOMMO_CLIENT_ID is the id of the integration. To try it:
 * `php -S 127.0.0.1:8080 receive_hooks.php`.
 */

declare(strict_types=1);

require_once __DIR__ . '/kommo_sign.php';

http_response_code(500); // stays if something below throws
http_response_code(receiveHook());

function receiveHook(): int
{
    if ($_SERVER['REQUEST_METHOD'] === 'POST') {
        $body = file_get_contents('php://input'); // the bytes that arrived, before any parser (rule H1)
        $signature = $_SERVER['HTTP_X_SIGNATURE'] ?? null;
        if (!verifyChatHook(secretIn('KOMMO_CHANNEL_SECRET_FILE'), $body, $signature)) {
            return 401;
        }
        keepHook('chat', $body);
        return 200;
    }
    $clientId = (string) getenv('KOMMO_CLIENT_ID');
    $query = $_SERVER['QUERY_STRING'] ?? '';
    $account = verifyDisconnectHook(secretIn('KOMMO_CLIENT_SECRET_FILE'), $clientId, $query);
    if ($account === null) {
        return 401;
    }
    keepHook('disconnect', $account);
    return 200;
}

/** A hook that is answered with 200 is not sent again, so it must be on disk first. Do the work later, elsewhere. */
function keepHook(string $kind, string $hook): void
{
    // One line a hook; a table of your database, or your queue, is as good.
    $line = json_encode(['kind' => $kind, 'hook' => $hook], JSON_THROW_ON_ERROR) . "\n";
    $file = fopen((string) getenv('HOOK_FILE') ?: __DIR__ . '/hooks.jsonl', 'ab');
    if (!$file || !flock($file, LOCK_EX) || fwrite($file, $line) !== strlen($line) || !fsync($file)) {
        throw new RuntimeException('the hook cannot be kept');
    }
    fclose($file);
}

/** The file is read for each hook, so that a new secret needs no restart. */
function secretIn(string $variable): string
{
    $text = file_get_contents((string) getenv($variable));
    return preg_replace('/\r?\n\z/', '', (string) $text); // an editor's line end is no part of the secret
}
