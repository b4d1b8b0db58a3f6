<?php

/**
 * Signatures for the Kommo / amoCRM Chats API and for the Open API, and the disconnect hook,
 * without any package.
 *
 * Copy the part above the line "Vector runner". Rule numbers (S1, H2, ...) are those of
 * docs/protocol.md. Secrets belong to the back end only, never to JavaScript in a page (rule S12).
 */

declare(strict_types=1);

/**
 * Writes `Wed, 23 Nov 2022 19:25:21 +0000` (rule D1): UTC, English names whatever the locale or
 * time zone. Call it once per attempt. A signature lives 15 minutes, so a retry is dated and signed
 * anew (D3, D6).
 */
function requestDate(int $unixSeconds): string
{
    return gmdate('D, d M Y H:i:s', $unixSeconds) . ' +0000';
}

/**
 * Returns the four headers of a Chats API request. Send exactly these texts and exactly this body.
 *
 * $body is the text of the request: call json_encode once, sign its result, send that same result
 * (rule S9). $path has no host and no query (S6). A GET has the body '' and still a content type
 * (S4, S5). $contentType is `application/json`; the live server supports no other (S5).
 *
 * @return array<string, string> by header name
 */
function signChatsRequest(
    string $secret,
    string $method,
    string $path,
    string $date,
    string $contentType,
    string $body
): array {
    if ($date === '' || $contentType === '') {
        throw new InvalidArgumentException('a client always sends Date and Content-Type'); // rule S8
    }
    $contentMd5 = md5($body); // hex, not base64 (rule S4)
    $text = chatsStringToSign($method, $contentMd5, $contentType, $date, $path);
    return [
        'Date' => $date, // the same text that was signed, never a second reading of the clock (rule D6)
        'Content-Type' => $contentType,
        'Content-MD5' => $contentMd5,
        'X-Signature' => kommoMac('sha1', $secret, $text),
    ];
}

/** Five lines, four line feeds, none at the end (rule S1). An absent header is an empty line (S8). */
function chatsStringToSign(
    string $method,
    string $contentMd5,
    string $contentType,
    string $date,
    string $path
): string {
    // \z and not $, which would let a final line feed through.
    if (!preg_match('/\A[A-Z]{1,16}\z/', $method) || $method === 'CONNECT') {
        // rules S3, S14
        throw new InvalidArgumentException('the method must be 1 to 16 upper-case letters, and not CONNECT');
    }
    // RFC 3986 path characters without the quote, and upper-case escapes of the bytes that cannot
    // stand there bare.
    $plain = '#\A/(?:[A-Za-z0-9._~!$&()*+,;=:@/-]++|%(?:[01][0-9A-F]|2[0235F]|3[CEF]|5[B-E]|60|7[BCDF]|[89A-F][0-9A-F]))*+\z#';
    // HTTP libraries may rewrite all else and these,
    // and then the path on the wire is not the one that was signed (S6, S13).
    if (!preg_match($plain, $path) || preg_match('#\A//|/\.\.?(?:/|\z)#', $path)) {
        throw new InvalidArgumentException(
            'the path must start with / and have no query, dot segment, needless escape or odd character'
        );
    }
    if (preg_match('/[\x00-\x1f\x7f]/', $contentMd5 . $contentType . $date)) {
        throw new InvalidArgumentException('control character in a signed header'); // would forge a line (rule S11)
    }
    return implode("\n", [$method, $contentMd5, $contentType, $date, $path]);
}

/**
 * Tells whether a chat hook is genuine. $body is file_get_contents('php://input'), before any
 * parsing (rule H1).
 *
 * Live hooks end in a line feed that was not signed, so one LF or one CR LF may be missing from the
 * signed bytes, and nothing more (H2). $signature is $_SERVER['HTTP_X_SIGNATURE'] ?? null.
 */
function verifyChatHook(string $secret, string $body, ?string $signature): bool
{
    if (!preg_match('/\A[0-9a-fA-F]{40}\z/', $signature ?? '')) {
        return false;
    }
    $lineEnd = str_ends_with($body, "\r\n") ? 2 : (str_ends_with($body, "\n") ? 1 : 0);
    $genuine = false;
    foreach ([$body, substr($body, 0, strlen($body) - $lineEnd)] as $signed) {
        // `==` would stop at the first difference, and its timing would tell where (rule H3).
        $same = hash_equals(kommoMac('sha1', $secret, $signed), strtolower($signature));
        $genuine = $genuine || $same;
    }
    return $genuine;
}

/**
 * Returns the id of the account whose access ended, as decimal text, or null if the disconnect hook
 * is not genuine.
 *
 * $secret is the client secret of the integration, not the channel secret. $query is
 * $_SERVER['QUERY_STRING'], as it arrived: $_GET hides a parameter that was sent twice (rule X4).
 * $clientId is your own: what arrived must equal it (X3). The signature has no time, so a captured
 * hook stays valid: ask the API, and delete nothing on the hook alone (X7).
 */
function verifyDisconnectHook(string $secret, string $clientId, string $query): ?string
{
    $found = [];
    foreach (explode('&', $query) as $pair) {
        [$name, $value] = explode('=', $pair, 2) + [1 => ''];
        if (!in_array($name, ['account_id', 'client_uuid', 'client_id', 'signature'], true)) {
            continue; // belongs to the address that you registered
        }
        if (isset($found[$name])) {
            return null; // rule X4
        }
        $found[$name] = $value;
    }
    $received = $found['client_uuid'] ?? $found['client_id'] ?? null;
    if ($received !== $clientId || ($found['client_id'] ?? $received) !== $received) {
        return null; // another integration, or two ids that differ (rule X3)
    }
    // 1 to 20 digits, read as a number: leading zeros are not signed (rule X2).
    if (!preg_match('/\A(?=[0-9]{1,20}\z)0*([1-9][0-9]*)\z/', $found['account_id'] ?? '', $account)) {
        return null;
    }
    if (!preg_match('/\A[0-9a-fA-F]{64}\z/', $found['signature'] ?? '')) {
        return null; // upper case is lowered below; base64 is refused (rule X5)
    }
    $expected = kommoMac('sha256', $secret, "$clientId|$account[1]"); // rule X1
    return hash_equals($expected, strtolower($found['signature'])) ? $account[1] : null;
}

/** Returns the `x-chat-signature` of an Open API body: the raw bytes alone are signed (rules O1, O3). */
function signOpenApi(string $secret, string $body): string
{
    return kommoMac('sha256', $secret, $body);
}

/** Tells whether an Open API webhook is genuine (rule O4). Only bare lower-case hex will do (O2). */
function verifyOpenApi(string $secret, string $body, ?string $signature): bool
{
    return preg_match('/\A[0-9a-f]{64}\z/', $signature ?? '') === 1
        && hash_equals(signOpenApi($secret, $body), $signature);
}

/** Returns `sbs_mm` of a visitor (rule V1). It never expires: make it on the server, per visitor. */
function visitorSignature(string $sbs, string $secret, string $ranstr): string
{
    requireSecret($secret);
    return md5(md5($sbs . '_' . $secret) . '_' . $ranstr);
}

function requireSecret(string $secret): void
{
    // 1 is blank, false is not UTF-8 (rules S14, O5).
    if (preg_match('/\A[\p{Z}\p{Cc}\x{feff}]*\z/u', $secret) !== 0 || strlen($secret) > 256) {
        throw new InvalidArgumentException('the secret is blank, not UTF-8, or has more than 256 bytes');
    }
}

function kommoMac(string $algorithm, string $secret, string $message): string
{
    requireSecret($secret);
    // The key is the secret's text. It looks like hex, but is never hex-decoded (rules S2, O1).
    return hash_hmac($algorithm, $message, $secret);
}

// ---- Vector runner: php kommo_sign.php VECTORS_DIR. Not needed by those who copy. ----

/** @param array<string, mixed> $context */
function caseHolds(string $family, string $case, array $context): bool
{
    $text = static fn (string $name): string => readVector("$case/$name");
    $textOrNull = static fn (string $name): ?string => is_file("$case/$name") ? $text($name) : null;
    if ($family === 'visitor') {
        return visitorSignature($context['sbs'], $context['secret'], $context['ranstr']) === $text('signature.txt');
    }
    if ($family === 'disconnect') {
        $secrets = $context['secrets'] ?? [$context['secret']]; // several during a rotation (rule X6)
        $verdicts = array_map(static function (string $secret) use ($context, $text): ?string {
            try {
                return verifyDisconnectHook($secret, $context['client_id'], $text('query.txt'));
            } catch (InvalidArgumentException) {
                return null; // a blank secret is refused
            }
        }, $secrets);
        $proven = array_values(array_filter($verdicts, 'is_string'));
        return $proven === ($context['verdict'] === 'valid' ? [(string) $context['account_id']] : []);
    }
    if ($family !== 'chats-request') {
        $verify = $family === 'open-api' ? 'verifyOpenApi' : 'verifyChatHook';
        try {
            $genuine = $verify($context['secret'], $text('body.bin'), $textOrNull('signature.txt'));
        } catch (InvalidArgumentException) {
            $genuine = false; // a blank secret is refused
        }
        return $genuine === ($context['verdict'] === 'valid');
    }
    ['secret' => $secret, 'path' => $path, 'flags' => $flags] = $context;
    [$method, $type, $date] = [strtoupper($context['method']), $context['content_type'] ?? '', $context['date'] ?? ''];
    $md5 = $text('content-md5.txt');
    $toSign = chatsStringToSign($method, $context['content_md5'] === null ? '' : $md5, $type, $date, $path);
    $signature = kommoMac('sha1', $secret, $toSign);
    $good = $toSign === $text('string-to-sign.txt') && $signature === $text('signature.txt');
    if (!in_array('md5-given', $flags, true)) {
        $body = $text('body.bin');
        $complete = $type !== '' && $date !== '' && $context['content_md5'] !== null;
        $sent = ['Date' => $date, 'Content-Type' => $type, 'Content-MD5' => $md5, 'X-Signature' => $signature];
        $good = $good && md5($body) === $md5
            && (!$complete || signChatsRequest($secret, $method, $path, $date, $type, $body) === $sent);
    }
    $differs = $context['verdict'] === 'invalid' && !in_array('signature-matches', $flags, true);
    return $good && !($differs && $signature === $textOrNull('received-signature.txt'));
}

function readVector(string $file): string
{
    return is_file($file) ? file_get_contents($file) : throw new RuntimeException("no file $file");
}

/** What no vector can show: the date writer, and what is refused or accepted. @return array<string, bool> */
function ownChecks(): array
{
    $date = 'Wed, 23 Nov 2022 19:25:21 +0000';
    $results = [
        'date' => requestDate(1669231521) === $date,
        'date, one-digit day' => requestDate(951782400) === 'Tue, 29 Feb 2000 00:00:00 +0000',
    ];
    $bad = [[0, ''], [0, "\n"], [0, " \u{85}\u{2003}\u{feff}"], [0, str_repeat('s', 257)],
        [0, str_repeat("\u{e9}", 129)],
        [1, ''], [1, "GET\n"], [1, 'get'], [1, 'CONNECT'], [1, str_repeat('A', 17)],
        [2, ''], [2, "/a\n"], [2, '/a?b=c'], [2, '//a'], [2, '/../a'], [2, '/a/.'], [2, '/%2E'], [2, "/'"],
        [2, '/%41'], [2, '/%40'], [2, '/%2C'], [2, '/%27'], [2, '/%7E'], [2, '/%c3'], [2, '/%2f'], [2, '/%2'],
        [3, ''], [3, "$date\n"], [4, "a\rb"], [4, '']];
    $fine = [[0, str_repeat(' s', 128)], [1, str_repeat('A', 16)], [2, '/'],
        [2, '/a.b/...//:@!$&()*+,;=~/%C3%A9%2F%5E']];
    foreach ([...$bad, ...$fine] as $index => [$place, $value]) {
        $toRefuse = $index < count($bad);
        $arguments = array_replace(['secret', 'POST', '/v2/a', $date, 'application/json', '{}'], [$place => $value]);
        try {
            signChatsRequest(...$arguments);
            $refused = false;
        } catch (InvalidArgumentException) {
            $refused = true;
        }
        $name = ($toRefuse ? 'refuses ' : 'accepts ') . json_encode($value) . " as argument $place";
        $results[$name] = $refused === $toRefuse;
    }
    return $results;
}

function runVectors(string $vectors): int
{
    $results = ownChecks();
    foreach (['chats-request', 'open-api', 'chat-hook', 'disconnect', 'visitor'] as $family) {
        $cases = glob("$vectors/$family/*", GLOB_ONLYDIR);
        if ($cases === []) {
            $results["$family: no case found"] = false;
        }
        foreach ($cases as $case) {
            try {
                $context = json_decode(readVector("$case/context.json"), true, 16, JSON_THROW_ON_ERROR);
                $results[$case] = caseHolds($family, $case, $context);
            } catch (Throwable $error) {
                $results["$case: {$error->getMessage()}"] = false;
            }
        }
    }
    $failed = array_keys($results, false, true);
    foreach ($failed as $name) {
        fwrite(STDERR, "failed: $name\n");
    }
    printf("php: %d passed, %d failed\n", count($results) - count($failed), count($failed));
    return $failed === [] ? 0 : 1;
}

if (PHP_SAPI === 'cli' && realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    if ($argc !== 2) {
        fwrite(STDERR, "usage: kommo_sign.php VECTORS_DIR\n");
        exit(2);
    }
    // Missing keys and the like must fail a case, not print a warning.
    set_error_handler(static fn (int $level, string $message) => throw new ErrorException($message, 0, $level));
    exit(runVectors($argv[1]));
}
